/** Functions of Kubernetes where one begins to read, by program and name: each is a place that delve takes. */
const presets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "kube-apiserver": {
        start: "k8s.io/kubernetes/cmd/kube-apiserver/app.CreateServerChain",
        authenticate:
            "k8s.io/apiserver/pkg/authentication/request/x509.(*Authenticator).AuthenticateRequest",
        authorize: "k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac.(*RBACAuthorizer).Authorize",
        admit: "k8s.io/apiserver/pkg/admission.chainAdmissionHandler.Admit",
        create: "k8s.io/apiserver/pkg/registry/generic/registry.(*Store).Create",
        update: "k8s.io/apiserver/pkg/registry/generic/registry.(*Store).Update",
        customResource: "k8s.io/apiextensions-apiserver/pkg/apiserver.(*crdHandler).ServeHTTP",
    },
    "kube-controller-manager": {
        start: "k8s.io/kubernetes/cmd/kube-controller-manager/app.Run",
        deployment:
            "k8s.io/kubernetes/pkg/controller/deployment.(*DeploymentController).syncDeployment",
        replicaSet:
            "k8s.io/kubernetes/pkg/controller/replicaset.(*ReplicaSetController).syncReplicaSet",
        job: "k8s.io/kubernetes/pkg/controller/job.(*Controller).syncJob",
        endpointSlice: "k8s.io/kubernetes/pkg/controller/endpointslice.(*Controller).syncService",
        garbageCollector:
            "k8s.io/kubernetes/pkg/controller/garbagecollector.(*GarbageCollector).attemptToDeleteItem",
        nodeLifecycle: "k8s.io/kubernetes/pkg/controller/nodelifecycle.(*Controller).processPod",
    },
    "kube-scheduler": {
        schedulePod: "k8s.io/kubernetes/pkg/scheduler.(*Scheduler).ScheduleOne",
        schedulingCycle: "k8s.io/kubernetes/pkg/scheduler.(*Scheduler).schedulingCycle",
        findNode: "k8s.io/kubernetes/pkg/scheduler.(*Scheduler).schedulePod",
        bindingCycle: "k8s.io/kubernetes/pkg/scheduler.(*Scheduler).bindingCycle",
    },
    kubelet: {
        start: "k8s.io/kubernetes/cmd/kubelet/app.RunKubelet",
        syncLoop: "k8s.io/kubernetes/pkg/kubelet.(*Kubelet).syncLoopIteration",
        podAdded: "k8s.io/kubernetes/pkg/kubelet.(*Kubelet).HandlePodAdditions",
        syncPod: "k8s.io/kubernetes/pkg/kubelet.(*Kubelet).SyncPod",
        containers:
            "k8s.io/kubernetes/pkg/kubelet/kuberuntime.(*kubeGenericRuntimeManager).SyncPod",
    },
    "kube-proxy": {
        iptables: "k8s.io/kubernetes/pkg/proxy/iptables.(*Proxier).syncProxyRules",
        nftables: "k8s.io/kubernetes/pkg/proxy/nftables.(*Proxier).syncProxyRules",
        serviceAdded: "k8s.io/kubernetes/pkg/proxy/iptables.(*Proxier).OnServiceAdd",
        endpointsAdded: "k8s.io/kubernetes/pkg/proxy/iptables.(*Proxier).OnEndpointSliceAdd",
    },
};

/** Programs that have presets. */
export const presetPrograms = Object.keys(presets);

/** Presets of the program whose file this is, by its name; none of one that is not of Kubernetes. */
export function presetsOf(binaryPath: string): Readonly<Record<string, string>> {
    return presets[binaryPath.split("/").at(-1) ?? ""] ?? {};
}

/** A preset's place, by its name; any other text is a place itself. */
export function placeOf(binaryPath: string, breakpoint: string): string {
    return presetsOf(binaryPath)[breakpoint] ?? breakpoint;
}
