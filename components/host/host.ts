import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { guarded } from "../internal/errors";
import { applied, fieldsOf } from "../internal/outputs";
import { absolutePath, fields, whole, yesOrNo } from "../internal/rules";
import { assertArgs, inputError } from "../internal/validate";
import { PerRun } from "./scope";

/** The operating system of a host. It decides which shell runs there. */
export enum HostOs {
    /** Any Linux with a POSIX shell and GNU coreutils. */
    Linux = "linux",
    /** Windows with OpenSSH and PowerShell. */
    Windows = "windows",
}

/** How to log in to a host that is reached straight away. */
export interface SshLastProxyArgs {
    /** Name or address to connect to. */
    address: pulumi.Input<string>;
    /** TCP port of sshd. Defaults to 22. */
    port?: pulumi.Input<number>;
    /** User to log in as. Defaults to root. */
    user?: pulumi.Input<string>;
    /** Absolute path of the private key, on the machine that runs Pulumi. Without it the ssh agent's keys are tried. */
    privateKeyPath?: pulumi.Input<string>;
    /** The host's public key, as `ssh-ed25519 AAAA...`. Either this or knownHostsPath is required: no connection is made to an unverified host. */
    hostKey?: pulumi.Input<string>;
    /** Absolute path of a file in known_hosts format that holds the host's key, on the machine that runs Pulumi. */
    knownHostsPath?: pulumi.Input<string>;
}

/** How to log in to a host that others are reached through. */
export interface SshProxyArgs extends SshLastProxyArgs {
    /** Host through which the connection is made. */
    proxy?: pulumi.Input<SshLastProxyArgs>;
}

/**
 * How to log in to a remote host. Connections are made by the OpenSSH client of the machine that runs Pulumi. That a proxy is
 * a type of its own is for Pulumi's YAML: it looks at a type that holds itself without end, and runs out of stack.
 */
export interface SshArgs extends SshLastProxyArgs {
    /** Host through which the connection is made. */
    proxy?: pulumi.Input<SshProxyArgs>;
}

/** A container, reached by the container engine of the machine that it runs on. */
export interface ContainerArgs {
    /** Name of the container, which must run. */
    name: pulumi.Input<string>;
    /** True: it is in the engine that a ContainerEngine runs there. Defaults to the host's own. */
    ownEngine?: pulumi.Input<boolean>;
}

/**
 * Where something runs: plain data, from config or from another component's output. Empty means this machine.
 */
export interface Host {
    /** How to log in. Without it the host is the machine that runs Pulumi. */
    ssh?: pulumi.Input<SshArgs>;
    /** Operating system. Defaults to Linux. A Windows host is reached by ssh; commands, files, services and swaps can be on it. */
    os?: pulumi.Input<HostOs>;
    /** A container there, as a node of kind: then that is the host. Commands, files, artifacts, services, swaps, debug sessions and nodes by kubeadm can be in it. */
    container?: pulumi.Input<ContainerArgs>;
    /** Id of the machine behind the host, if kubedev made it. What is on the host is replaced when this changes. */
    parentId?: pulumi.Input<string>;
    /** URN of the machine behind the host, if kubedev made it. What is on the host is not cleaned up one by one when the machine goes. */
    parentUrn?: pulumi.Input<string>;
    /** Id of what makes the host ready for its work, as a BuildHost: nobody looks what is on it before that is done. */
    readyId?: pulumi.Input<string>;
    /** False when the machine is declared as stopped: nothing is done on it until it runs again. Defaults to true. */
    running?: pulumi.Input<boolean>;
}

/** `ContainerArgs` with all values known. */
export type Container = pulumi.Unwrap<ContainerArgs>;

/**
 * `SshArgs` with all values known, the system that the login leads to, and the container there: they decide how a script
 * gets there. Of a container on this machine the address is empty.
 */
export type Ssh = pulumi.Unwrap<SshArgs> & { os?: HostOs; container?: Container };

