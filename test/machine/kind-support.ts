/** Two developers whose environments `kind` stand side by side, in one engine of their own. */
import * as fs from "node:fs";
import * as path from "node:path";
import { repoRoot, ScratchStack } from "../support/engine";
import { engineTurn, kindHook, KindHome, network } from "../support/kind";
import { imageCache } from "../support/local-kvm";
import { scratchDir } from "../support/scratch";

jest.setTimeout(3_600_000);

const program = `module.exports = require("${path.join(repoRoot, "stacks")}");\n`;

export class TwoDevelopers {
    home!: KindHome;
    alice!: ScratchStack;
    bob!: ScratchStack;
    /** The machine's network before they had anything. */
    networkBefore!: string;

    /** They are there while the tests of the file run. */
    constructor() {
        let endTurn: () => Promise<void>;
        beforeAll(
            kindHook(async () => {
                endTurn = await engineTurn();
                this.networkBefore = network();
                this.home = new KindHome(scratchDir("kubedev-home-"));
                [this.alice, this.bob] = await Promise.all([
                    this.developer("alice"),
                    this.developer("bob"),
                ]);
            }),
        );
        afterAll(
            kindHook(async () => {
                await this.alice.dispose();
                await this.bob.dispose();
                fs.rmSync(this.home.dir, { recursive: true, force: true });
                await endTurn();
            }),
        );
    }

    docker(...args: string[]): string {
        return this.home.docker(...args);
    }

    async nodeOf(stack: ScratchStack): Promise<string> {
        return Object.keys((await stack.outputs())["nodes"] as object)[0] ?? "";
    }

    async kubectl(stack: ScratchStack, ...args: string[]): Promise<string> {
        const admin = ["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"];
        return this.docker("exec", await this.nodeOf(stack), ...admin, ...args);
    }

    /** What a preview does to things on the host. */
    async touched(stack: ScratchStack): Promise<Record<string, string>> {
        const preview = await stack.preview();
        const things = preview.changed.filter(({ type }) => type.startsWith("command:"));
        const names = new Set(things.map(({ name }) => name));
        return Object.fromEntries(
            Object.entries(preview.ops()).filter(([name]) => names.has(name)),
        );
    }

    nodeImage(): string {
        return this.docker("images", "--format", "{{.Repository}}:{{.Tag}}", "kubedev/node");
    }

    private developer(stack: string): Promise<ScratchStack> {
        return ScratchStack.create({
            program,
            project: "kubedev",
            stack: `${stack}-${String(process.pid)}`,
            env: {
                ...imageCache(),
                XDG_STATE_HOME: path.join(this.home.dir, "state"),
                GOFLAGS: "",
            },
            config: {
                "kubedev:environment": "kind",
                "kind:nodes": JSON.stringify([{ ports: [{ containerPort: 30080 }] }]),
            },
        });
    }
}
