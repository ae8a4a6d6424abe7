/** Tiers are folders of test/; test/run picks those that this machine can run. */
module.exports = {
    testEnvironment: "node",
    roots: ["<rootDir>/test"],
    testMatch: ["**/*.test.ts"],
    modulePathIgnorePatterns: ["<rootDir>/test/consumers"],
    transform: { "^.+\\.ts$": ["ts-jest", { diagnostics: false }] },
    testTimeout: 120_000,
    maxWorkers: 2,
    testSequencer: "<rootDir>/test/slowest-first.js",
};
