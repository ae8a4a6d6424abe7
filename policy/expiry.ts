import { type DeclaredResource, isPlain, isUnknown, type Violation } from "./resource";

const agents = ["kubedev:index:LinuxAgent", "kubedev:index:WindowsAgent"];

/**
 * Machines in Azure that run, and cost, until somebody remembers them: agents without their shutdown, and other virtual
 * machines without a tag `expires` with a day that is still to come. Of an agent the tag does in place of the shutdown.
 */
export function machinesWithoutExpiry(resource: DeclaredResource, today: Date): Violation[] {
    const { type, inputs, parentTypes } = resource;
    const ofAgent = agents.includes(type);
    const ofAzure = /^azure-native:compute(?:\/v\w+)?:VirtualMachine$/.test(type);
    // What an agent is made of is judged as the agent.
    if ((!ofAgent && !ofAzure) || parentTypes.some((parent) => agents.includes(parent))) {
        return [];
    }
    const network = isPlain(inputs["network"]) ? inputs["network"] : {};
    // An agent has the tags of its network.
    const tags = { ...plain(ofAgent ? network["tags"] : undefined), ...plain(inputs["tags"]) };
    if (tags["expires"] !== undefined) {
        return expiryProblems(tags["expires"], today);
    }
    const paths = ["tags.expires", ...(ofAgent ? ["network.tags.expires"] : [])];
    if (paths.some((path) => isUnknown(resource, path))) {
        return [];
    }
    if (ofAzure) {
        return [
            {
                path: "tags.expires",
                reason: `got nothing; expected the last day that it is wanted, as "${isoDay(today)}"`,
            },
        ];
    }
    return inputs["autoShutdown"] === false
        ? [
              {
                  path: "autoShutdown",
                  reason: `got false; expected the shutdown every evening, or the last day that it is wanted as its tag expires, as "${isoDay(today)}"`,
              },
          ]
        : [];
}

function expiryProblems(expires: unknown, today: Date): Violation[] {
    const path = "tags.expires";
    const day = typeof expires === "string" && /^\d{4}-\d{2}-\d{2}$/.test(expires) ? expires : "";
    const time = Date.parse(`${day}T00:00:00Z`);
    // Date.parse turns the 31st of a short month into the 1st of the next.
    if (Number.isNaN(time) || isoDay(new Date(time)) !== day) {
        return [
            {
                path,
                reason: `got ${JSON.stringify(expires)}; expected a day, as "${isoDay(today)}"`,
            },
        ];
    }
    return day < isoDay(today)
        ? [
              {
                  path,
                  reason: `got ${day}, which is over; expected a day to come, or the machine to be gone: pulumi destroy`,
              },
          ]
        : [];
}

const plain = (value: unknown) => (isPlain(value) ? value : {});
const isoDay = (day: Date) => day.toISOString().slice(0, 10);
