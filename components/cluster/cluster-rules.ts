import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { hostRule } from "../host/host";
import { delveServerRule } from "../host/under-delve";
import { overlap, parseRange } from "../internal/address-range";
import { isLoopbackAddress } from "../internal/loopback-address";
import {
    absolutePath,
    featureGates,
    fields,
    namedValues,
    runtimeConfig,
    whole,
} from "../internal/rules";
import { addressProblem, isNetworkAddress, networkAddressWords } from "./cluster-address";
import { ClusterArgs, ClusterBinariesArgs } from "./cluster-args";
import { flagProblems } from "./control-plane-flags";
import { ControlPlaneProgram, controlPlanePrograms } from "./control-plane-programs";
import { UnitDialect } from "./unit-texts";
import { minorOf, skewProblems, SkewVersions, versionForm } from "./version-skew";

/** From the notes that this replaces: the API server's --service-cluster-ip-range there, and Calico's pool. */
export const defaultServiceCidr = "10.100.0.0/24";
export const defaultPodCidr = "172.19.0.0/16";

export const defaultPorts = {
    kubeApiserver: 6443,
    etcdClients: 2379,
    etcdPeers: 2380,
    kubeControllerManager: 10257,
    kubeScheduler: 10259,
};

const cidr = (example: string, widest: number, narrowest: number) => {
    const error = `expected an IPv4 range from /${String(widest)} to /${String(narrowest)} without bits of an address behind its prefix, as "${example}"`;
    return z.string({ error }).refine(
        (text) => {
            const range = parseRange(text);
            return range?.family === 4 && range.prefix >= widest && range.prefix <= narrowest;
        },
        { error },
    );
};
const addressWords = `expected an address in 127.0.0.0/8, or, of a host that is a machine, ${networkAddressWords}`;
const version = z
    .string({ error: 'expected a version of Kubernetes, as "v1.36.1"' })
    .regex(versionForm, { error: 'expected a version of Kubernetes, as "v1.36.1"' });
const port = whole(1, 65535, "a TCP port").optional();
const level = whole(0, 10, "levels").optional();
const flags = namedValues.optional();
const server = delveServerRule.optional();

/** Rules by argument. Those of the parts of an argument count one by one, since each may be known by itself. @internal */
export const clusterRules = {
    host: hostRule,
    kubernetesVersion: version.refine((text) => !(minorOf(text) < 34), {
        error: "expected v1.34.0 or later, whose API server lets who has no name ask for its health alone (AuthenticationConfiguration v1)",
    }),
    address: z
        .string({ error: addressWords })
        .refine((text) => isLoopbackAddress(text) || isNetworkAddress(text), {
            error: `${addressWords}: nothing of a cluster is reachable from elsewhere`,
        })
        .optional(),
    localKubectlPath: absolutePath.optional(),
    ports: fields("ports", {
        ...{ kubeApiserver: port, etcdClients: port, etcdPeers: port },
        ...{ kubeControllerManager: port, kubeScheduler: port },
    })
        .refine(
            (given) => {
                const all = Object.values({ ...defaultPorts, ...given });
                return new Set(all).size === all.length;
            },
            { error: "expected another port for each: as a rule all of them are on one address" },
        )
        .optional(),
    // kubeadm wants ten addresses, the API server no more than 2^20; each node gets a /24, of 2^16 at most.
    serviceCidr: cidr(defaultServiceCidr, 12, 28).optional(),
    podCidr: cidr(defaultPodCidr, 8, 24).optional(),
    featureGates: featureGates.optional(),
    runtimeConfig: runtimeConfig.optional(),
    dialect: z.enum(UnitDialect, { error: 'expected "modern" or "seed"' }).optional(),
    readyTimeoutSec: whole(1, 3600, "seconds").optional(),
    "versions.kubeControllerManager": version.optional(),
    "versions.kubeScheduler": version.optional(),
    "versions.kubeadm": version.optional(),
    "versions.kubectl": version.optional(),
    "binaries.etcd": absolutePath,
    "binaries.kubeApiserver": absolutePath,
    "binaries.kubeControllerManager": absolutePath,
    "binaries.kubeScheduler": absolutePath,
    "binaries.kubeadm": absolutePath,
    "binaries.kubectl": absolutePath,
    "verbosity.kubeApiserver": level,
    "verbosity.kubeControllerManager": level,
    "verbosity.kubeScheduler": level,
    "extraFlags.etcd": flags,
    "extraFlags.kubeApiserver": flags,
    "extraFlags.kubeControllerManager": flags,
    "extraFlags.kubeScheduler": flags,
    "debug.etcd": server,
    "debug.kubeApiserver": server,
    "debug.kubeControllerManager": server,
    "debug.kubeScheduler": server,
};

