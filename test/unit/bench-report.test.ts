/** The page that `make bench` writes. */
import { limitText, withSection } from "../bench/report";

const measured = { on: "2 × a CPU", date: "2026-01-02", rounds: 5 };
const kind = withSection("", "kind", {
    ...measured,
    rows: [
        { what: "kind create cluster, to Ready", value: "24.84 s", limit: "" },
        { what: "  of kind's", value: "1.05", limit: "<= 1.10" },
    ],
});

test("a section has what was measured, where and when", () => {
    expect(kind).toContain(`## Clusters by kind

2026-01-02, 5 rounds, on 2 × a CPU.

|                               | median  | limit   |
| ----------------------------- | ------- | ------- |
| kind create cluster, to Ready | 24.84 s |         |
| – of kind's                   | 1.05    | <= 1.10 |
`);
});

test("another section comes in its place, and what was there stays", () => {
    const rows = [{ what: "x", value: "1 s", limit: "" }];
    const both = withSection(kind, "source", { ...measured, rows });
    expect([...both.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual([
        "Fingerprints and builds",
        "Clusters by kind",
    ]);
    expect(both).toContain("| – of kind's                   | 1.05    | <= 1.10 |\n");
    // Again and again: nothing grows.
    expect(withSection(both, "source", { ...measured, rows })).toBe(both);
    expect(withSection(both, "kind", { ...measured, rows })).not.toContain("24.84");
});

test.each([
    ["36 ms", "<= 35 ms", "<= 35 ms (missed)"],
    ["35 ms", "<= 35 ms", "<= 35 ms"],
    ["2.83 s", "<= 3.00 s", "<= 3.00 s"],
    ["2.41 x", ">= 2.50 x", ">= 2.50 x (missed)"],
    ["2.63 x", ">= 2.50 x", ">= 2.50 x"],
    ["1.09 s", "", ""],
])("of %s the limit %j reads %j", (value, limit, text) => {
    expect(limitText({ value, limit })).toBe(text);
});
