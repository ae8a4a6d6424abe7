import * as pulumi from "@pulumi/pulumi";
import { fields, whole } from "../internal/rules";
import { inputError } from "../internal/validate";
import { CpuTopology } from "./qemu-spec";

/** How virtual CPUs are arranged: the product is the number of CPUs. */
export interface CpuTopologyArgs {
    /** Sockets. Defaults to 1. */
    sockets?: pulumi.Input<number>;
    /** Cores of a socket. Defaults to 1. */
    cores?: pulumi.Input<number>;
    /** Threads of a core. Defaults to 1. */
    threads?: pulumi.Input<number>;
}

const maxCpus = 255;
const count = (unit: string) => whole(1, maxCpus, unit).optional();

/** Rule of the topology of a machine. @internal */
export const cpuTopologyRule = fields("a topology", {
    sockets: count("sockets"),
    cores: count("cores"),
    threads: count("threads"),
}).refine((topology) => cpuCount(filled(topology)) <= maxCpus, {
    error: `expected at most ${String(maxCpus)} CPUs in all`,
});

/** What QEMU is given of both: a topology says how many CPUs there are. */
export function checkedCpus(
    what: string,
    { cpus, cpuTopology }: { cpus?: number; cpuTopology?: pulumi.Unwrap<CpuTopologyArgs> },
): { cpus: number; cpuTopology: CpuTopology | undefined } {
    if (cpuTopology === undefined) {
        return { cpus: cpus ?? 2, cpuTopology };
    }
    const topology = filled(cpuTopology);
    const product = cpuCount(topology);
    if (cpus !== undefined && cpus !== product) {
        throw inputError(what, [
            {
                propertyPath: "cpus",
                reason: `got ${String(cpus)}; expected ${String(product)}, which cpuTopology makes (sockets x cores x threads), or none`,
            },
        ]);
    }
    return { cpus: product, cpuTopology: topology };
}

function filled({ sockets = 1, cores = 1, threads = 1 }: Partial<CpuTopology>): CpuTopology {
    return { sockets, cores, threads };
}

function cpuCount({ sockets, cores, threads }: CpuTopology): number {
    return sockets * cores * threads;
}
