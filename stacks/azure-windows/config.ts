import { z } from "zod";
import { WindowsRelease } from "../../components/azure";

const text = (what: string) => z.string({ error: `expected ${what}` });
const flag = z.boolean({ error: "expected true or false" });
const gib = z
    .int({ error: "expected a whole number of GiB" })
    .min(0, { error: "expected a whole number of GiB, 0 or more" });
const size = text('a size, as "Standard_D4s_v5"');

/** Settings of the environment, as `azure-windows:<name>`. */
export const settings = {
    /** Region. */
    location: text('a region, as "westeurope"').default("westeurope"),
    /** Ranges of addresses from which the agents can be logged in to. There is no default: only you know where you are. */
    allowedCidrs: z
        .array(text('ranges of addresses, as "203.0.113.7/32"'), {
            error: 'expected the ranges of addresses from which you come, as ["203.0.113.7/32"]',
        })
        .min(1, { error: "expected at least one range: without any nobody could log in" }),
    /** true: RDP is open to the same ranges; else it goes through ssh. */
    rdp: flag.default(false),
    /** Names of the Windows agents. */
    windows: z
        .array(text("the name of an agent"), { error: "expected a list of names" })
        .default(["windows-0"]),
    windowsRelease: z
        .enum(WindowsRelease, { error: 'expected "2025" or "2022"' })
        .default(WindowsRelease.Server2025),
    windowsSize: size.default("Standard_D4s_v5"),
    /** true: a Linux agent on which binaries are built. */
    linux: flag.default(true),
    linuxSize: size.default("Standard_D8s_v5"),
    /** GiB of a disk of its own for source and caches, which outlives the agent; 0: none. */
    linuxDiskGib: gib.default(128),
    /** When agents are shut down each day, so that nobody forgets them; "" never. */
    shutdownTime: text('a time, as "19:00"').default("19:00"),
    /** Time zone of that, by Windows' name. */
    shutdownTimeZone: text('a time zone, as "W. Europe Standard Time"').default("UTC"),
};
