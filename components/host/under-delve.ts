import { z } from "zod";
import { isLoopbackAddress } from "../internal/loopback-address";
import { shellLine, shellWords } from "../internal/quote";
import { absoluteFilePath, fields, whole } from "../internal/rules";
import { script } from "../internal/scripts";

/** A debugger that listens: plain data, as a DebugSession gives it to what runs a program. */
export interface DelveServer {
    /** Absolute path of dlv on the host. */
    delvePath: string;
    /** Absolute path of the debug build on the host. */
    binaryPath: string;
    /** Address in 127.0.0.0/8 that it listens on: delve asks nobody who they are. */
    address: string;
    /** TCP port on that address. */
    port: number;
}

const loopbackText =
    "expected an address in 127.0.0.0/8: who reaches delve runs what they like, as its user; from elsewhere an ssh tunnel leads there";

/** Address of a debugger. @internal */
export const delveAddress = z
    .string({ error: loopbackText })
    .refine(isLoopbackAddress, { error: loopbackText });

/** What a DelveServer must look like. @internal */
export const delveServerRule = fields("a debugger", {
    delvePath: absoluteFilePath,
    binaryPath: absoluteFilePath,
    address: delveAddress,
    port: whole(1, 65535, "a TCP port"),
});

/** Where delve listens. */
export function delveListen({ address, port }: Pick<DelveServer, "address" | "port">): string {
    return `${address}:${String(port)}`;
}

/** Arguments that all servers have: the program runs on, and clients come and go. */
function serverFlags(server: Pick<DelveServer, "address" | "port">): string[] {
    return [
        ...["--headless", "--continue", "--accept-multiclient", "--api-version=2"],
        `--listen=${delveListen(server)}`,
    ];
}

/** Delve that starts a program with these arguments. */
export function delveExecArgv(server: DelveServer, args: readonly string[]): string[] {
    return [server.delvePath, "exec", server.binaryPath, ...serverFlags(server), "--", ...args];
}

/** Delve that takes hold of a process that runs, and leaves it running when it goes. */
export function delveAttachArgv(
    server: Pick<DelveServer, "delvePath" | "address" | "port">,
    processId: number,
): string[] {
    return [server.delvePath, "attach", String(processId), ...serverFlags(server)];
}

/** Text of a service that is delve, which takes hold of the one process with a name, whichever that is when it is started. */
export function delveOnNamed(
    server: Pick<DelveServer, "delvePath" | "address" | "port">,
    processName: string,
): string {
    return [
        `attached=$(${shellLine(["pidof", processName])})`,
        `case $attached in '' | *' '*) echo "processes that are called ${processName}: $attached; expected one" >&2; exit 1 ;; esac`,
        `set -- ${shellWords([server.delvePath, "attach"])} "$attached" ${shellWords(serverFlags(server))}`,
        script("host/under-delve.sh"),
    ].join("\n");
}

/** Text of a service that is delve: it ends when its program does, and lets that end as it would without delve. */
export function underDelve(argv: readonly string[], attached?: number): string {
    return [
        shellLine(["set", "--", ...argv]),
        `attached=${attached === undefined ? "''" : String(attached)}`,
        script("host/under-delve.sh"),
    ].join("\n");
}

/** Shell text that succeeds once delve answers and lets its program run: it needs bash. */
export function delveHealthText({ address, port }: Pick<DelveServer, "address" | "port">): string {
    const ask = '{"method":"RPCServer.State","params":[{"NonBlocking":true}],"id":1}';
    return shellLine([
        ...["timeout", "5", "bash", "-c"],
        `exec 3<>/dev/tcp/$0/$1 && echo '${ask}' >&3 && read -r said <&3 && [[ $said == *'"Running":true'* ]]`,
        ...[address, String(port)],
    ]);
}
