/** kubedev: Pulumi components that declare a whole Kubernetes development environment. */
export * from "./components/host";
export * from "./components/qemu";
export * from "./components/azure";
export * from "./components/kind";
export * from "./components/cluster";
export * from "./components/addons";
export * from "./components/source";
export * from "./components/debug";
export * from "./components/swap";
