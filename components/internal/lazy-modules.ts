/**
 * Keeps previews quick: zod loads its messages in fifty languages, a file each, and the SDK all that drives its CLI, which
 * few programs ever ask for. Both are loaded when they are. Measured in a preview of one machine: a tenth of a second.
 */
import Module from "node:module";

for (const request of ["zod/v4/locales", "@pulumi/pulumi/automation"]) {
    try {
        postpone(request);
    } catch {
        // Another version, without that module: slower, not wrong.
    }
}

/** Puts something in a module's place that loads it as soon as anything of it is read. */
function postpone(request: string): void {
    const file = require.resolve(request);
    if (require.cache[file] !== undefined) {
        return;
    }
    const later = new Module(file);
    let real: object | undefined;
    const load = (): object => {
        if (real === undefined) {
            // Whatever it loads itself may ask for it while it is loaded.
            // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a map of files
            delete require.cache[file];
            // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() would make who reads it wait
            real = require(file) as object;
        }
        return real;
    };
    later.loaded = true;
    later.exports = new Proxy(
        {},
        {
            get: (_, name): unknown => (name === "__esModule" ? true : Reflect.get(load(), name)),
            has: (_, name) => name in load(),
            ownKeys: () => Reflect.ownKeys(load()),
            getOwnPropertyDescriptor: (_, name) => {
                const found = Reflect.getOwnPropertyDescriptor(load(), name);
                return found === undefined ? undefined : { ...found, configurable: true };
            },
        },
    );
    require.cache[file] = later;
}
