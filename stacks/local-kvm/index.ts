import * as pulumi from "@pulumi/pulumi";
import { SshKeyPair } from "../../components/host";
import {
    BaseImage,
    HostNetwork,
    MachineDisk,
    MachineNetwork,
    VirtualMachine,
} from "../../components/qemu";
import { Build, Checks, CheckSuite, SourceTree } from "../../components/source";
import { readConfig } from "../config";
import type * as clusterModule from "./cluster";
import { assertNetwork, settings } from "./config";

const config = readConfig("local-kvm", settings);
assertNetwork(config);
// Only require() leaves it out: it costs every preview of a stack without a cluster a tenth of a second.
const clusterParts =
    config.cluster === undefined
        ? undefined
        : // eslint-disable-next-line @typescript-eslint/no-require-imports
          (require("./cluster") as typeof clusterModule);

const loginKey = new SshKeyPair("login", { comment: `kubedev ${pulumi.getStack()}` });
const image = new BaseImage("debian", {
    suite: config.suite,
    ...(clusterParts === undefined
        ? { packages: config.packages }
        : clusterParts.nodeImage(config.packages)),
});
const { mode: networkMode = "switch", cidr, ...onBridge } = config.network ?? {};
const members = {
    cidr,
    machines: config.machines.map(({ name, networkAddress }) => ({
        name,
        address: networkAddress,
    })),
};
const bridged =
    networkMode === "bridge" ? new HostNetwork("lan", { ...members, ...onBridge }) : undefined;
const network =
    config.network === undefined ? undefined : (bridged ?? new MachineNetwork("lan", members));
const machines = config.machines.map(
    ({ name, ports, memoryMib, cpus, diskGib, disks, shares, running, address, index }) =>
        new VirtualMachine(name, {
            ...{ memoryMib, cpus, diskGib, running, address, index },
            ...(network === undefined ? {} : { networks: [network.network] }),
            ...(shares.length === 0 ? {} : { shares }),
            ...(config.warmStart === undefined ? {} : { warmStart: config.warmStart }),
            disks: disks.map(({ name: of, sizeGib, mountPath }) => ({
                disk: new MachineDisk(`${name}-${of}`, { sizeGib }).disk,
                ...(mountPath === undefined ? {} : { mountPath }),
            })),
            baseImage: image.files,
            loginKey: loginKey.files,
            ports: ports.map((guestPort) => ({ guestPort })),
        }),
);

const { targets = [], platforms, debug, mode, checks = [], ...place } = config.source ?? {};
const tree =
    config.source === undefined
        ? undefined
        : new SourceTree("source", { ...place, dir: config.source.dir });
const build =
    tree === undefined || targets.length === 0
        ? undefined
        : new Build("build", { source: tree.files, targets, platforms, debug, mode });
const suites =
    tree === undefined
        ? []
        : checks.map((check): [string, Checks] => [
              check.suite,
              new Checks(check.suite, {
                  ...check,
                  source: tree.files,
                  ...(config.source?.etcd === true && check.suite === CheckSuite.Integration
                      ? { etcdPath: tree.etcdPath }
                      : {}),
              }),
          ]);

const byName = new Map(
    machines.map((machine, index) => [config.machines[index]?.name ?? "", machine]),
);
const cluster =
    config.cluster &&
    clusterParts?.declareCluster(config.cluster, byName, tree, bridged?.proxyVariables);

const perMachine = <T>(value: (machine: VirtualMachine) => T): Record<string, T> =>
    Object.fromEntries([...byName].map(([name, machine]) => [name, value(machine)]));

/** Outputs of the stack. */
export const outputs = {
    /** By machine: how to log in, ready to paste. */
    ssh: perMachine((machine) => machine.sshCommand),
    /** By machine: the host that components of other programs take. */
    hosts: perMachine((machine) => machine.host),
    /** By machine: all that a person may want to know. */
    machines: perMachine((machine) => ({
        address: machine.address,
        ...(network === undefined ? {} : { networkAddress: machine.networkAddresses["lan"] }),
        ports: machine.ports,
        mac: machine.mac,
        console: machine.consoleCommand,
        start: machine.startCommand,
        stop: machine.stopCommand,
        log: machine.logPath,
    })),
    /** The bridge that they are on: name, address of this computer, and daemon.json of a Docker engine beside them, a drop-in of services that use the proxy. */
    ...(bridged === undefined
        ? {}
        : {
              bridge: {
                  name: bridged.bridge,
                  gateway: bridged.gateway,
                  dockerSettings: bridged.dockerSettings,
                  proxyDropIn: bridged.proxyDropIn,
              },
          }),
    ...(tree === undefined
        ? {}
        : {
              /** The source tree: what is checked out, and pages to read. */
              source: {
                  dir: tree.dir,
                  commit: tree.commit,
                  branch: tree.branch,
                  version: tree.version,
                  compare: tree.compareUrl,
                  links: tree.links,
              },
          }),
    /** By suite: what is typed to run it, and what the last run left. */
    ...(suites.length === 0
        ? {}
        : {
              checks: Object.fromEntries(
                  suites.map(([suite, { command, results }]) => [
                      suite,
                      results === undefined ? { command } : { command, results },
                  ]),
              ),
          }),
    /** Cluster: how to call kubectl, and by node the version that it reports. */
    ...(cluster === undefined ? {} : { cluster }),
    /** By name and platform: where the binaries are that were built. */
    ...(build === undefined ? {} : { binaries: build.paths }),
};
