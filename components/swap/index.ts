/** Another program in the place of the one that a service runs, on nodes that go on living. */
export { BinarySwap } from "./binary-swap";
export { type BinarySwapArgs, type SwapBinaryArgs } from "./swap-args";
