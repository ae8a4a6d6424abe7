/** Another program in the place of the one that a service runs, on nodes that go on living. */
export { BinarySwap, type BinarySwapArgs, type SwapBinaryArgs } from "./binary-swap";
