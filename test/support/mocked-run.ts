/** Runs of a program against mocks: what it declares, with which options, and what it asks hosts. */
import * as pulumi from "@pulumi/pulumi";

export interface Registered {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
}

/** A command that a component declared. */
export interface RegisteredCommand extends Registered {
    inputs: Record<string, unknown> & {
        environment: Record<string, string>;
        triggers: unknown;
        stdin: string;
    };
}

export class MockedRun {
    readonly registered: Registered[] = [];
    /** Environment of each look at a host. */
    readonly looks: Record<string, string>[] = [];
    private readonly options = new Map<string, pulumi.CustomResourceOptions>();

    /** Options for a component whose children's options are kept. */
    readonly watched: pulumi.ComponentResourceOptions = {
        transformations: [
            ({ name, opts }) => {
                this.options.set(name, opts);
                return undefined;
            },
        ],
    };

    /** `look` answers what a script that only looks prints; `printed` is what all others print last. */
    constructor(
        private readonly printed: object,
        public look: (environment: Record<string, string>) => string,
    ) {}

    /** Begins: names are unique in each run. */
    async begin(): Promise<void> {
        await pulumi.runtime.setMocks(
            {
                newResource: ({ type, name, inputs }) => {
                    this.registered.push({ type, name, inputs: inputs as Record<string, unknown> });
                    return {
                        id: `${name}-id`,
                        state: { ...(inputs as object), stdout: JSON.stringify(this.printed) },
                    };
                },
                call: ({ token, inputs }) => {
                    expect(token).toBe("command:local:run");
                    const { environment } = inputs as { environment: Record<string, string> };
                    this.looks.push(environment);
                    return { stdout: this.look(environment), stderr: "", command: "" };
                },
            },
            "project",
            "stack",
            false,
        );
    }

    commands(): RegisteredCommand[] {
        return this.registered.filter(
            ({ type }) => type === "command:local:Command",
        ) as RegisteredCommand[];
    }

    /** The only command. */
    command(): RegisteredCommand {
        expect(this.commands()).toHaveLength(1);
        return this.commands()[0] as RegisteredCommand;
    }

    /** What nothing waits for comes some turns of the event loop later; jest's time limit is that of a condition that never holds. */
    async until(condition: () => boolean): Promise<void> {
        while (!condition()) {
            await new Promise((resolve) => setImmediate(resolve));
        }
    }

    optionsOf(name: string): pulumi.CustomResourceOptions {
        return this.options.get(name) ?? {};
    }
}

/** The value of an output that becomes known. */
export const known = <T>(output: pulumi.Output<T>): Promise<T> =>
    new Promise((resolve) => output.apply(resolve));

/** Environment of a command without the texts of the scripts. */
export const withoutTexts = (environment: Record<string, string>): Record<string, string> =>
    Object.fromEntries(
        Object.entries(environment).filter(
            ([name]) => !/^KUBEDEV_(TRANSPORT|SCRIPT_.*|VARS)$/.test(name),
        ),
    );

/** What every thing of the stack on this machine gets in its environment, but for the texts of the scripts. */
export const common = (key: string, spec: string | undefined, timeoutSec = "600") => ({
    KUBEDEV_KEY: key,
    KUBEDEV_SCOPE: "project/stack",
    KUBEDEV_DIR: `/state/kubedev/project/stack/${key}`,
    KUBEDEV_INCARNATION: "7",
    KUBEDEV_LOCK_SEC: String(Number(timeoutSec) / 2),
    KUBEDEV_SPEC: spec,
    KUBEDEV_HOST_NAME: "this machine",
    KUBEDEV_SSH: "",
    KUBEDEV_SHADOW_DIR: "",
    KUBEDEV_MANAGED: "",
    KUBEDEV_HOST_RUNNING: "true",
    KUBEDEV_PAYLOAD_FILE: "",
    KUBEDEV_CONNECT_SEC: "30",
    KUBEDEV_TIMEOUT_SEC: timeoutSec,
});
