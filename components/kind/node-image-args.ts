import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { SourceFiles } from "../source/source-files";
import { EngineRef } from "./container-engine";
import { NodeBinaryArgs } from "./node-binaries";

/** Arguments of a NodeImage. Give version, release, source, or base. */
export interface NodeImageArgs {
    /** Where it is built. Defaults to this machine; a tree is built where it is. */
    host?: pulumi.Input<Host>;
    /** The container engine that gets it. Defaults to the host's own. */
    engine?: pulumi.Input<EngineRef>;
    /** A published image by digest, as "kindest/node:v1.36.1@sha256:...". It is pulled when the cluster is made. */
    release?: string;
    /** Version of Kubernetes, as "v1.36.1": the image is built from Debian packages and Go modules, no registry is asked. */
    version?: string;
    /** A tree of Kubernetes, as the files of a SourceTree: built by `kind build node-image`, again when what it is made from has changed. */
    source?: pulumi.Input<SourceFiles>;
    /** An image that is in the engine, as the tag of another NodeImage: only binaries and extraImages are laid over it. */
    base?: pulumi.Input<string>;
    /** With source: path of kind on the host, as of a Build of sigs.k8s.io/kind. Defaults to kind on the PATH. */
    kindPath?: pulumi.Input<string>;
    /** With source: what kind builds upon, as the tag of another NodeImage, whose images and network the new one has too. Defaults to the published one that kind names, which is pulled. */
    baseImage?: pulumi.Input<string>;
    /** Debian release of the nodes. Defaults to bookworm. */
    suite?: pulumi.Input<string>;
    /** Debian package mirror. Defaults to that of the host's own package sources. */
    mirror?: pulumi.Input<string>;
    /** Images of the engine that every node has from the start. Defaults to none. */
    extraImages?: pulumi.Input<pulumi.Input<string>[]>;
    /** Programs that are laid over those of the image, by name: kubelet, kubeadm, kubectl, kube-apiserver, kube-controller-manager, kube-scheduler. Defaults to none. */
    binaries?: Record<string, pulumi.Input<NodeBinaryArgs>>;
}
