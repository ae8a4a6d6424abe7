/**
 * Keeps previews quick: of all areas of the package a program uses two or three, and loads the others when it reads a name of
 * theirs. Measured of a program with one machine: 86 ms of CPU for loading instead of 195. index.ts begins with this.
 */
import * as path from "node:path";
import { exportedNames } from "./exported-names";
import { postpone } from "./lazy-modules";

for (const [area, names] of Object.entries(exportedNames)) {
    postpone(path.resolve(__dirname, "..", area), names);
}
