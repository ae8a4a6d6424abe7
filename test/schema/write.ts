/** `npm run schema`: writes schema.json anew. */
import * as fs from "node:fs";
import * as path from "node:path";
import { inferSchema, root } from "./infer";

void inferSchema(root).then((schema) => {
    fs.writeFileSync(path.join(root, "schema.json"), `${JSON.stringify(schema, null, 4)}\n`);
});
