import { isIP } from "node:net";
import { type DeclaredResource, isUnknown, objectsIn, textsIn, type Violation } from "./resource";

/** Shorter prefixes are wider than any one network that somebody works in. */
const shortestPrefix = { 4: 8, 6: 19 };

/**
 * Addresses from which everybody may come in: rules of Azure's network security groups, load balancers of Kubernetes, and
 * `openToInternet` of an AgentNetwork, which lifts kubedev's own refusal.
 */
export function openRanges(resource: DeclaredResource): Violation[] {
    const { type, inputs } = resource;
    if (type === "kubedev:index:AgentNetwork") {
        return [
            ...(inputs["openToInternet"] === true
                ? [{ path: "openToInternet", reason: "got true; expected it to be left out" }]
                : []),
            ...rangesAt("allowedCidrs", inputs["allowedCidrs"]),
        ];
    }
    const azure = /^azure-native:network(?:\/v\w+)?:(\w+)$/.exec(type)?.[1];
    if (azure === "NetworkSecurityGroup") {
        return objectsIn(inputs["securityRules"]).flatMap((rule, index) =>
            ofRule(rule, `securityRules[${String(index)}].`),
        );
    }
    if (azure === "SecurityRule") {
        return ofRule(inputs, "");
    }
    return /^kubernetes:core\/v1:Service(Patch)?$/.test(type)
        ? ofService(resource, inputs["spec"] ?? {})
        : [];
}

function ofRule(rule: Record<string, unknown>, at: string): Violation[] {
    // Azure takes them in any case.
    const is = (name: string, value: string) => textsIn(rule[name])[0]?.toLowerCase() === value;
    if (!is("access", "allow") || !is("direction", "inbound")) {
        return [];
    }
    return ["sourceAddressPrefix", "sourceAddressPrefixes"].flatMap((name) =>
        rangesAt(`${at}${name}`, rule[name]),
    );
}

function ofService(resource: DeclaredResource, spec: object): Violation[] {
    const { type, loadBalancerSourceRanges: ranges } = spec as Record<string, unknown>;
    if (type !== "LoadBalancer") {
        return [];
    }
    const path = "spec.loadBalancerSourceRanges";
    return textsIn(ranges).length === 0 && !isUnknown(resource, path)
        ? [
              {
                  path,
                  reason: "got nothing; expected the ranges that you come from: without it the load balancer lets everybody in",
              },
          ]
        : rangesAt(path, ranges);
}

function rangesAt(path: string, value: unknown): Violation[] {
    return textsIn(value)
        .filter(isOpen)
        .map((range) => ({
            path,
            reason: `got ${JSON.stringify(range)}; expected only ranges that you come from, as "203.0.113.7/32"`,
        }));
}

/** Of a range only its length counts: who reads "203.0.113.7/0" leaves out what is beyond it. What is no range at all is refused. */
function isOpen(given: string): boolean {
    const text = given.trim();
    const [address = "", length, ...more] = text.split("/");
    const family = isIP(address);
    if (family !== 4 && family !== 6) {
        const isTag = /^[A-Za-z][\w.]*$/.test(text);
        return !isTag || ["any", "internet"].includes(text.toLowerCase());
    }
    if (length === undefined) {
        return false;
    }
    return more.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) < shortestPrefix[family];
}
