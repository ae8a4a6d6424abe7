/** scripts/swap with a program in place of the one that swaps: what is recorded, and when. */
import * as fs from "fs";
import * as path from "path";
import { runScript, scratchDirectory } from "../support/script-process";

let home: string;
beforeEach(() => (home = scratchDirectory()));
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

const at = (...names: string[]) => path.join(home, ".local/state/kubedev/project/stack", ...names);
/** Runs a verb while the program does what a text of a shell says. */
const run = (verb: string, does: string) => {
    fs.mkdirSync(at("program"), { recursive: true });
    fs.writeFileSync(at("program/program"), `#!/bin/sh\n${does}\n`, { mode: 0o700 });
    return runScript(`swap/${verb}`, {
        ...{ HOME: home, KUBEDEV_SCOPE: "project/stack", KUBEDEV_KEY: "thing" },
        ...{ KUBEDEV_PROGRAM: "program", KUBEDEV_ARCHITECTURE: "amd64" },
        ...{ KUBEDEV_INCARNATION: "7", KUBEDEV_FINGERPRINT: "v2", KUBEDEV_TURN: "3" },
    });
};
const put = `echo '{"watch":"'"$0"'"}'; echo ledger >"$2/ledger.json"`;

test("a swap records what is there, and how many there were", async () => {
    expect((await run("swap", put)).code).toBe(0);
    const record = fs.readFileSync(at("thing/record"), "utf8");
    expect(record).toMatch(/^incarnation=7\n/);
    expect(record).toContain(`\nbusy=${at("thing/run-lock")}\npath=${at("program/program")}\n`);
    expect(record).toMatch(/\nfact\.fingerprint=v2\nfact\.turn=3\n$/);
});

test("a restore that is broken off leaves no record, by which all would seem to be as it was", async () => {
    await run("swap", put);
    const killed = await run("restore", `[ ! -e "$2/record" ] && kill -9 $PPID`);
    expect(killed.code).not.toBe(0);
    expect(fs.existsSync(at("thing/record"))).toBe(false);
    expect(fs.existsSync(at("thing/ledger.json"))).toBe(true);
    expect((await run("restore", "true")).code).toBe(0);
    expect(fs.existsSync(at("thing"))).toBe(false);
});
