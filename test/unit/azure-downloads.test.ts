/** What a Windows agent downloads: all of it is given, or the release that kubedev knows is taken. */
import * as fs from "node:fs";
import * as path from "node:path";
import {
    AgentTool,
    downloadOf,
    downloadRule,
    knownDownloads,
} from "../../components/azure/agent-downloads";

const given = { version: "1.2.3", url: "https://example.com/x.zip", sha256: "a".repeat(64) };
const tools = Object.values(AgentTool);

const outcome = (tool: AgentTool, value: object | undefined) =>
    new Promise((resolve) => downloadOf(tool, value).apply(resolve));

test.each(tools)("%s: the known release is one that could be given", (tool) => {
    expect(downloadRule.safeParse(knownDownloads[tool]).error).toBeUndefined();
    // A digest belongs to a file whose name has its version.
    expect(path.basename(knownDownloads[tool].url)).toContain(knownDownloads[tool].version);
});

test.each(tools)("%s: {} is the known release, what is given is taken", async (tool) => {
    expect(await outcome(tool, {})).toEqual(knownDownloads[tool]);
    expect(await outcome(tool, given)).toEqual(given);
});

test.each<[string, object]>([
    ["a version alone", { version: "1.2.3" }],
    ["no digest", { ...given, sha256: undefined }],
    ["no address", { ...given, url: undefined }],
])("%s is refused: it would be installed under another's digest", (_what, value) => {
    expect(downloadRule.safeParse(value).error?.issues.map(({ message }) => message)).toEqual([
        "expected version, url and sha256 together, or {} for the release that kubedev knows",
    ]);
});

test.each(tools)("%s: the page of WindowsAgent says which release that is", (tool) => {
    const page = fs.readFileSync(path.join(__dirname, "../../docs/windows-agent.md"), "utf8");
    const row = page.split("\n").find((line) => line.startsWith(`| \`${tool}\` `));
    expect(row).toContain(`\`{}\`: ${knownDownloads[tool].version}`);
});
