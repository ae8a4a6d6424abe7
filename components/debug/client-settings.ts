import { type Ssh } from "../host/host";
import { sshCommand } from "../host/ssh-argv";
import { stateRoot } from "../internal/paths";
import { shellLine, shellWords } from "../internal/quote";

/** What a client needs to know of a debugger that listens. */
export interface DebugPlace {
    /** How it is called in lists to choose from. */
    name: string;
    address: string;
    port: number;
    /** Directories of this machine by those that the binary was built from. */
    sourcePaths: Readonly<Record<string, string>>;
}

/** Command line of delve's own client. */
export function connectCommand(dlv: string, { address, port }: DebugPlace): string {
    return shellLine([dlv, "connect", `${address}:${String(port)}`]);
}

/** Command that leads the debugger's address and port to this machine, by the ssh command of its host. */
export function tunnelCommand(ssh: string, { address, port }: DebugPlace): string {
    const end = `${address}:${String(port)}`;
    // The same at both ends: all settings hold with and without it.
    return `${ssh} -N -L ${end}:${end}`;
}

/** Command that leads the debugger's address and port to this machine from a container, which has socat as this machine. */
export function containerTunnel(login: Ssh, { address, port }: DebugPlace): string {
    const end = `${address}:${String(port)}`;
    const ask = (docker: string) =>
        `${docker} exec -i ${login.container?.name ?? ""} socat -t 10 - TCP:${end}`;
    const own = login.container?.ownEngine === true;
    const socket = (state: string) => ` -H "unix://${state}/kubedev/engine/docker.sock"`;
    const inside =
        login.address === ""
            ? ask(`docker${own ? ` -H unix://${stateRoot()}/engine/docker.sock` : ""}`)
            : // Its state directory is known there.
              `${sshCommand(login)} ${shellWords([ask(`docker${own ? socket("${XDG_STATE_HOME:-$HOME/.local/state}") : ""}`)])}`;
    // Socat has a syntax of its own, which colons and quotes are a part of. A client that goes does not wait for its last word to
    // arrive: -t does.
    return `KUBEDEV_TUNNEL=${shellWords([inside])} socat -t 10 TCP-LISTEN:${String(port)},bind=${address},reuseaddr,fork SYSTEM:'eval $KUBEDEV_TUNNEL'`;
}

/** Commands for `dlv connect --init`: where the sources are, and where to stop. */
export function initScript(
    { sourcePaths }: Pick<DebugPlace, "sourcePaths">,
    breakpoints: readonly string[],
): string {
    const quoted = (text: string) => (/\s/.test(text) ? `"${text}"` : text);
    return [
        ...Object.entries(sourcePaths).map(
            ([built, here]) => `config substitute-path ${quoted(built)} ${quoted(here)}`,
        ),
        ...breakpoints.map((place) => `break ${place}`),
        "",
    ].join("\n");
}

/** Content of .vscode/launch.json. */
export function launchJson({ name, address, port, sourcePaths }: DebugPlace): string {
    const configuration = {
        ...{ name, type: "go", request: "attach", mode: "remote", debugAdapter: "dlv-dap" },
        ...{ host: address, port, ...substitution(sourcePaths) },
    };
    return `${JSON.stringify({ version: "0.2.0", configurations: [configuration] }, undefined, 4)}\n`;
}

/** Lua for nvim-dap: an adapter that is this debugger, and a configuration that attaches to it. */
export function nvimDap({ name, address, port, sourcePaths }: DebugPlace): string {
    const text = (value: string) => JSON.stringify(value);
    const paths = (substitution(sourcePaths).substitutePath ?? []).map(
        ({ from, to }) => `        { from = ${text(from)}, to = ${text(to)} },`,
    );
    return [
        'local dap = require("dap")',
        `dap.adapters[${text(name)}] = { type = "server", host = ${text(address)}, port = ${String(port)} }`,
        "dap.configurations.go = dap.configurations.go or {}",
        "table.insert(dap.configurations.go, {",
        `    type = ${text(name)},`,
        `    name = ${text(name)},`,
        '    request = "attach",',
        '    mode = "remote",',
        ...(paths.length === 0 ? [] : ["    substitutePath = {", ...paths, "    },"]),
        "})",
        "",
    ].join("\n");
}

/** Content of a file in GoLand's .run: it finds sources by the open project, and leaves the program running. */
export function golandRun({ name, address, port }: DebugPlace): string {
    const configuration = [
        ...['default="false"', `name="${xml(name)}"`, 'type="GoRemoteDebugConfigurationType"'],
        ...['factoryName="Go Remote"', `host="${xml(address)}"`, `port="${String(port)}"`],
    ].join(" ");
    return [
        '<component name="ProjectRunConfigurationManager">',
        `  <configuration ${configuration}>`,
        '    <option name="disconnectOption" value="LEAVE" />',
        '    <disconnect value="LEAVE" />',
        '    <method v="2" />',
        "  </configuration>",
        "</component>",
        "",
    ].join("\n");
}

/** As delve's debug adapter takes it: from here to what the binary says. */
function substitution(sourcePaths: Readonly<Record<string, string>>): {
    substitutePath?: { from: string; to: string }[];
} {
    const all = Object.entries(sourcePaths).map(([to, from]) => ({ from, to }));
    return all.length === 0 ? {} : { substitutePath: all };
}

function xml(text: string): string {
    const names: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot" };
    return text.replace(/[&<>"]/g, (character) => `&${names[character] ?? ""};`);
}
