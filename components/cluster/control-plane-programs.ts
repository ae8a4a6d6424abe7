/** What a control plane is made of, by the names that arguments and outputs have for it. @internal */
export enum ControlPlaneProgram {
    Etcd = "etcd",
    KubeApiserver = "kubeApiserver",
    KubeControllerManager = "kubeControllerManager",
    KubeScheduler = "kubeScheduler",
}

/** In the order in which they start. */
export const controlPlanePrograms = [
    ControlPlaneProgram.Etcd,
    ControlPlaneProgram.KubeApiserver,
    ControlPlaneProgram.KubeControllerManager,
    ControlPlaneProgram.KubeScheduler,
] as const;

/** A program's own name, as kube-apiserver. */
export function programName(program: ControlPlaneProgram): string {
    return program.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
