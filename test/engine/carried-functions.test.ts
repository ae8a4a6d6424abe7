/** Programs that carry functions, as those with dynamic providers do (whose own plugin comes with Pulumi's download alone), beside components: V8's debugger is off in between. */
import { library, ScratchStack } from "../support/engine";

jest.setTimeout(300_000);

let stack: ScratchStack;
afterEach(async () => {
    await stack.dispose();
});

const carrying = (first: string) => `
import * as pulumi from "@pulumi/pulumi";
${first}
import * as fs from "node:fs";
const greeting = { text: "hello", times: 3 };
class Greeter { greet(name: string) { return greeting.text + name; } }
const greeter = new Greeter();
export const carried = pulumi.runtime
    .serializeFunction((name: string) => [greeter.greet(name), fs.existsSync(name)])
    .then(({ text }) => text);
// What is V8's own has no text: the SDK can only name the place of who holds it.
const native = Math.max.bind(undefined);
const holding = () => native(1, 2);
export const refused = pulumi.runtime.serializeFunction(holding).then(() => "", (error: Error) => error.message);
`;

test("a function is carried as without the package, and what cannot be is named with its place", async () => {
    stack = await ScratchStack.create({ program: carrying("") });
    const outputs = async () => {
        await stack.up();
        const { carried, refused } = (await stack.outputs()) as Record<string, string>;
        return { carried, refused, said: refused?.replace(/\(\d+,\d+\)/g, "(at)") };
    };
    const alone = await outputs();
    expect(alone.carried).toContain("hello");
    expect(alone.refused).toMatch(/index\.ts\(\d+,\d+\): captured/);
    stack.program(
        carrying(`import * as kubedev from ${JSON.stringify(library)};
new kubedev.HostCommand("a", { create: "true" });`),
    );
    const beside = await outputs();
    expect(beside.refused).toMatch(/index\.ts\(\d+,\d+\): captured/);
    expect(beside).toMatchObject({ carried: alone.carried, said: alone.said });
});

test("promises take V8's quick way", async () => {
    const loop = `
const session = new inspector.Session();
session.connect();
async function one(value: number) { await null; return new Promise<number>((done) => done(value)); }
async function quickestMs() {
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
        const begun = process.hrtime.bigint();
        for (let count = 0; count < 20_000; count++) { await one(count); }
        times.push(Number(process.hrtime.bigint() - begun) / 1e6);
    }
    return Math.min(...times);
}
async function ratio() {
    await quickestMs();
    const before = await quickestMs();
    await new Promise<void>((done) => session.post("Debugger.enable", () => done()));
    const after = await quickestMs();
    session.disconnect();
    return after / before;
}
export const slower = ratio();
`;
    const program = (first: string) =>
        `import * as inspector from "node:inspector";\n${first}${loop}`;
    stack = await ScratchStack.create({
        program: program(
            `import { Host } from ${JSON.stringify(library)};\nexport const host: Host = {};\n`,
        ),
    });
    await stack.up();
    expect(Number((await stack.outputs())["slower"])).toBeLessThan(2.5);
    stack.program(
        program(
            `import { HostCommand } from ${JSON.stringify(library)};\nexport const made = HostCommand.name;\n`,
        ),
    );
    await stack.up();
    expect(Number((await stack.outputs())["slower"])).toBeGreaterThan(2.5);
});
