import js from "@eslint/js";
import boundaries from "eslint-plugin-boundaries";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/** The layers of components/, from the ground up: each may import from itself and from those before it. */
const layers = [
    { category: "internal", pattern: "components/internal/!(index).ts" },
    { category: "host", pattern: "components/host/!(index).ts" },
    { category: "machines", pattern: "components/{qemu,azure}/!(index).ts" },
    { category: "source", pattern: "components/source/!(index).ts" },
    { category: "clusters", pattern: "components/{kind,cluster,addons}/!(index).ts" },
    { category: "loop", pattern: "components/{swap,debug}/!(index).ts" },
];
const others = [
    { category: "api", pattern: "index.ts" },
    // What is public of an area. Environments take the areas that they use, not all, since each preview loads what they take.
    { category: "areas", pattern: "components/*/index.ts" },
    { category: "plugin", pattern: "plugin/**" },
    { category: "policy", pattern: "policy/**" },
    { category: "environments", pattern: "stacks/**" },
    { category: "tests", pattern: "test/**" },
];
const ofComponents = layers.map(({ category }) => category);

const mayImport = (from, to) => ({
    from: { file: { categories: from } },
    allow: { to: { file: { categories: { anyOf: to } } } },
});

const layerRule = [
    "error",
    {
        default: "disallow",
        message:
            "{{from.file.categories}} may not import from {{to.file.categories}}: imports go down only (loop > clusters > source > machines > host > internal), the plugin imports index.ts, the policy imports internal, and environments the index.ts of areas. Move what both need to a lower layer, or take it as an argument.",
        policies: [
            ...ofComponents.map((layer, rank) => mayImport(layer, ofComponents.slice(0, rank + 1))),
            mayImport("areas", ofComponents),
            mayImport("api", ["areas"]),
            mayImport("plugin", ["api"]),
            mayImport("policy", ["internal", "policy"]),
            mayImport("environments", ["areas", "environments"]),
            mayImport(
                "tests",
                [...layers, ...others].map(({ category }) => category),
            ),
        ],
    },
];

export default defineConfig(
    globalIgnores(["**/node_modules/", "bin/", "coverage/", "site/", ".toolchain/"]),
    js.configs.recommended,
    {
        linterOptions: { reportUnusedDisableDirectives: "error" },
    },
    {
        files: ["**/*.{js,mjs}"],
        languageOptions: {
            globals: {
                __dirname: "readonly",
                console: "readonly",
                exports: "writable",
                module: "writable",
                process: "readonly",
                require: "readonly",
            },
        },
    },
    {
        files: ["**/*.ts"],
        extends: [tseslint.configs.strictTypeChecked],
        languageOptions: {
            // One program for all files: a project per folder would be type-checked anew for each.
            parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname },
        },
        rules: {
            "@typescript-eslint/no-explicit-any": "error",
            "@typescript-eslint/no-floating-promises": "error",
            "@typescript-eslint/prefer-nullish-coalescing": "error",
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
            "@typescript-eslint/no-confusing-void-expression": [
                "error",
                { ignoreArrowShorthand: true },
            ],
            "@typescript-eslint/switch-exhaustiveness-check": "error",
            eqeqeq: "error",
        },
    },
    {
        files: ["{components,stacks,plugin,policy,test}/**/*.ts", "index.ts"],
        plugins: { boundaries },
        settings: {
            "import/resolver": { node: { extensions: [".ts", ".js", ".json"] } },
            "boundaries/files": [...others, ...layers],
        },
        rules: {
            "boundaries/dependencies": layerRule,
            "boundaries/no-unknown-files": "error",
        },
    },
    {
        files: ["components/**/*.ts"],
        ignores: [
            "components/internal/paths.ts",
            "components/internal/promise-traces.ts",
            "components/internal/sdk-messages.ts",
        ],
        rules: {
            "no-restricted-syntax": [
                "error",
                {
                    selector: "NewExpression[callee.property.name='Config']",
                    message: "Only stacks/ reads Pulumi config: take an argument instead.",
                },
                {
                    selector: "MemberExpression[object.name='process'][property.name='env']",
                    message:
                        "A component takes arguments; only components/internal/paths.ts reads the environment.",
                },
                {
                    selector: "ThrowStatement > NewExpression",
                    message:
                        "Throw what components/internal/errors.ts makes: the SDK chokes on the stack of a bare error.",
                },
            ],
        },
    },
    {
        files: ["components/**/*.ts"],
        ignores: ["components/host/**"],
        rules: {
            "no-restricted-imports": [
                "error",
                {
                    paths: ["@pulumi/command", "child_process", "node:child_process"].map(
                        (name) => ({
                            name,
                            message:
                                "Use the primitives of components/host: they alone run things.",
                        }),
                    ),
                },
            ],
        },
    },
);
