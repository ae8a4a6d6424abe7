/**
 * Keeps previews quick: zod loads its messages in fifty languages, a file each, and the SDK all that drives its CLI, which
 * few programs ever ask for. Both are loaded when they are. Measured in a preview of one machine: a tenth of a second.
 */
import Module from "node:module";

for (const request of ["zod/v4/locales", "@pulumi/pulumi/automation"]) {
    postpone(request);
}

/**
 * Puts something in a module's place that loads it as soon as anything of it is read; if the names that it exports are told,
 * to ask for those is not enough.
 */
export function postpone(request: string, names?: readonly string[]): void {
    // Where a loader gives modules a require of its own, it has no cache.
    const cache = require.cache as NodeJS.Dict<NodeJS.Module> | undefined;
    let file: string;
    try {
        file = require.resolve(request);
    } catch {
        // Another version, without that module: slower, not wrong.
        return;
    }
    if (cache === undefined || cache[file] !== undefined) {
        return;
    }
    const later = new Module(file);
    later.loaded = true;
    later.exports = new Proxy({}, standIn(loader(file), names));
    cache[file] = later;
}

function loader(file: string): () => object {
    let real: object | undefined;
    return () => {
        if (real === undefined) {
            // Whatever it loads itself may ask for it while it is loaded.
            // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a map of files
            delete require.cache[file];
            // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() would make who reads it wait
            real = require(file) as object;
        }
        return real;
    };
}

function standIn(load: () => object, names: readonly string[] | undefined): ProxyHandler<object> {
    const all = () => names ?? Reflect.ownKeys(load());
    const has = (name: string | symbol) =>
        names === undefined ? name in load() : names.includes(String(name));
    const isListed = (name: string | symbol) =>
        names === undefined
            ? Reflect.getOwnPropertyDescriptor(load(), name)?.enumerable
            : has(name);
    return {
        get: (target, name): unknown =>
            name === "__esModule" ? true : Reflect.get(has(name) ? load() : target, name),
        has: (target, name) => has(name) || name in target,
        ownKeys: () => [...all()],
        getOwnPropertyDescriptor: (_, name) => {
            const enumerable = isListed(name);
            return enumerable === undefined || !has(name)
                ? undefined
                : {
                      configurable: true,
                      enumerable,
                      get: () => Reflect.get(load(), name) as unknown,
                  };
        },
    };
}
