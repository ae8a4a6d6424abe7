/**
 * The rules that our scripts for Windows keep, checked on the tree of a real PowerShell grammar: no machine of ours runs
 * Windows PowerShell 5.1, and most of these rules stand for an error that shows itself there at run time only.
 */
import * as fs from "fs";
import { setFlagsFromString } from "v8";
import { Language, Node, Parser, Tree } from "web-tree-sitter";

/** What a script calls beside its own functions: a name that is not here is an alias, a slip or a new dependency. */
export const cmdlets = new Set(
    `Add-PartitionAccessPath Add-WindowsCapability ConvertFrom-Json ConvertTo-Json ForEach-Object Format-Volume Get-ChildItem
    Get-CimInstance Get-Command Get-Date Get-Disk Get-FileHash Get-HnsNetwork Get-Item Get-NetFirewallPortFilter Get-NetFirewallRule Get-NetTCPConnection
    Get-Partition Get-PartitionSupportedSize Get-Process Get-Service Get-Variable Get-Volume Get-WindowsFeature Initialize-Disk
    Install-WindowsFeature Invoke-WebRequest New-Item New-ItemProperty New-NetFirewallRule New-Partition Remove-HnsNetwork
    Remove-Item Remove-ItemProperty Remove-NetFirewallRule Resize-Partition Restart-Service Set-Disk Set-NetFirewallRule Set-Partition Set-Service Set-StrictMode
    Sort-Object Start-Service Start-Sleep Stop-Service Test-Path Update-Disk Update-HostStorageCache Where-Object`.split(
        /\s+/,
    ),
);

/** A script and its tree. */
export class PowerShellScript {
    readonly root: Node;
    readonly functions: ReadonlyMap<string, Node>;

    constructor(
        readonly text: string,
        tree: Tree,
    ) {
        this.root = tree.rootNode;
        this.functions = new Map(
            this.all("function_statement").map((each) => [textOf(each, "function_name"), each]),
        );
    }

    all(...types: string[]): Node[] {
        return this.root.descendantsOfType(types);
    }

    /** Names in the param block of the script. */
    get parameters(): string[] {
        const block = this.root.children.find(({ type }) => type === "param_block");
        return (block?.descendantsOfType("script_parameter") ?? []).map(parameterName);
    }

