/**
 * The package's schema as other languages get it. Pulumi's YAML takes a value of an enum for nothing but what it is, not even
 * for the same enum, so that an output with one in it, as a machine's `host`, could not be an argument of another component:
 * in what is ever an output, an enum is the string or number that it stands for.
 */
exports.portable = (schema) => {
    const types = { ...schema.types };
    const plain = (property) => {
        if (Array.isArray(property) || property === null || typeof property !== "object") {
            return property;
        }
        const { $ref, ...rest } = property;
        const named = types[nameOf($ref)];
        if (named?.enum !== undefined) {
            return { ...rest, type: named.type };
        }
        return Object.fromEntries(
            Object.entries(property).map(([key, value]) => [key, plain(value)]),
        );
    };
    for (const name of ofOutputs(schema)) {
        if (types[name].properties !== undefined) {
            types[name] = { ...types[name], properties: plain(types[name].properties) };
        }
    }
    const resources = Object.entries(schema.resources).map(([token, resource]) => [
        token,
        { ...resource, properties: plain(resource.properties ?? {}) },
    ]);
    return { ...schema, types, resources: Object.fromEntries(resources) };
};

/** Names of the types that outputs are made of. */
function ofOutputs({ resources, types }) {
    const found = new Set();
    const look = (value) => {
        if (value === null || typeof value !== "object") {
            return;
        }
        const name = nameOf(value.$ref);
        if (name in types && !found.has(name)) {
            found.add(name);
            look(types[name]);
        }
        Object.values(value).forEach(look);
    };
    Object.values(resources).forEach(({ properties }) => look(properties));
    return found;
}

function nameOf(reference) {
    return typeof reference === "string" ? reference.replace("#/types/", "") : "";
}
