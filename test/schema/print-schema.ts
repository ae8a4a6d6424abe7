/** Prints the schema of the package in a folder, by default the repository: `npm run schema` writes it to schema.json. */
import * as path from "node:path";
import {
    ComponentProvider,
    getPulumiComponents,
} from "@pulumi/pulumi/provider/experimental/provider";
import * as kubedev from "../../index";

const provider = new ComponentProvider({
    name: "kubedev",
    dirname: process.argv[2] ?? path.resolve(__dirname, "../.."),
    components: getPulumiComponents(kubedev),
});
void provider.getSchema().then((schema) => {
    process.stdout.write(`${JSON.stringify(JSON.parse(schema), null, 4)}\n`);
});
