/** Commands to a running QEMU. It takes one client at a time, so each call is a connection of its own. */
import * as net from "node:net";
import * as readline from "node:readline";

interface Answer {
    return?: unknown;
    error?: { desc: string };
}

/** Runs commands one after the other by the QEMU machine protocol; answers what the last one returned. */
export async function qmp(
    socketPath: string,
    ...commands: { execute: string; arguments?: object }[]
): Promise<unknown> {
    const socket = net.connect(socketPath);
    socket.setTimeout(30_000, () => socket.destroy(new Error(`${socketPath} is silent`)));
    try {
        const lines = readline.createInterface({ input: socket })[Symbol.asyncIterator]();
        /** The next answer; events come in between. */
        const next = async (): Promise<Answer> => {
            for (;;) {
                const { value, done } = (await lines.next()) as { value: string; done?: boolean };
                if (done === true) {
                    throw new Error(`${socketPath} was closed`);
                }
                const message = JSON.parse(value) as Answer & { event?: string };
                if (message.event === undefined) {
                    return message;
                }
            }
        };
        await next();
        let answer: Answer = {};
        for (const command of [{ execute: "qmp_capabilities" }, ...commands]) {
            socket.write(`${JSON.stringify(command)}\n`);
            answer = await next();
            if (answer.error !== undefined) {
                throw new Error(`${JSON.stringify(command)}: ${answer.error.desc}`);
            }
        }
        return answer.return;
    } finally {
        socket.destroy();
    }
}
