/** Hosts and what is put on them: commands, files, services, artifacts, ssh keys. */
import "../internal/lazy-modules";
import "../internal/closure-debugger";
import "../internal/promise-traces";
export {
    type ContainerArgs,
    type Host,
    HostOs,
    type SshArgs,
    type SshLastProxyArgs,
    type SshProxyArgs,
} from "./host";
export { type HealthCheckArgs } from "./health-check";
export { HostArtifact, type HostArtifactArgs } from "./host-artifact";
export { HostCommand, type HostCommandArgs } from "./host-command";
export { HostFile, type HostFileArgs } from "./host-file";
export { HostService, type HostServiceArgs } from "./host-service";
export { type SshKeyFiles, SshKeyPair, type SshKeyPairArgs } from "./ssh-key-pair";
export { Supervisor } from "./service-resource";
export { type DelveServer } from "./under-delve";
export { WindowsShell } from "./windows-service";
