/** The components as a Pulumi plugin, for programs in YAML, Python, Go, .NET and Java. */
export * from "../index";
