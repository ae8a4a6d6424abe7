/**
 * Keeps previews quick: zod loads its messages in fifty languages, a file each, and takes the English ones alone. Where
 * zod comes without that index, nothing is left out. Measured in the environment kind: 0.05 to 0.1 of 2.7 seconds.
 */
import Module from "node:module";

try {
    const index = require.resolve("zod/v4/locales");
    const english = new Module(index);
    english.loaded = true;
    english.exports = {};
    require.cache[index] ??= english;
} catch {
    // Another version of zod: slower, not wrong.
}