/** The parts of a host, each known or unknown by itself: the id of the machine behind it often is when the rest is not. */
export interface HostParts {
    /** True: it is the machine that runs Pulumi, as can be seen without waiting, so that all the rest is plain; `ssh` may still wait for a check. */
    here: boolean;
    ssh: pulumi.Output<Ssh | undefined>;
    os: pulumi.Output<HostOs | undefined>;
    container: pulumi.Output<Container | undefined>;
    parentId: pulumi.Output<string | undefined>;
    parentUrn: pulumi.Output<string | undefined>;
    readyId: pulumi.Output<string | undefined>;
    running: pulumi.Output<boolean | undefined>;
}

const partsOf = new PerRun(() => new WeakMap<object, HostParts>());
const thisMachine: Host = {};

/**
 * Takes a host apart without waiting for all of it to be known. What could not be checked before is checked then. Once a
 * run for all that is on the same host, where it is an output: a plain one may be changed by who made it.
 */
export function hostParts(host: pulumi.Input<Host> | undefined): HostParts {
    const given = host ?? thisMachine;
    const isOutput = pulumi.Output.isInstance(given) || given instanceof Promise;
    const known = partsOf.get().get(given);
    if (known !== undefined) {
        return known;
    }
    const parts =
        !isOutput && Object.values(given).every((value) => value === undefined)
            ? partsHere(nothing.get())
            : checkedParts(fieldsOf(given, ...partNames));
    if (isOutput || given === thisMachine) {
        partsOf.get().set(given, parts);
    }
    return parts;
}

const partNames = [
    ...(["ssh", "os", "container"] as const),
    ...(["parentId", "parentUrn", "readyId", "running"] as const),
];
const nothing = new PerRun(() => pulumi.output(undefined));

/** Those of the machine that runs Pulumi; nothing is done there before `ssh`, which is nothing, is there. */
function partsHere(ssh: pulumi.Output<undefined>): HostParts {
    const none = nothing.get();
    const behind = { parentId: none, parentUrn: none, readyId: none };
    return { here: true, ssh, os: none, container: none, ...behind, running: none };
}

/** This machine as a host that is there once a check of it has passed. */
export function checkedHere(passed: pulumi.Output<undefined>): pulumi.Output<Host> {
    const host = passed.apply((): Host => ({}));
    partsOf.get().set(host, partsHere(passed));
    return host;
}

function checkedParts(parts: Omit<HostParts, "here">): HostParts {
    return {
        here: false,
        ...parts,
        ssh: applied([parts.ssh, parts.os, parts.container], ([ssh, os, container]) =>
            guarded(() => withContainer(withOs(checkedSsh(ssh), os), container)),
        ),
    };
}

function withOs(ssh: Ssh | undefined, os: HostOs | undefined): Ssh | undefined {
    if (os !== HostOs.Windows) {
        return ssh;
    }
    if (ssh === undefined) {
        throw inputError("host", [{ propertyPath: "os", reason: `got "windows"; ${noSsh}` }]);
    }
    return { ...ssh, os };
}

function withContainer(ssh: Ssh | undefined, container: Container | undefined): Ssh | undefined {
    if (container === undefined) {
        return ssh;
    }
    assertArgs("host", { container }, { container: containerRule(ssh?.os) });
    return { ...(ssh ?? { address: "" }), container };
}

/** The login alone, as a host has it: none for this machine, and none for a container on it. */
export function loginOf(ssh: Ssh | undefined): pulumi.Unwrap<SshArgs> | undefined {
    if (ssh === undefined || ssh.address === "") {
        return undefined;
    }
    const login = { ...ssh };
    delete login.os;
    delete login.container;
    return login;
}

const noSsh =
    "expected ssh beside it: Pulumi runs on Linux here, a Windows host is another machine";

/** The system of a host, Linux unless it says otherwise; undefined of one that is an output. */
export function osOf(host: pulumi.Input<Host> | undefined): HostOs | undefined {
    if (pulumi.Output.isInstance(host) || host instanceof Promise) {
        return undefined;
    }
    const os = host?.os ?? HostOs.Linux;
    return pulumi.Output.isInstance(os) || os instanceof Promise ? undefined : os;
}

