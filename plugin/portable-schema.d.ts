/** The schema that the plugin answers, of the package's own. */
export function portable<Schema>(schema: Schema): Schema;
