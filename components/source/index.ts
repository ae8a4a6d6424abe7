/** Source trees, builds and checks. */
export { type Binary, Build, type BuildArgs } from "./build";
export { BuildHost, type BuildHostArgs } from "./build-host";
export { BuildMode } from "./go-build";
export { CheckSuite } from "./check-commands";
export { type CheckResults, Checks, type ChecksArgs } from "./checks";
export { type SourceFiles } from "./source-files";
export { SourceTree, type SourceTreeArgs, TreeRemoval } from "./source-tree";
