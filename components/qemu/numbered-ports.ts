import { PerRun } from "../host/scope";

/** TCP ports of 127.0.0.1 that lead to a machine by its number. */
export interface IndexPorts {
    /** QEMU's monitor, in lines. */
    monitorPort: number;
    /** The serial console, by telnet. */
    consolePort: number;
}

/** Where they are: one place for all machines, which are told apart by their numbers. */
export const indexAddress = "127.0.0.1";

/** Highest number: beyond it a monitor would be at the first console's port. */
export const maxIndex = 99;

/** The ports of a machine, from 7001 and 7101 on. */
export function indexPorts(index: number): IndexPorts {
    return { monitorPort: 7000 + index, consolePort: 7100 + index };
}

/** The same as address:port; none for a machine without a number. */
export function indexEnds(ports: IndexPorts | undefined): string[] {
    return ports === undefined
        ? []
        : [ports.monitorPort, ports.consolePort].map((port) => `${indexAddress}:${String(port)}`);
}

/** How a person attaches to the console. */
export function telnetCommand({ consolePort }: IndexPorts): string {
    return `telnet ${indexAddress} ${String(consolePort)}`;
}

const taken = new PerRun(() => new Map<number, string>());

/** Notes whose number it is; says what is wrong if another machine of this run has it. */
export function indexProblems(
    machine: string,
    index: number | undefined,
): { propertyPath: string; reason: string }[] {
    if (index === undefined) {
        return [];
    }
    const other = taken.get().get(index) ?? machine;
    if (other === machine) {
        taken.get().set(index, machine);
        return [];
    }
    const reason = `got ${String(index)}, which is that of ${other}; expected a number of its own: both would have their ports at ${indexEnds(indexPorts(index)).join(" and ")}`;
    return [{ propertyPath: "index", reason }];
}
