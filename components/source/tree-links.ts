/** The web address of a repository on GitHub, without the final slash; undefined for one that is elsewhere. */
export function webUrl(gitUrl: string): string | undefined {
    const [, owner, name] =
        /^(?:https:\/\/|ssh:\/\/git@|git@)github\.com[/:]([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(
            gitUrl,
        ) ?? [];
    return owner === undefined || name === undefined
        ? undefined
        : `https://github.com/${owner}/${name}`;
}

/** Page that shows a branch of a fork as a pull request would, against the upstream's default branch. */
export function compareUrl(upstream: string, origin: string, branch: string): string | undefined {
    const [theirs, ours] = [webUrl(upstream), webUrl(origin)];
    const owner = ours?.split("/").at(-2);
    return theirs === undefined || owner === undefined || branch === ""
        ? undefined
        : `${theirs}/compare/${owner}:${branch}?expand=1`;
}

// Where a reader of Kubernetes begins, and what a contributor follows.
const places = {
    kubelet: "pkg/kubelet/kubelet.go",
    runKubelet: "cmd/kubelet/app/server.go",
    featureGates: "pkg/features/kube_features.go",
    cloudProvider: "staging/src/k8s.io/cloud-provider",
    customResources: "staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource",
    kubectl: "staging/src/k8s.io/kubectl/pkg/cmd",
    kubectlDescribe: "staging/src/k8s.io/kubectl/pkg/describe/describe.go",
    clientGo: "staging/src/k8s.io/client-go",
};
const followed = {
    releaseNotes: "https://kubernetes.io/releases/notes/",
    milestones:
        "https://github.com/kubernetes/kubernetes/milestones?direction=asc&sort=title&state=open",
    enhancements: "https://github.com/kubernetes/enhancements/tree/master/keps",
    issues: "https://github.com/kubernetes/kubernetes/issues",
};

/** Pages to read, at a commit of Kubernetes; none for another repository. */
export function treeLinks(upstream: string, commit: string): Record<string, string> {
    const web = webUrl(upstream);
    if (web === undefined || !web.endsWith("/kubernetes")) {
        return {};
    }
    const read = Object.entries(places).map(([name, place]) => [
        name,
        // Files are blobs, directories are trees.
        `${web}/${/\.\w+$/.test(place) ? "blob" : "tree"}/${commit}/${place}`,
    ]);
    return { ...Object.fromEntries(read), ...followed } as Record<string, string>;
}
