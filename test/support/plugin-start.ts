/** How long a provider plugin takes from its start until it has answered who it is and what it has. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { credentials } from "@grpc/grpc-js";
import {
    ProgramInfo,
    RunPluginRequest,
    type RunPluginResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

// The SDK ships these without types.
/* eslint-disable @typescript-eslint/no-require-imports */
const { ResourceProviderClient } = require("@pulumi/pulumi/proto/provider_grpc_pb") as {
    ResourceProviderClient: new (address: string, by: unknown) => Client;
};
const { LanguageRuntimeClient } = require("@pulumi/pulumi/proto/language_grpc_pb") as {
    LanguageRuntimeClient: new (address: string, by: unknown) => LanguageClient;
};
const { GetSchemaRequest } = require("@pulumi/pulumi/proto/provider_pb") as {
    GetSchemaRequest: new () => unknown;
};
/* eslint-enable @typescript-eslint/no-require-imports */

type Answer<T> = (error: Error | null, response: T) => void;
interface Client {
    getPluginInfo(request: unknown, answer: Answer<{ getVersion(): string }>): void;
    getSchema(request: unknown, answer: Answer<{ getSchema(): string }>): void;
    close(): void;
}

interface LanguageClient {
    runPlugin(request: RunPluginRequest): NodeJS.ReadableStream & { cancel(): void };
    close(): void;
}

export interface Started {
    /** Until the answer to the first call, in ms. */
    firstAnswerMs: number;
    /** Until the whole schema was there, in ms. */
    schemaMs: number;
    version: string;
    schema: string;
}

/** Starts a plugin as the engine does, asks it, and ends it. */
export async function startPlugin(command: readonly string[], cwd: string): Promise<Started> {
    const begun = performance.now();
    const child = started(command, cwd);
    try {
        return await ask(await child.firstLine, begun);
    } finally {
        child.end();
    }
}

/** Has Pulumi's Node host, which runs already, start a plugin folder, as the engine does; asks it, and ends it. */
export async function startByHost(host: string, folder: string): Promise<Started> {
    // No engine is there: the host connects to it only when something is to be said.
    const child = started([host, "127.0.0.1:1"], folder);
    const client = new LanguageRuntimeClient(
        `127.0.0.1:${await child.firstLine}`,
        credentials.createInsecure(),
    );
    const program = new ProgramInfo();
    program.setRootDirectory(folder);
    program.setProgramDirectory(folder);
    program.setEntryPoint(".");
    program.setOptions(Struct.fromJavaScript({}));
    const request = new RunPluginRequest();
    request.setPwd(folder);
    request.setInfo(program);
    request.setKind("resource");
    request.setArgsList(["127.0.0.1:1"]);
    request.setEnvList(
        Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ""}`),
    );
    const begun = performance.now();
    const running = client.runPlugin(request);
    let port = "";
    try {
        port = await new Promise<string>((resolve, reject) => {
            let said = "";
            running.on("data", (response: RunPluginResponse) => {
                const printed = Buffer.from(response.getStdout_asU8()).toString().trim();
                said += Buffer.from(response.getStderr_asU8()).toString();
                if (printed !== "") resolve(printed);
            });
            running.on("end", () => reject(new Error(`the plugin ended: ${said}`)));
            running.on("error", (error: Error) => reject(error));
        });
        return await ask(port, begun);
    } finally {
        running.cancel();
        // The host ends the plugin; without a host it would stay.
        while (port !== "" && (await answers(port))) {
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        client.close();
        child.end();
    }
}

function answers(port: string): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = net.connect(Number(port), "127.0.0.1");
        socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
        socket.on("connect", () => socket.destroy());
    });
}

/** A server of Pulumi's, whose first line is the port that it listens on. */
function started([program = "", ...args]: readonly string[], cwd: string) {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const firstLine = new Promise<string>((resolve, reject) => {
        let said = "";
        child.stderr.on("data", (data: Buffer) => (said += data.toString()));
        child.stdout.on("data", (data: Buffer) => resolve(data.toString().trim()));
        child.on("error", reject);
        child.on("close", (code) => reject(new Error(`ended with ${String(code)}: ${said}`)));
    });
    return { firstLine, end: () => child.kill() };
}

async function ask(port: string, begun: number): Promise<Started> {
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const asked = <T>(question: (answer: Answer<T>) => void) =>
        new Promise<T>((resolve, reject) => {
            question((error, response) => (error === null ? resolve(response) : reject(error)));
        });
    const info = await asked<{ getVersion(): string }>((answer) => {
        client.getPluginInfo(new Empty(), answer);
    });
    const firstAnswerMs = performance.now() - begun;
    const answer = await asked<{ getSchema(): string }>((then) => {
        client.getSchema(new GetSchemaRequest(), then);
    });
    const schemaMs = performance.now() - begun;
    client.close();
    return {
        ...{ firstAnswerMs, schemaMs },
        ...{ version: info.getVersion(), schema: answer.getSchema() },
    };
}

/** Writes a provider that has nothing, as small as one on Pulumi's SDK can be, into a folder with the SDK; answers its path. */
export function emptyProvider(folder: string): string {
    const file = path.join(folder, "empty-provider.js");
    fs.writeFileSync(
        file,
        `const pulumi = require("@pulumi/pulumi");
const schema = JSON.stringify({ name: "empty", version: "1.0.0" });
pulumi.provider.main({ version: "1.0.0", schema }, process.argv.slice(2));
`,
    );
    return file;
}
