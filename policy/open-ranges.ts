import { parseRange } from "../components/internal/address-range";
import { type DeclaredResource, objectsIn, textsIn, type Violation } from "./resource";

/** Shorter prefixes are wider than any one network that somebody works in. */
const shortestPrefix = { 4: 8, 6: 19 };

/**
 * Addresses from which everybody may come in: rules of Azure's network security groups, load balancers of Kubernetes, and
 * `openToInternet` of an AgentNetwork, which lifts kubedev's own refusal.
 */
export function openRanges({ type, inputs }: DeclaredResource): Violation[] {
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
    return type === "kubernetes:core/v1:Service" ? ofService(inputs["spec"] ?? {}) : [];
}

function ofRule(rule: Record<string, unknown>, at: string): Violation[] {
    if (rule["access"] !== "Allow" || rule["direction"] !== "Inbound") {
        return [];
    }
    return ["sourceAddressPrefix", "sourceAddressPrefixes"].flatMap((name) =>
        rangesAt(`${at}${name}`, rule[name]),
    );
}

function ofService(spec: object): Violation[] {
    const { type, loadBalancerSourceRanges: ranges } = spec as Record<string, unknown>;
    if (type !== "LoadBalancer") {
        return [];
    }
    const path = "spec.loadBalancerSourceRanges";
    return textsIn(ranges).length === 0
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

function isOpen(text: string): boolean {
    const range = parseRange(text);
    return range === undefined
        ? ["*", "any", "internet"].includes(text.toLowerCase())
        : range.prefix < shortestPrefix[range.family];
}
