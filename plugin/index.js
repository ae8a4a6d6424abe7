/**
 * The components as a Pulumi plugin, for programs in YAML, Python, Go, .NET and Java. Any Node host of Pulumi runs this
 * folder, and so does the program beside it, where a host cannot. Pulumi would infer the schema from the sources at each
 * start, which takes a compiler and seconds: here it is the file that the package brings, and components are loaded when
 * the first one is declared.
 */
const fs = require("node:fs");
const path = require("node:path");
const { main } = require("@pulumi/pulumi/provider");
const { portable } = require("./portable-schema");

const folder = path.dirname(require.resolve("kubedev/package.json"));
const schema = JSON.parse(fs.readFileSync(path.join(folder, "schema.json"), "utf8"));

async function construct(name, type, inputs, options) {
    const declared = schema.resources[type];
    if (declared === undefined) {
        const known = Object.keys(schema.resources).join(", ");
        throw new Error(`kubedev ${schema.version} has no component ${type}; it has ${known}`);
    }
    const instance = new (components()[type.split(":")[2]])(name, inputs, options);
    const outputs = Object.keys(declared.properties ?? {});
    return {
        urn: instance.urn,
        state: Object.fromEntries(outputs.map((output) => [output, instance[output]])),
    };
}

/** A package from a git reference comes without what `npm pack` compiles. */
function components() {
    if (!fs.existsSync(path.join(folder, "bin/index.js"))) {
        require("./compile").compile(folder);
    }
    return require("kubedev");
}

const { version } = schema;
main({ version, schema: JSON.stringify(portable(schema)), construct }, process.argv.slice(2));
