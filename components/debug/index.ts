/** Debuggers for what runs on hosts and in clusters. */
export { DebugSession, type DebugSessionArgs } from "./debug-session";
