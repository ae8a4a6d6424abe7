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

const root = path.dirname(__dirname);
const schema = JSON.parse(fs.readFileSync(path.join(root, "schema.json"), "utf8"));

/** Where components of a clone were loaded from: an edit counts from the next run on. */
let loaded;

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

/** Those of the package; where the file is that only a clone has, those of the sources as they are now. */
function components() {
    if (!fs.existsSync(path.join(__dirname, "PulumiPlugin.yaml"))) {
        return require(root);
    }
    loaded ??= require("./sources").compiled(root, path.join(__dirname, "node_modules/.kubedev"));
    return require(loaded);
}

const { version } = schema;
main({ version, schema: JSON.stringify(portable(schema)), construct }, process.argv.slice(2));
