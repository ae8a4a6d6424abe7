/** The SDK's own progress is not sent to the engine; all that a program says is. */
import * as pulumi from "@pulumi/pulumi";

const log = pulumi.log as { debug: (message: string) => Promise<void> };
const { debug } = log;
afterEach(() => {
    log.debug = debug;
    delete process.env["KUBEDEV_SDK_MESSAGES"];
});

/** What of these messages gets through. */
async function sent(messages: string[]): Promise<string[]> {
    const got: string[] = [];
    log.debug = (message) => Promise.resolve(void got.push(message));
    jest.isolateModules(() => {
        jest.doMock("@pulumi/pulumi", () => pulumi);
        jest.requireActual("../../components/internal/sdk-messages");
    });
    for (const message of messages) {
        await log.debug(message);
    }
    return got;
}

const progress = [
    "Registering resource: t=command:local:Command, name=a, custom=true, remote=false",
    "RegisterResource RPC prepared: t=command:local:Command, name=a",
    "RegisterResource RPC finished: resource:a[command:local:Command]; err: null, resp: much",
    "RegisterResourceOutputs RPC prepared: urn=urn:pulumi:a",
    "Invoke RPC finished: tok=command:local:run; err: null, resp: much",
];
const others = ["a program's own", "RegisterResource RPC failed: t=a, name=b, err=c"];

test("a program's own messages get through, and errors", async () => {
    expect(await sent([...progress, ...others])).toEqual(others);
});

test("who asks for them gets all", async () => {
    process.env["KUBEDEV_SDK_MESSAGES"] = "true";
    expect(await sent([...progress, ...others])).toEqual([...progress, ...others]);
});

test("what the engine answers is not written down for a message that is not sent", () => {
    const written = () => {
        let text = "";
        jest.isolateModules(() => {
            jest.requireActual("../../components/internal/sdk-messages");
            const { RegisterResourceResponse } = jest.requireActual<{
                RegisterResourceResponse: new () => {
                    setUrn(urn: string): void;
                    toString(): string;
                };
            }>("@pulumi/pulumi/proto/resource_pb");
            const answer = new RegisterResourceResponse();
            answer.setUrn("urn:pulumi:a");
            text = answer.toString();
        });
        return text;
    };
    expect(written()).toBe("an answer");
    process.env["KUBEDEV_SDK_MESSAGES"] = "true";
    expect(written()).toContain("urn:pulumi:a");
});
