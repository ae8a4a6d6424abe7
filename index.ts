/** kubedev: Pulumi components that declare a whole Kubernetes development environment. */
// Of the areas below only those are loaded that a program takes something of.
// eslint-disable-next-line boundaries/dependencies -- no area has it
import "./components/internal/lazy-areas";
export * from "./components/host";
export * from "./components/qemu";
export * from "./components/azure";
export * from "./components/kind";
export * from "./components/cluster";
export * from "./components/addons";
export * from "./components/source";
export * from "./components/debug";
export * from "./components/swap";
