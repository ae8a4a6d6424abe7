/** CPUs of a machine, by number or by arrangement. */
import { checkedCpus, cpuTopologyRule } from "../../components/qemu/cpu-topology";

test.each([
    [{}, { cpus: 2, cpuTopology: undefined }],
    [{ cpus: 5 }, { cpus: 5, cpuTopology: undefined }],
    [
        { cpuTopology: { cores: 2, threads: 2 } },
        { cpus: 4, cpuTopology: { sockets: 1, cores: 2, threads: 2 } },
    ],
    [
        { cpus: 2, cpuTopology: { sockets: 2 } },
        { cpus: 2, cpuTopology: { sockets: 2, cores: 1, threads: 1 } },
    ],
])("%j", (given, made) => {
    expect(checkedCpus("VirtualMachine vm", given)).toEqual(made);
});

test("a number that the arrangement does not make is refused", () => {
    expect(() => checkedCpus("VirtualMachine vm", { cpus: 3, cpuTopology: { cores: 2 } })).toThrow(
        "cpus: got 3; expected 2, which cpuTopology makes (sockets x cores x threads), or none",
    );
});

test.each([
    [{ cores: 0 }, "expected a whole number of cores, 1 to 255"],
    [{ sockets: 16, cores: 16 }, "expected at most 255 CPUs in all"],
    [{ core: 2 }, "expected no core; a topology has sockets, cores, threads"],
])("refused: %j", (topology, problem) => {
    expect(cpuTopologyRule.safeParse(topology).error?.issues[0]?.message).toBe(problem);
});
