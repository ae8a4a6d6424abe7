import { z } from "zod";

/** System of an agent. */
export enum AgentOs {
    Linux = "linux",
    Windows = "windows",
}

/** User names that Azure refuses (ARM reference, Microsoft.Compute/virtualMachines, osProfile.adminUsername). */
const refusedUsers = new Set(
    `administrator admin user user1 test user2 test1 user3 admin1 1 123 a actuser adm admin2 aspnet backup console david guest
    john owner root server sql support support_388945a0 sys test2 test3 user4 user5`.split(/\s+/),
);

/** Name of the administrator of an agent: Azure's rules, and those of the system's own tools. */
export function adminUserRule(os: AgentOs): z.ZodType<string> {
    const [form, expected] =
        os === AgentOs.Windows
            ? // Windows: no "/[]:|<>+=;,?*@ and 20 characters; of what is left, what needs no quotes in ssh and scp.
              ([
                  /^[A-Za-z][A-Za-z0-9_-]{0,19}$/,
                  "1 to 20 letters, digits, _ and -, the first one a letter",
              ] as const)
            : // As useradd takes them.
              ([
                  /^[a-z_][a-z0-9_-]{0,31}$/,
                  "1 to 32 lower-case letters, digits, _ and -, not beginning with a digit or -",
              ] as const);
    const error = `expected a user name: ${expected}`;
    return z
        .string({ error })
        .regex(form, { error })
        .refine((name) => !refusedUsers.has(name.toLowerCase()), {
            error: "expected another user name: Azure refuses those that attackers try first",
        });
}

/** How long the name of a computer may be: NetBIOS has 15 bytes, Linux and Azure 64 (ARM reference, osProfile.computerName). */
const computerNameLength = { [AgentOs.Windows]: 15, [AgentOs.Linux]: 64 };

/** Name of the computer, and of its virtual machine. */
export function computerNameRule(os: AgentOs): z.ZodType<string> {
    const longest = computerNameLength[os];
    const error = `expected 1 to ${String(longest)} letters, digits and -, not all of them digits, - neither first nor last`;
    return z
        .string({ error })
        .max(longest, { error })
        .regex(/^(?=.*[A-Za-z-])[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/, { error });
}
