import { yaml } from "./yaml";
import { runError } from "./errors";

/** A file that cloud-init writes once, early in a machine's first boot: before users and packages. */
export interface CloudFile {
    /** Absolute path. */
    path: string;
    content: string;
    /** Octal. Default "0644". */
    permissions?: string;
}

/** What cloud-init does at a machine's first boot, in this order. Nothing of it is secret: any process of the machine can read it. */
export interface CloudConfig {
    hostname?: string;
    files?: readonly CloudFile[];
    /** Whether the lists of packages are fetched anew before packages are installed. Default: as the image has it. */
    packageUpdate?: boolean;
    packages?: readonly string[];
    /** Argument vectors, run as root, one after the other, whether those before succeeded or not. */
    commands?: readonly (readonly string[])[];
    /** False: nothing is said of logins with passwords. Default: nobody logs in with one. */
    refusePasswords?: false;
    /** Whether root logs in with its own keys. Default: as the image has it. */
    rootLogin?: boolean;
    /** True: host keys that are there before cloud-init looks for them are kept, no others are made, and those of earlier user data do not count. Default: all are made anew. */
    keepHostKeys?: true;
    /** True: /etc/hosts is left alone. Default: as the image has it; some have it written anew at each boot. */
    keepHosts?: true;
    /** True: cards are configured anew at each boot, as the seed then says. Default: once, at the first boot. */
    networkAtBoot?: true;
}

/**
 * Most bytes of user data: Azure saves at most 65535 bytes of osProfile.customData, counted before base64 (ARM reference,
 * Microsoft.Compute/virtualMachines). Other clouds take less, a machine of QEMU more.
 */
export const maxCloudConfigBytes = 65_535;

/** User data of cloud-init. Throws one error that names every problem. */
export function cloudConfig(config: CloudConfig): string {
    const document = {
        hostname: config.hostname,
        ssh_pwauth: config.refusePasswords === undefined ? false : undefined,
        disable_root: config.rootLogin === undefined ? undefined : !config.rootLogin,
        ssh_deletekeys: config.keepHostKeys === undefined ? undefined : false,
        ssh_genkeytypes: config.keepHostKeys === undefined ? undefined : ["ed25519"],
        // In the form of a template, an include or a message nobody sees them before cloud-init does.
        ssh_keys: config.keepHostKeys === undefined ? undefined : {},
        manage_etc_hosts: config.keepHosts === undefined ? undefined : false,
        updates:
            config.networkAtBoot === undefined
                ? undefined
                : { network: { when: ["boot-new-instance", "boot"] } },
        write_files: config.files?.map(({ path, content, permissions = "0644" }) => ({
            path,
            content,
            permissions,
        })),
        package_update: config.packageUpdate,
        packages: config.packages,
        runcmd: config.commands,
    };
    // cloud-init reads YAML 1.1, where a plain yes is true and a plain 0644 is 420; in quotes a text is a text in all versions.
    const written = yaml().stringify(document, {
        defaultStringType: "QUOTE_DOUBLE",
        defaultKeyType: "PLAIN",
        doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
        lineWidth: 0,
        aliasDuplicateObjects: false,
    });
    // PyYAML refuses such characters or takes them for the end of a line; they stand in quoted texts alone.
    const text = `#cloud-config\n${written.replace(/[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g, escaped)}`;
    const problems = [...problemsOf(config), ...lengthProblems(text)];
    if (problems.length > 0) {
        throw runError(`cloud-config: ${problems.join("; ")}`);
    }
    return text;
}

function escaped(character: string): string {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function lengthProblems(text: string): string[] {
    const bytes = Buffer.byteLength(text);
    return bytes <= maxCloudConfigBytes
        ? []
        : [
              `the whole text has ${String(bytes)} bytes, expected at most ${String(maxCloudConfigBytes)}, which is what Azure takes; fetch what is long on the machine, or put it there with a HostFile`,
          ];
}

function problemsOf({ hostname, files = [], packages = [], commands = [] }: CloudConfig): string[] {
    const wrong = (holds: boolean, problem: string) => (holds ? [] : [problem]);
    const texts: [string, string][] = [
        ...files.map(({ path, content }): [string, string] => [`file ${path}`, content]),
        ...commands.map((argv): [string, string] => [`command ${argv[0] ?? ""}`, argv.join(" ")]),
    ];
    return [
        ...wrong(
            hostname === undefined || /^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/i.test(hostname),
            `host name is ${show(hostname ?? "")}, expected letters, digits and inner hyphens, at most 64`,
        ),
        ...files.flatMap(({ path, permissions = "0644" }) => [
            ...wrong(isFilePath(path), `file is ${show(path)}, expected an absolute path`),
            ...wrong(
                /^[0-7]{3,4}$/.test(permissions),
                `permissions of ${path} are ${show(permissions)}, expected octal such as 0644`,
            ),
        ]),
        ...packages.flatMap((name) =>
            wrong(
                /^[a-z0-9][a-z0-9+.-]+$/.test(name),
                `package is ${show(name)}, expected the name of one`,
            ),
        ),
        ...commands.flatMap((argv) =>
            wrong(
                (argv[0] ?? "") !== "" && argv.every((word) => !word.includes("\0")),
                `command is ${show(argv)}, expected a program and its arguments without NUL`,
            ),
        ),
        ...texts.flatMap(([what, text]) => [
            ...wrong(
                !holdsPrivateKey(text),
                `${what} holds a private key, expected nothing secret: user data can be read by every process of the machine, and by everybody who may read the machine in the cloud's portal; hand it over as a protected parameter of a run command`,
            ),
            ...wrong(
                !/\p{Surrogate}/u.test(text),
                `${what} holds half a surrogate pair, expected text that UTF-8 can hold`,
            ),
        ]),
    ];
}

/** As text, or in base64. */
function holdsPrivateKey(text: string): boolean {
    const decoded = (text.match(/[A-Za-z0-9+/]{40,}/g) ?? []).map((run) =>
        Buffer.from(run, "base64").toString("latin1"),
    );
    return [text, ...decoded].some((each) => each.includes("PRIVATE KEY"));
}

function isFilePath(path: string): boolean {
    return /^\/[^\0\n]*[^\0\n/]$/.test(path) && !path.split("/").includes("..");
}

/** Short, since it may be long, and never a file's content. */
function show(value: string | readonly string[]): string {
    const text = JSON.stringify(value);
    return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
