import {
    programName,
    type ControlPlaneProgram,
    controlPlanePrograms,
} from "./control-plane-programs";

/** Which units a Cluster shows. */
export enum UnitDialect {
    /** Units of systemd for what it runs. */
    Modern = "modern",
    /** The by-hand cluster of 2015 that it stands for: for reading, none of it starts today. */
    Seed = "seed",
}

/** Where systemd looks for units of the administrator. @internal */
export const unitDirectory = "/etc/systemd/system";

const descriptions: Record<ControlPlaneProgram, [description: string, documentation: string]> = {
    etcd: ["etcd", "https://etcd.io/docs/"],
    kubeApiserver: ["Kubernetes API server", "https://kubernetes.io/docs/concepts/architecture/"],
    kubeControllerManager: [
        "Kubernetes controller manager",
        "https://kubernetes.io/docs/concepts/architecture/controller/",
    ],
    kubeScheduler: [
        "Kubernetes scheduler",
        "https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/",
    ],
};
const [etcd, kubeApiserver] = controlPlanePrograms;

/** Units for a control plane, by path: each with the argument vector that its service has. @internal */
export function unitTexts(
    argvs: Readonly<Record<ControlPlaneProgram, readonly string[]>>,
): Record<string, string> {
    return Object.fromEntries(
        controlPlanePrograms.map((program) => [
            `${unitDirectory}/${programName(program)}.service`,
            unitText(program, argvs[program]),
        ]),
    );
}

function unitText(program: ControlPlaneProgram, argv: readonly string[]): string {
    const [description, documentation] = descriptions[program];
    const before = program === etcd ? undefined : program === kubeApiserver ? etcd : kubeApiserver;
    const unit = before === undefined ? undefined : `${programName(before)}.service`;
    return [
        "[Unit]",
        `Description=${description}`,
        `Documentation=${documentation}`,
        // What needs it tries again by itself: a restart of the one need not be one of the other.
        ...(unit === undefined ? ["After=network.target"] : [`Wants=${unit}`, `After=${unit}`]),
        "",
        "[Service]",
        `ExecStart=${argv.map(unitWord).join(" \\\n    ")}`,
        "Restart=always",
        "RestartSec=10",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
    ].join("\n");
}

/** One word of ExecStart: % begins a specifier, $ a variable, and quotes and backslashes are read as in C (systemd.service(5)). */
export function unitWord(word: string): string {
    const text = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
    return /^[^\s"'\\;]+$/.test(text)
        ? text
        : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`;
}