/** The arguments, and the parts of those that have rules by part. */
export function flatArgs(args: ClusterArgs) {
    const { versions, verbosity, extraFlags, debug } = args;
    // Programs in other languages, and JavaScript, may leave it out.
    const binaries = args.binaries as ClusterBinariesArgs | undefined;
    return {
        host: args.host,
        kubernetesVersion: args.kubernetesVersion,
        address: args.address,
        localKubectlPath: args.localKubectlPath,
        ports: args.ports,
        serviceCidr: args.serviceCidr,
        podCidr: args.podCidr,
        featureGates: args.featureGates,
        runtimeConfig: args.runtimeConfig,
        dialect: args.dialect,
        readyTimeoutSec: args.readyTimeoutSec,
        "versions.kubeControllerManager": versions?.kubeControllerManager,
        "versions.kubeScheduler": versions?.kubeScheduler,
        "versions.kubeadm": versions?.kubeadm,
        "versions.kubectl": versions?.kubectl,
        "binaries.etcd": binaries?.etcd,
        "binaries.kubeApiserver": binaries?.kubeApiserver,
        "binaries.kubeControllerManager": binaries?.kubeControllerManager,
        "binaries.kubeScheduler": binaries?.kubeScheduler,
        "binaries.kubeadm": binaries?.kubeadm,
        "binaries.kubectl": binaries?.kubectl,
        "verbosity.kubeApiserver": verbosity?.kubeApiserver,
        "verbosity.kubeControllerManager": verbosity?.kubeControllerManager,
        "verbosity.kubeScheduler": verbosity?.kubeScheduler,
        "extraFlags.etcd": extraFlags?.etcd,
        "extraFlags.kubeApiserver": extraFlags?.kubeApiserver,
        "extraFlags.kubeControllerManager": extraFlags?.kubeControllerManager,
        "extraFlags.kubeScheduler": extraFlags?.kubeScheduler,
        "debug.etcd": debug?.etcd,
        "debug.kubeApiserver": debug?.kubeApiserver,
        "debug.kubeControllerManager": debug?.kubeControllerManager,
        "debug.kubeScheduler": debug?.kubeScheduler,
    };
}

/** Problems that take more than one argument to see, of those that are known: outputs count once they are. */
export function jointProblems(args: Record<string, unknown>): Problem[] {
    return [
        ...unknownParts(args),
        ...addressProblems(args),
        ...overlaps(args),
        ...versionProblems(args),
    ];
}

interface Problem {
    propertyPath: string;
    reason: string;
}

/** A mistyped name must not pass for one that was left out. */
function unknownParts(args: Record<string, unknown>): Problem[] {
    return ["versions", "binaries", "verbosity", "extraFlags", "debug"].flatMap((name) => {
        const known = Object.keys(clusterRules)
            .filter((key) => key.startsWith(`${name}.`))
            .map((key) => key.slice(name.length + 1));
        const given = args[name];
        return Object.keys(isPlain(given) ? given : {})
            .filter((key) => !known.includes(key))
            .map((key) => ({
                propertyPath: `${name}.${key}`,
                reason: `expected no ${key}; ${name} has ${known.join(", ")}`,
            }));
    });
}

function addressProblems(args: Record<string, unknown>): Problem[] {
    const address = args["address"];
    if (typeof address !== "string" || !isNetworkAddress(address)) {
        return [];
    }
    const elsewhere = addressProblem(address, args["host"] !== undefined);
    return [
        ...(elsewhere === undefined ? [] : [{ propertyPath: "address", reason: elsewhere }]),
        ...rangesOf(args)
            .filter(({ text }) => {
                const [range, one] = [parseRange(text), parseRange(`${address}/32`)];
                return range !== undefined && one !== undefined && overlap(range, one);
            })
            .map(({ name, text }) => ({
                propertyPath: name,
                reason: `got ${text}, which has the cluster's address ${address}; expected a range without it`,
            })),
    ];
}

/** The ranges of a cluster as texts; what is not known yet is empty. */
function rangesOf(args: Record<string, unknown>): { name: string; text: string }[] {
    return Object.entries({
        serviceCidr: defaultServiceCidr,
        podCidr: defaultPodCidr,
    }).map(([name, byDefault]) => {
        const given = args[name] ?? byDefault;
        return { name, text: typeof given === "string" ? given : "" };
    });
}

/** Ranges of Services and pods that have an address in common. */
export function overlaps(args: Record<string, unknown>): Problem[] {
    const [services = "", pods = ""] = rangesOf(args).map(({ text }) => text);
    const [one, other] = [parseRange(services), parseRange(pods)];
    return one !== undefined && other !== undefined && overlap(one, other)
        ? [
              {
                  propertyPath: "podCidr",
                  reason: `got ${pods}, which has addresses of serviceCidr ${services}; expected ranges without a common address`,
              },
          ]
        : [];
}

function versionProblems(args: Record<string, unknown>): Problem[] {
    const apiserver = args["kubernetesVersion"];
    if (typeof apiserver !== "string" || !versionForm.test(apiserver)) {
        return [];
    }
    const versions = partsOf<SkewVersions>(
        args,
        "versions",
        (value) => typeof value === "string" && versionForm.test(value),
    );
    return [
        ...skewProblems(apiserver, versions),
        ...controlPlanePrograms.flatMap((program) => {
            const given = partsOf<Record<ControlPlaneProgram, unknown>>(
                args,
                "extraFlags",
                isPlain,
            );
            const known = Object.entries(given[program] ?? {}).filter(
                (entry): entry is [string, string] => typeof entry[1] === "string",
            );
            return flagProblems(program, Object.fromEntries(known), apiserver);
        }),
    ];
}

/** The parts of an argument that are known, whether they come by themselves or in it. */
function partsOf<Parts>(
    args: Record<string, unknown>,
    name: string,
    counts: (value: unknown) => boolean,
): Partial<Parts> {
    const whole = args[name];
    const flat = Object.entries(args)
        .filter(([key]) => key.startsWith(`${name}.`))
        .map(([key, value]): [string, unknown] => [key.slice(name.length + 1), value]);
    return Object.fromEntries(
        [...Object.entries(isPlain(whole) ? whole : {}), ...flat].filter(([, value]) =>
            counts(value),
        ),
    ) as Partial<Parts>;
}

function isPlain(value: unknown): value is object {
    return (
        typeof value === "object" &&
        value !== null &&
        !pulumi.Output.isInstance(value) &&
        !(value instanceof Promise)
    );
}
