/** Another program in the place of the one that a service runs, on nodes that go on living. */
export { BinaryRollout } from "./binary-rollout";
export { BinarySwap } from "./binary-swap";
export { type BinaryRolloutArgs, type RolloutNodeArgs } from "./rollout-args";
export { type BinarySwapArgs, type SwapBinaryArgs } from "./swap-args";
