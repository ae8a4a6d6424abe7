/** What the start of the plugin costs, beside an empty provider: by itself, and as Pulumi's Node host runs a plugin folder. */
import * as fs from "node:fs";
import * as path from "node:path";
import { pack, run } from "../support/package";
import { emptyProvider, startPlugin, type Started } from "../support/plugin-start";
import { bench, median, rounds, row, seconds } from "./figures";

async function main(scratch: string): Promise<void> {
    const dependencies = { kubedev: `file:${await pack(scratch)}` };
    fs.writeFileSync(
        path.join(scratch, "package.json"),
        JSON.stringify({ name: "bench", private: true, dependencies }),
    );
    await run(
        "npm",
        ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
        {
            cwd: scratch,
        },
    );
    const plugin = path.join(scratch, "node_modules/kubedev/plugin");
    const empty = emptyProvider(scratch);
    const byHost = ["node", path.join(scratch, "node_modules/@pulumi/pulumi/cmd/run-plugin")];
    const commands = {
        empty: ["node", empty],
        own: [path.join(scratch, "node_modules/.bin/pulumi-resource-kubedev")],
        emptyByHost: [...byHost, empty],
        ownByHost: [...byHost, plugin],
    };
    const starts: Record<string, Started[]> = {};
    for (let round = 0; round < rounds; round++) {
        for (const [name, command] of Object.entries(commands)) {
            (starts[name] ??= []).push(await startPlugin(command, scratch));
        }
    }
    const first = (name: keyof typeof commands) =>
        median((starts[name] ?? []).map(({ firstAnswerMs }) => firstAnswerMs)) / 1e3;
    row("an empty provider, to its first answer", seconds(first("empty")));
    row("the plugin, to its first answer", seconds(first("own")));
    row("  of the empty one's", (first("own") / first("empty")).toFixed(2), "<= 1.5");
    const schema = median((starts["own"] ?? []).map(({ schemaMs }) => schemaMs)) / 1e3;
    row("the plugin, until the whole schema is there", seconds(schema));
    row("an empty provider, by Pulumi's Node host", seconds(first("emptyByHost")));
    row("the plugin, by Pulumi's Node host", seconds(first("ownByHost")));
    const ratio = first("ownByHost") / first("emptyByHost");
    row("  of the empty one's", ratio.toFixed(2), "<= 1.5");
}

bench("plugin", main);