    /** Names that the comment at the head explains: `#   Name, Name  what they are`. */
    get documented(): string[] {
        const head = /^(#.*\n)*/.exec(this.text)?.[0] ?? "";
        return [...head.matchAll(/^# {3}([A-Z]\w*(?:, [A-Z]\w*)*) {2,}\S/gm)].flatMap(
            ([, names]) => names?.split(", ") ?? [],
        );
    }

    /** Statements of the script itself, in order. */
    get statements(): Node[] {
        return this.root.children.flatMap((each) =>
            each.type === "statement_list"
                ? each.children.filter(({ isNamed, type }) => isNamed && type !== "comment")
                : [],
        );
    }
}

/** What is wrong where. */
export interface Finding {
    rule: string;
    line: number;
    what: string;
}

type Rule = (script: PowerShellScript) => [Node, string][];

let parser: Promise<Parser> | undefined;

async function loadParser(): Promise<Parser> {
    // The optimizing compiler takes ten seconds for the grammar's one huge function, and the process cannot end before.
    setFlagsFromString("--liftoff-only");
    await Parser.init();
    // By its bytes: the loader opens a path with a dynamic import, which jest has not.
    const wasm = require.resolve("tree-sitter-powershell/tree-sitter-powershell.wasm");
    return new Parser().setLanguage(await Language.load(fs.readFileSync(wasm)));
}

export async function parsePowerShell(text: string): Promise<PowerShellScript> {
    parser ??= loadParser();
    const tree = (await parser).parse(text);
    if (tree === null) throw new Error("the grammar gave no tree");
    return new PowerShellScript(text, tree);
}

/** Every breach of every rule. */
export async function findings(text: string): Promise<Finding[]> {
    const parsed = await parsePowerShell(text);
    return Object.entries(rules).flatMap(([rule, broken]) =>
        broken(parsed).map(([node, what]) => ({ rule, line: node.startPosition.row + 1, what })),
    );
}

function textOf(node: Node, type: string): string {
    return node.children.find((each) => each.type === type)?.text ?? "";
}

function parameterName(parameter: Node): string {
    return textOf(parameter, "variable").slice(1);
}

function commandName(command: Node): string {
    return textOf(command, "command_name");
}

/** Function that a node stands in, or the script. */
function scopeOf(node: Node): Node {
    let at = node;
    while (at.parent !== null && at.type !== "function_statement") at = at.parent;
    return at;
}

/** Nodes of these types in the scope of a node and behind it. */
function later(node: Node, ...types: string[]): Node[] {
    return scopeOf(node)
        .descendantsOfType(types)
        .filter(({ startIndex }) => startIndex > node.startIndex);
}

/** Name of a variable without its sign and scope, in lower case, or undefined for one of the environment. */
function variableName(variable: Node): string | undefined {
    const name = variable.text.replace(/^[$@]\{?|\}$/g, "").toLowerCase();
    if (name.startsWith("env:")) return undefined;
    return name.replace(/^script:/, "");
}

/** Variables that get a value in a script or function: by assignment, as parameters, by foreach. */
function assigned(script: PowerShellScript): Node[] {
    return [
        ...script
            .all("left_assignment_expression")
            .flatMap((left) => left.descendantsOfType("variable").filter(isWhole)),
        ...script
            .all("script_parameter", "foreach_statement")
            .flatMap((each) => each.children.find(({ type }) => type === "variable") ?? []),
    ];
}

/** Whether a variable is itself assigned, not a member or element of it. */
function isWhole({ parent }: Node): boolean {
    return parent?.type !== "member_access" && parent?.type !== "element_access";
}

const automatic = new Set(
    `_ null true false lastexitcode erroractionpreference progresspreference`.split(" "),
);
const reserved = new Set(
    `args error event false home host input matches pid profile psitem pwd sender this true`.split(
        " ",
    ),
);
const firstStatements = `$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }`;
const secretName = /passw|secret|token|credential/i;
const newerParameter =
    /^-(AsHashtable|AsByteStream|AdditionalChildPath|EnumsAsStrings|Parallel|SkipCertificateCheck|SkipHttpErrorCheck)$/i;

export const rules: Record<string, Rule> = {
    syntax: ({ root }) => {
        const bad: [Node, string][] = [];
        const walk = (node: Node) => {
            if (node.isError || node.isMissing) {
                bad.push([node, `expected other syntax than ${JSON.stringify(node.text)}`]);
            }
            node.children.forEach(walk);
        };
        walk(root);
        return bad;
    },

    "Windows PowerShell reads a file without a byte order mark in the code page of the machine": ({
        root,
        text,
    }) => (/^[\n\x20-\x7e]*$/.test(text) ? [] : [[root, "got other characters than ASCII"]]),

    "syntax and parameters of version 7": (script) => [
        ...script
            .all("pipeline_chain_tail")
            .map((each): [Node, string] => [each, `got ${each.text}`]),
        ...script
            .all("command_parameter")
            .filter(({ text }) => newerParameter.test(text))
            .map((each): [Node, string] => [each, `got ${each.text}`]),
    ],

    "at most 12000 bytes": ({ root, text }) =>
        Buffer.byteLength(text) <= 12000
            ? []
            : [[root, `got ${String(Buffer.byteLength(text))} bytes`]],

    "parameters are those that the head explains, all of them strings": ({
        root,
        parameters,
        documented,
    }) => {
        const block = root.children.find(({ type }) => type !== "comment");
        if (block?.type !== "param_block") return [[root, "got no param block first"]];
        const bare = block
            .descendantsOfType("script_parameter")
            .filter((each) => textOf(each, "attribute_list") !== "[string]");
        return [
            ...bare.map((each): [Node, string] => [each, `got ${each.text}`]),
            ...(parameters.join() === documented.join()
                ? []
                : [
                      [block, `got ${parameters.join()}, explained ${documented.join()}`] as [
                          Node,
                          string,
                      ],
                  ]),
        ];
    },

    // Cmdlets that are functions of a module, as those for disks and firewalls, see no variable of a script: they get theirs
    // as a parameter.
    "stops at the first error": ({ root, statements }) => {
        const begin = statements.slice(0, 3).map(({ text }) => text);
        return begin.join("\n") === firstStatements
            ? []
            : [[root, `got ${begin.join("; ")} first, expected ${firstStatements}`]];
    },

    "ends with one line of JSON": ({ root, statements }) =>
        / \| ConvertTo-Json -Compress( -Depth \d)?$/.test(statements.at(-1)?.text ?? "")
            ? []
            : [[root, `got ${statements.at(-1)?.text ?? "nothing"} last`]],

    "calls known cmdlets by their whole names, its own functions, or programs by their paths": (
        script,
    ) =>
        script.all("command", "foreach_command").flatMap((command): [Node, string][] => {
            const operator = textOf(command, "command_invokation_operator");
            if (operator !== "") return operator === "&" ? [] : [[command, `got ${command.text}`]];
            const name = commandName(command);
            return cmdlets.has(name) || script.functions.has(name)
                ? []
                : [[command, `got ${name}`]];
        }),

    "passes its own functions parameters that they have": (script) =>
        script.all("command").flatMap((command) => {
            const called = script.functions.get(commandName(command));
            if (called === undefined) return [];
            const known = called.descendantsOfType("script_parameter").map(parameterName);
            return command
                .descendantsOfType("command_parameter")
                .filter(
                    (each) =>
                        each.parent?.parent?.id === command.id &&
                        !known.includes(each.text.slice(1)),
                )
                .map((each): [Node, string] => [
                    each,
                    `got ${each.text}, expected ${known.join()}`,
                ]);
        }),

    "reads variables that it sets": (script) => {
        const set = new Set(
            assigned(script).map(
                (each) => `${String(scopeOf(each).id)} ${String(variableName(each))}`,
            ),
        );
        return script.all("variable").flatMap((each): [Node, string][] => {
            const name = variableName(each);
            if (name === undefined || automatic.has(name)) return [];
            const scopes = [scopeOf(each), script.root];
            return scopes.some(({ id }) => set.has(`${String(id)} ${name}`))
                ? []
                : [[each, `got ${each.text}`]];
        });
    },

    "leaves variables of PowerShell alone": (script) =>
        assigned(script)
            .filter((each) => reserved.has(variableName(each) ?? ""))
            .map((each) => [each, `got ${each.text}`]),

    "braces a variable before a colon": (script) =>
        script
            .all("expandable_string_literal")
            .filter(({ text }) => /\$[A-Za-z_]\w*:(?!\w)/.test(text))
            .map((each) => [each, `got ${each.text}`]),

    // A line on a redirected error output of a program is a terminating error in Windows PowerShell.
    "redirects nothing": (script) =>
        script
            .all("redirection", "generic_token")
            .filter(({ type, text }) => type === "redirection" || /^[0-9*]?>/.test(text))
            .map((each) => [each, `got ${each.text}`]),

    "looks at the exit code of a program": (script) =>
        script
            .all("command")
            .filter((command) => textOf(command, "command_invokation_operator") === "&")
            .filter(
                (command) =>
                    !later(command, "variable").some(({ text }) => text === "$LASTEXITCODE"),
            )
            .map((each) => [each, `got ${each.text}`]),

    "errors say what they got and what they expected": (script) =>
        script
            .all("flow_control_statement")
            .filter(({ text }) => /^throw\b/.test(text) && !/\bgot\b[^]*\bexpected\b/.test(text))
            .map((each) => [each, `got ${each.text}`]),

    "checks what it downloads, over TLS 1.2, without Internet Explorer": (script) =>
        script
            .all("command")
            .filter((command) => commandName(command) === "Invoke-WebRequest")
            .filter(
                (download) =>
                    !download.text.includes(" -UseBasicParsing") ||
                    !script.text.includes(
                        "::SecurityProtocol = [Net.SecurityProtocolType]::Tls12",
                    ) ||
                    !later(download, "command").some(
                        (each) => commandName(each) === "Get-FileHash",
                    ) ||
                    !later(download, "flow_control_statement").some(({ text }) =>
                        text.startsWith("throw"),
                    ),
            )
            .map((each) => [each, `got ${each.text}`]),

    "holds no secret": (script) => [
        ...script
            .all("string_literal")
            .filter(({ text }) => /BEGIN OPENSSH|PRIVATE KEY/.test(text))
            .map((each): [Node, string] => [each, "got a private key"]),
        ...script
            .all("assignment_expression", "hash_entry", "script_parameter")
            .filter(
                (each) =>
                    secretName.test(each.children[0]?.text ?? "") ||
                    (each.type === "script_parameter" && secretName.test(parameterName(each))),
            )
            .filter((each) => each.descendantsOfType("string_literal").length > 0)
            .map((each): [Node, string] => [each, "got a secret with a value"]),
    ],
};
