import { agentBuilt, agentDigest } from "./agent-program";

const sources = ["windows", "swap"];

/** Digest of the sources of the program that works on Windows hosts, by which it is kept here and there. */
export function windowsAgentDigest(): string {
    return agentDigest(sources);
}

/** Makes sure that the program is in the cache of this machine. */
export async function windowsAgentBuilt(): Promise<void> {
    const program = `windows-agent/${windowsAgentDigest()}.exe`;
    await agentBuilt({ sources, main: ".", platform: "windows/amd64", program });
}
