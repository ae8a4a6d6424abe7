/** The command of a thing: the plugin's own, with the outputs that are read. */
import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { ThingCommand } from "../../components/host/thing-command";
import { known } from "../support/mocked-run";

const inputs: local.CommandArgs = { create: "echo made", triggers: ["one"], stdin: "" };
const registered: Record<string, unknown>[] = [];

beforeAll(async () => {
    await pulumi.runtime.setMocks({
        newResource: ({ type, inputs: given, custom }) => {
            registered.push({ type, given: given as unknown, custom });
            return { id: "id", state: { ...(given as object), stdout: "made" } };
        },
        call: () => ({}),
    });
});

test("it is registered as the plugin's own is, and has what was printed", async () => {
    const ours = new ThingCommand("ours", inputs);
    const theirs = new local.Command("theirs", inputs);
    expect([await known(ours.stdout), await known(theirs.stdout)]).toEqual(["made", "made"]);
    expect(await known(ours.id)).toBe("id");
    expect(registered).toHaveLength(2);
    expect(registered[0]).toEqual(registered[1]);
    expect(registered[0]).toMatchObject({ type: "command:local:Command", given: inputs });
});

test("of its inputs there are no outputs, unlike those of a program's own command", async () => {
    const outputs = (command: local.Command) =>
        Object.entries(command as object)
            .filter(([, value]) => pulumi.Output.isInstance(value))
            .map(([name]) => name)
            .sort();
    expect(outputs(new ThingCommand("few", inputs))).toEqual(["id", "stdout", "urn"]);
    const all = new local.Command("all", inputs);
    expect(outputs(all)).toEqual(expect.arrayContaining(["create", "environment", "stderr"]));
    expect(await known(all.create)).toBe("echo made");
});
