import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Host, hostParts } from "../host/host";
import { hostResource, HostResource, textOf } from "../host/host-resource";
import { preflight } from "../host/preflight";
import { keyOf } from "../host/scope";
import { dnsAddress } from "../internal/address-range";
import { guarded } from "../internal/errors";
import { loopbackAddress } from "../internal/loopback-address";
import { machineIdentity } from "../internal/machine-identity";
import { orEmpty } from "../internal/outputs";
import { shellLine } from "../internal/quote";
import { assertArgs, checkedEach, inputError, required } from "../internal/validate";
import { clusterAccess } from "./cluster-access";
import { isNetworked, knownAddress } from "./cluster-address";
import { ClusterArgs } from "./cluster-args";
import {
    clusterRules,
    defaultPodCidr,
    defaultPorts,
    defaultServiceCidr,
    flatArgs,
    jointProblems,
} from "./cluster-rules";
import { endpointOf, Layout } from "./control-plane-flags";
import { ControlPlaneProgram } from "./control-plane-programs";
import { readings } from "./control-plane-readings";
import { ClusterControlPlane } from "./control-plane-ref";
import { controlPlaneService } from "./control-plane-service";
import { authenticationConfig, kubeadmConfig } from "./kubeadm-config";
import { profileCommands } from "./profile-commands";
import { type ProfileCommands } from "./profile-paths";
import { seedMachines, seedUnitTexts } from "./seed-unit-texts";
import { logPathsOf } from "./service-logs";
import { UnitDialect } from "./unit-texts";
import { VerbosityCommands, verbosityCommands } from "./verbosity-commands";

/**
 * A Kubernetes control plane of its own processes on a host: etcd, API server, controller manager and scheduler, from binaries
 * that were built. All of it is on one address of loopback, or the API server in a network of machines. Without a ClusterNode objects are kept and reconciled, and pods
 * wait for a node. A process that died shows in the next preview, and the next up starts it again.
 */
