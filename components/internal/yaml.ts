import type * as Yaml from "yaml";

/** The reader and writer of YAML, loaded where it is used: most runs read and write none, and it takes some forty milliseconds. */
export function yaml(): typeof Yaml {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() would make all who use it wait
    return require("yaml") as typeof Yaml;
}
