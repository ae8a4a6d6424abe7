/** Checks that a program makes on itself, in previews: `import * as policy from "kubedev/policy"`. */
export { Check, enforce, type PolicyArgs, type PolicyException, violations } from "./enforce";
export { machinesWithoutExpiry } from "./expiry";
export { unpinnedImages } from "./images";
export { openRanges } from "./open-ranges";
export { type DeclaredResource, type Violation } from "./resource";