export class Cluster extends pulumi.ComponentResource {
    /** Kubeconfig of the cluster's administrator. Unknown in a preview that makes the cluster, and on a remote host in one that changes it. */
    public readonly kubeconfig: pulumi.Output<string>;
    /** Path of the kubeconfig, readable for its user alone: on the host, or, of a cluster with an address in a network, on this computer. Known in preview on this machine. */
    public readonly kubeconfigPath: pulumi.Output<string>;
    /** Command line of kubectl for this cluster, where the kubeconfig is: ready to be continued. Known in preview on this machine. */
    public readonly kubectlCommand: pulumi.Output<string>;
    /** URL of the API server. Known in preview. */
    public readonly endpoint: pulumi.Output<string>;
    /** Address that its API server listens on, and all else, if it is one of loopback. Known in preview. */
    public readonly address: pulumi.Output<string>;
    /** Paths of the logs on the host, by program: etcd, kubeApiserver, kubeControllerManager, kubeScheduler. */
    public readonly logPaths: pulumi.Output<Record<string, string>>;
    /** Commands that write profiles of its programs into the current directory, by program: kubeApiserver, kubeControllerManager, kubeScheduler. */
    public readonly profileCommands: pulumi.Output<Record<string, ProfileCommands>>;
    /** Commands that raise how much its programs say while they run, and restore it, by program: kubeApiserver, kubeControllerManager, kubeScheduler. */
    public readonly verbosityCommands: pulumi.Output<Record<string, VerbosityCommands>>;
    /** Shell commands on its host, by program, that succeed while it is ready: etcd, kubeApiserver, kubeControllerManager, kubeScheduler. */
    public readonly healthCommands: pulumi.Output<Record<string, string>>;
    /** Texts of systemd units by path: of what it runs, or with the dialect "seed" of the by-hand cluster of 2015. Nothing is installed. */
    public readonly unitTexts: pulumi.Output<Record<string, string>>;
    /** What a ClusterNode takes as its controlPlane. Known in preview, but for the id of the cluster. */
    public readonly controlPlane: pulumi.Output<ClusterControlPlane>;
    /** Changes whenever the cluster was made anew, with nothing in it. What is in it takes this as a trigger. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:Cluster", name, args, opts);
        const what = `Cluster ${name}`;
        const flat = flatArgs(args);
        assertArgs(what, flat, clusterRules, ...jointProblems({ ...args }));
        const known = checkedEach(what, flat, clusterRules);
        const host = preflight(args.host, { tools: [{ program: "curl", package: "curl" }] });
        const parts = hostParts(args.host);
        const { ssh } = parts;

        const derived = loopbackAddress(machineIdentity(name));
        const networked = isNetworked(args.address);
        const address = pulumi
            .all([
                known.address,
                networked ? ssh : undefined,
                networked ? parts.parentUrn : undefined,
            ])
            .apply(([given, login, urn]) =>
                guarded(
                    () => knownAddress(what, given, networked, login, urn !== undefined) ?? derived,
                ),
            );
        const stateName = `${name}-state`;
        const fixed = { ports: { ...defaultPorts, ...args.ports }, clusterName: name };
        const layout: pulumi.Output<Layout> = pulumi
            .all([known.serviceCidr, known.podCidr, address])
            .apply(([serviceCidr, podCidr, at]) =>
                guarded(() => {
                    assertJoint(what, { serviceCidr, podCidr, address: at, host: args.host });
                    return {
                        ...fixed,
                        address: at,
                        loopback: networked ? derived : at,
                        // Services run in directories beside it: known before it is there, on a remote host too.
                        stateDir: `../${keyOf(stateName)}`,
                        serviceCidr: serviceCidr ?? defaultServiceCidr,
                        podCidr: podCidr ?? defaultPodCidr,
                    };
                }),
            );
        // Whether versions and flags go together stops a run, but restarts nothing: a version may be that of a build to come.
        const kubernetesVersion = pulumi
            .output({
                kubernetesVersion: known.kubernetesVersion,
                versions: args.versions,
                extraFlags: args.extraFlags,
            })
            .apply((all) =>
                guarded(() => {
                    assertJoint(what, all);
                    return all.kubernetesVersion;
                }),
            );
        const endpoint = address.apply((at) => endpointOf({ ...fixed, address: at }));
        const parent = { parent: this };
        const kubectl = required(known["binaries.kubectl"]);
        const state = hostResource(
            stateName,
            {
                host,
                create: "cluster/state-create.sh",
                delete: "host/forget.sh",
                spec: { endpoint, serviceCidr: layout.apply((all) => all.serviceCidr) },
                environment: {
                    KUBEDEV_KUBEADM: orEmpty(known["binaries.kubeadm"]),
                    KUBEDEV_KUBECTL: kubectl,
                    KUBEDEV_KUBEADM_CONFIG: pulumi
                        .all([layout, kubernetesVersion])
                        .apply(([all, version]) => kubeadmConfig(all, version)),
                    KUBEDEV_AUTHENTICATION: authenticationConfig(),
                    KUBEDEV_CLUSTER: name,
                    KUBEDEV_SERVER: endpoint,
                    // In a machine, which may be started anew with the same disk. Not a value more for those without.
                    ...(networked
                        ? { KUBEDEV_SERVICE_CIDR: layout.apply((all) => all.serviceCidr) }
                        : {}),
                },
                timeoutSec: 120,
            },
            // The kubeconfig is printed.
            { ...parent, additionalSecretOutputs: ["stdout"] },
        );
        const start = (program: ControlPlaneProgram, ...after: HostResource[]) =>
            controlPlaneService(name, program, { args, known, host, state, layout, after }, parent);
        const etcd = start(ControlPlaneProgram.Etcd);
        const apiserver = start(ControlPlaneProgram.KubeApiserver, etcd);
        const services = {
            etcd,
            kubeApiserver: apiserver,
            kubeControllerManager: start(ControlPlaneProgram.KubeControllerManager, apiserver),
            kubeScheduler: start(ControlPlaneProgram.KubeScheduler, apiserver),
        };
        const access = networked
            ? clusterAccess(name, layout, state, apiserver, parts, parent)
            : undefined;
        const all = [...Object.values(services), ...(access?.resources ?? [])].map(
            ({ resource }) => resource.urn,
        );
        const ready = <T>(value: pulumi.Input<T>): pulumi.Output<pulumi.Unwrap<T>> =>
            pulumi.all([value, ...all]).apply(([it]) => it) as pulumi.Output<pulumi.Unwrap<T>>;

        this.kubeconfig = pulumi.secret(
            access === undefined
                ? ready(pulumi.all([ssh, state.stays])).apply(
                      ([login, stays]) =>
                          // What is in a cluster that stays does not show as changed for what changes in place.
                          (login === undefined && stays
                              ? previewed(`${state.dir}/kubeconfig`)
                              : undefined) ??
                          state.result().apply((result) => textOf(result, "kubeconfig")),
                  )
                : ready(access.kubeconfig),
        );
        const hostKubeconfigPath = ssh.apply((login) =>
            login === undefined
                ? pulumi.output(`${state.dir}/kubeconfig`)
                : // Printed beside a secret, but none itself.
                  pulumi.unsecret(
                      state.result().apply((result) => textOf(result, "kubeconfigPath")),
                  ),
        );
        const onHost = ready(hostKubeconfigPath);
        const kubeconfigPath = access?.kubeconfigPath ?? hostKubeconfigPath;
        this.kubeconfigPath = ready(kubeconfigPath);
        const client =
            access === undefined
                ? kubectl
                : known.localKubectlPath.apply((program) => program ?? "kubectl");
        this.kubectlCommand = ready(
            pulumi
                .all([client, kubeconfigPath])
                .apply(([program, file]) => shellLine([program, "--kubeconfig", file])),
        );
        // By the ends of the tunnel, where there is one: they have the addresses and ports of the programs themselves.
        const served = address.apply((at) => ({ ...fixed, address: networked ? derived : at }));
        this.profileCommands = pulumi
            .all([this.kubectlCommand, served])
            .apply(([line, at]) => profileCommands(line, at));
        this.verbosityCommands = pulumi
            .all([this.kubectlCommand, served, args.verbosity])
            .apply(([line, at, levels]) => verbosityCommands(line, at, levels ?? {}));
        this.endpoint = ready(endpoint);
        const read = readings(
            Object.values(services),
            pulumi.all([layout, onHost]).apply(([shared, file]) => ({
                // Services have it relative to a directory of their own.
                ...{ ...shared, stateDir: path.dirname(file) },
            })),
            kubectl,
        );
        // On a host that is declared as stopped nobody knows where its files are.
        const placed = (texts: pulumi.Output<Record<string, string>>) =>
            pulumi
                .all([onHost, texts])
                .apply(([file, all]): Record<string, string> => (file === "" ? {} : all));
        this.healthCommands = placed(read.healthCommands);
        this.unitTexts = pulumi
            .all([known.dialect, placed(read.unitTexts), layout.serviceCidr])
            .apply(([dialect, units, serviceCidr]) =>
                dialect === UnitDialect.Seed
                    ? seedUnitTexts({
                          ...{ ...seedMachines, serviceCidr, dnsAddress: dnsAddress(serviceCidr) },
                      })
                    : units,
            );
        this.address = ready(address);
        this.logPaths = logPathsOf(args.host, services);
        // A machine that was started anew has the same cluster on its disk.
        const id = networked ? clusterId(state) : undefined;
        this.instanceId = id ?? state.instanceId;
        const given: pulumi.Input<Host> = args.host ?? {};
        this.controlPlane = pulumi.output({
            host: given,
            clusterName: name,
            kubernetesVersion,
            address: this.address,
            port: fixed.ports.kubeApiserver,
            serviceCidr: layout.serviceCidr,
            podCidr: layout.podCidr,
            stateDir: layout.stateDir,
            kubeadmPath: required(known["binaries.kubeadm"]),
            kubectlPath: kubectl,
            instanceId: id ?? state.resource.id,
        });
        this.registerOutputs({
            kubeconfig: this.kubeconfig,
            kubeconfigPath: this.kubeconfigPath,
            kubectlCommand: this.kubectlCommand,
            endpoint: this.endpoint,
            address: this.address,
            logPaths: this.logPaths,
            profileCommands: this.profileCommands,
            verbosityCommands: this.verbosityCommands,
            healthCommands: this.healthCommands,
            unitTexts: this.unitTexts,
            controlPlane: this.controlPlane,
            instanceId: this.instanceId,
        });
    }
}

/** What was no output was checked before; this is for what became known. */
function assertJoint(what: string, args: Record<string, unknown>): void {
    const problems = jointProblems(args);
    if (problems.length > 0) {
        throw inputError(what, problems);
    }
}

/** A file as a preview finds it, and as the script prints it: without the last line's end. */
function previewed(file: string): string | undefined {
    return pulumi.runtime.isDryRun() && fs.existsSync(file)
        ? fs.readFileSync(file, "utf8").trimEnd()
        : undefined;
}

/** What tells a cluster from one that is made anew: of its keys, not of the run that made sure of them. */
function clusterId(state: HostResource): pulumi.Output<string> {
    return pulumi.all([state.stays, state.facts]).apply(([stays, facts]) =>
        stays && facts?.["id"] !== undefined
            ? pulumi.output(facts["id"])
            : // Printed beside a secret, but none itself.
              pulumi.unsecret(state.result().apply((result) => textOf(result, "id"))),
    );
}
