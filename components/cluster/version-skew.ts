/** Programs whose version may differ from that of the API server, within bounds. */
export interface SkewVersions {
    kubeControllerManager?: string;
    kubeScheduler?: string;
    kubectl?: string;
    kubeadm?: string;
}

/** A version of Kubernetes, also of a build from a tree, as "v1.37.0-alpha.1.5+abc-dirty". */
export const versionForm = /^v1\.(0|[1-9]\d*)\.\d+(?:[-+][\w.+-]*)?$/;

/** The second number of a version. */
export function minorOf(version: string): number {
    return Number(versionForm.exec(version)?.[1] ?? Number.NaN);
}

/**
 * How many minor releases each may be newer and older than the API server: Kubernetes' version skew policy
 * (https://kubernetes.io/releases/version-skew-policy/), and of kubeadm its own (a control plane of its release or of the one
 * before, https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/create-cluster-kubeadm/#version-skew-policy).
 */
const allowed: Record<keyof SkewVersions, { newer: number; older: number; words: string }> = {
    kubeControllerManager: { newer: 0, older: 1, words: "that minor release or the one before" },
    kubeScheduler: { newer: 0, older: 1, words: "that minor release or the one before" },
    kubectl: { newer: 1, older: 1, words: "that minor release, the one before or the one after" },
    kubeadm: { newer: 1, older: 0, words: "that minor release or the one after" },
};

/** What is wrong with the versions of programs beside an API server of this version. */
export function skewProblems(
    apiserver: string,
    versions: SkewVersions,
): { propertyPath: string; reason: string }[] {
    return Object.entries(allowed).flatMap(([name, { newer, older, words }]) => {
        const version = versions[name as keyof SkewVersions];
        const ahead = version === undefined ? 0 : minorOf(version) - minorOf(apiserver);
        return ahead <= newer && ahead >= -older
            ? []
            : [
                  {
                      propertyPath: `versions.${name}`,
                      reason: `got ${String(version)} beside an API server ${apiserver}; expected ${words} (Kubernetes' version skew policy)`,
                  },
              ];
    });
}

/** What is wrong with the kubelet and kube-proxy of a node beside an API server: both may be up to three minor releases older. */
export function nodeSkewProblem(
    apiserver: string,
    version: string,
): { propertyPath: string; reason: string }[] {
    const ahead = minorOf(version) - minorOf(apiserver);
    return ahead <= 0 && ahead >= -3
        ? []
        : [
              {
                  propertyPath: "kubernetesVersion",
                  reason: `got ${version} beside an API server ${apiserver}; expected that minor release or up to three older (Kubernetes' version skew policy)`,
              },
          ];
}