function checkedSsh(ssh: Ssh | undefined): Ssh | undefined {
    assertArgs("host", { ssh }, { ssh: sshRule.optional() });
    return ssh;
}

const sshFields = {
    address: z
        .string({ error: "expected a host name or an IP address" })
        .regex(/^[A-Za-z0-9_:][A-Za-z0-9_.:-]*$/, {
            error: "expected a host name or an IP address",
        }),
    port: whole(1, 65535, "a TCP port").optional(),
    user: z
        .string({ error: "expected a user name" })
        .regex(/^[A-Za-z0-9_.\\@][A-Za-z0-9_.\\@-]*$/, { error: "expected a user name" })
        .optional(),
    privateKeyPath: absolutePath.optional(),
    hostKey: z
        .string({ error: 'expected one public key, as "ssh-ed25519 AAAA..."' })
        .regex(/^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n]*)?$/, {
            error: 'expected one public key, as "ssh-ed25519 AAAA..."',
        })
        .optional(),
    knownHostsPath: absolutePath.optional(),
};

const sshRule: z.ZodType = fields("ssh", {
    ...sshFields,
    proxy: z.lazy(() => sshRule).optional(),
}).refine((ssh) => (ssh.hostKey === undefined) !== (ssh.knownHostsPath === undefined), {
    error: "expected either hostKey or knownHostsPath, so that the host can be verified (ssh-keyscan prints a host's key; compare it with the host's own)",
});

const containerFields = fields("container", {
    name: z
        .string({ error: "expected the name of a container" })
        .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, { error: "expected the name of a container" }),
    ownEngine: yesOrNo.optional(),
}).optional();

const containerRule = (os: HostOs | undefined): z.ZodType =>
    os === HostOs.Windows
        ? z.undefined({ error: "expected nothing beside os windows: only containers with Linux" })
        : containerFields;

const hostFields = <Os extends z.ZodType>(os: Os, container: z.ZodType) => ({
    ssh: sshRule.optional(),
    os,
    container,
    parentId: z.string({ error: "expected an id" }).optional(),
    parentUrn: z.string({ error: "expected a URN" }).optional(),
    readyId: z.string({ error: "expected an id" }).optional(),
    running: yesOrNo.optional(),
});

const onlyLinux =
    'expected "linux": of what kubedev puts on hosts, HostCommand, HostFile, HostArtifact, HostService and BinarySwap work on Windows';

const noContainer = z
    .undefined({
        error: "expected a machine: of what kubedev puts on hosts, HostCommand, HostFile, HostArtifact, HostService, BinarySwap, DebugSession, KubeadmControlPlane and KubeadmNode work in containers",
    })
    .optional();

const linuxRule = z.literal(HostOs.Linux, { error: onlyLinux }).optional();

/** What a `host` argument must look like where only a machine with Linux will do. @internal */
export const hostRule = fields("host", hostFields(linuxRule, noContainer)).optional();

/** What a `host` argument must look like where a container will do too. @internal */
export const linuxHostRule = fields("host", hostFields(linuxRule, containerFields)).optional();

/** What a `host` argument must look like where a container and Windows will do too. @internal */
export const anyHostRule = fields(
    "host",
    hostFields(
        z.enum(HostOs, { error: 'expected "linux" or "windows"' }).optional(),
        containerFields,
    ),
)
    .refine(({ os, container }) => os !== HostOs.Windows || container === undefined, {
        path: ["container"],
        error: "expected nothing beside os windows: only containers with Linux",
    })
    .refine(({ os, ssh }) => os !== HostOs.Windows || ssh !== undefined, { error: noSsh })
    .optional();

/** Refuses Windows for a script that is written for Linux alone. */
export function assertLinux(what: string, os: HostOs | undefined): void {
    if (os === HostOs.Windows) {
        throw inputError(what, [
            { propertyPath: "host.os", reason: `got "windows"; ${onlyLinux}` },
        ]);
    }
}
