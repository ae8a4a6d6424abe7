import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host, hostRule } from "../host/host";
import { yesOrNo } from "../internal/rules";
import { networkMachinesRule, NetworkMachineArgs, rangeRule } from "./machine-network";

/** Arguments of a HostNetwork. */
export interface HostNetworkArgs {
    /** Where it is, as root. Defaults to this machine, where the machines are. */
    host?: pulumi.Input<Host>;
    /** The machines that may join it: each has one lease and one name. One more or less starts its name server again and changes names in the guests in place. */
    machines: pulumi.Input<pulumi.Input<NetworkMachineArgs>[]>;
    /** IPv4 range of its addresses, of 8 to 28 bits: the first is the bridge's, machines have the lower half, containers the upper one. Defaults to one of 4096 within 198.18.0.0/15, derived from user, project, stack and name. A change makes it anew and restarts its machines. */
    cidr?: pulumi.Input<string>;
    /** Name of the bridge, at most 15 characters. Defaults to one derived from user, project, stack and name. A change makes it anew and restarts its machines. */
    bridge?: pulumi.Input<string>;
    /** Domain of the names of its machines. Defaults to the component's name. A change is in place; machines whose network is up learn it in place, too. */
    domain?: pulumi.Input<string>;
    /** Whether machines reach the outside by it, under the host's addresses. Defaults to true. False: nothing is forwarded. A change is in place; machines learn it at their next start. */
    nat?: pulumi.Input<boolean>;
    /** Addresses of name servers for all other names. Defaults to those of the host. A change starts its name server again. */
    nameServers?: pulumi.Input<pulumi.Input<string>[]>;
    /** User of the host who runs machines on it, without root. Defaults to the one who makes it. A change makes it anew and restarts its machines. */
    user?: pulumi.Input<string>;
    /** URL of a proxy, for `proxyVariables` and `proxyDropIn`. Defaults to none. */
    proxyUrl?: pulumi.Input<string>;
}

const nameOf = (what: string, pattern: RegExp, like: string) => {
    const error = `expected ${what}, as ${like}`;
    return z.string({ error }).regex(pattern, { error });
};

/** What is asked of a HostNetwork. @internal */
export const hostNetworkRules = {
    host: hostRule,
    machines: networkMachinesRule,
    cidr: rangeRule.optional(),
    bridge: nameOf(
        "the name of a network device: small letters, digits and hyphens, at most 15",
        /^[a-z][a-z0-9-]{0,14}$/,
        "qemu0",
    ).optional(),
    domain: nameOf(
        "a domain: parts of small letters, digits and inner hyphens, joined by dots",
        /^(?=.{1,100}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
        "lan.internal",
    ).optional(),
    nat: yesOrNo.optional(),
    nameServers: z
        .array(z.ipv4({ error: "expected an IPv4 address" }), {
            error: "expected a list of IPv4 addresses",
        })
        .optional(),
    user: nameOf("the name of a user", /^[a-z_][a-z0-9_-]{0,31}$/i, "alice").optional(),
    proxyUrl: nameOf(
        "a URL without a password",
        /^https?:\/\/[A-Za-z0-9.:[\]-]+\/?$/,
        "http://198.18.0.1:3128",
    ).optional(),
};
