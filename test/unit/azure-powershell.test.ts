/** Scripts for Windows PowerShell: no Windows runs here, so their trees are held against rules. */
import * as fs from "fs";
import * as path from "path";
import { script, stripComments } from "../../components/internal/scripts";
import { repoRoot } from "../support/engine-cli";
import { cmdlets, findings, parsePowerShell, rules } from "../support/powershell";

/** Name to folder below scripts/. */
const folders = new Map(
    ["azure", "cluster"].flatMap((folder) =>
        fs
            .readdirSync(path.join(repoRoot, "scripts", folder))
            .filter((name) => name.endsWith(".ps1"))
            .map((name) => [name, folder] as const),
    ),
);
const files = [...folders.keys()];
const placeOf = (name: string) => `${folders.get(name) ?? ""}/${name}`;
const fileOf = (name: string) =>
    fs.readFileSync(path.join(repoRoot, "scripts", placeOf(name)), "utf8");
const include = /^\. \.\/(.*)\n/gm;
const included = new Set(
    files.flatMap((name) => [...fileOf(name).matchAll(include)].map(([, other]) => other)),
);
/** Scripts of commands; the other files are parts of them, which are looked at where they stand. */
const names = files.filter((name) => !included.has(name));
const textOf = (name: string) =>
    fileOf(name).replace(include, (_line, other: string) => fileOf(other));

/** Parameters are named by what declares the commands: a new name here is a new name there. */
const parameters: Record<string, string[]> = {
    "windows-access.ps1": ["AuthorizedKeys", "HostKey", "HostKeyPublic"],
    "windows-build-tools.ps1": ["GitUrl", "GitSha256", "GoUrl", "GoSha256", "GoVersion"],
    "windows-clean-temp.ps1": ["MinAgeHours"],
    "windows-containers-started.ps1": ["ContainerdVersion"],
    "windows-containers.ps1": ["ContainerdVersion", "ContainerdUrl", "ContainerdSha256"],
    "windows-data-disks.ps1": ["Disks"],
    "windows-system-disk.ps1": [],
    "windows-node-network-remove.ps1": ["Network"],
    "windows-node-network.ps1": ["Peers"],
};

test("parts that several scripts or one large one are joined of", () => {
    expect([...included].sort()).toEqual(["windows-archive.ps1", "windows-find-disk.ps1"]);
});

test("scripts and their parameters", async () => {
    const parsed = await Promise.all(names.map((name) => parsePowerShell(textOf(name))));
    expect(
        Object.fromEntries(names.map((name, index) => [name, parsed[index]?.parameters])),
    ).toEqual(parameters);
});

test.each(files)("%s is at most 6000 bytes", (name) => {
    expect(Buffer.byteLength(fileOf(name))).toBeLessThanOrEqual(6000);
});

test.each(names)("%s keeps every rule", async (name) => {
    expect(await findings(textOf(name))).toEqual([]);
});

test.each(names)("%s stays what it is when its comments are stripped", async (name) => {
    const delivered = script(placeOf(name));
    expect(delivered).toBe(stripComments(textOf(name)));
    const code = async (text: string) =>
        (await parsePowerShell(text)).statements.map((each) => stripComments(each.text));
    expect(await code(delivered)).toEqual(await code(textOf(name)));
});

test("every cmdlet on the list is called by some script", () => {
    const all = names.map(textOf).join("\n");
    expect([...cmdlets].filter((name) => !all.includes(name))).toEqual([]);
});

test("sshd takes keys alone: every way to log in is named, and none by password is on", () => {
    const lines = [...textOf("windows-access.ps1").matchAll(/^ {8}'(.*)'$/gm)].map(
        ([, line]) => line,
    );
    expect(lines).toEqual([
        "HostKey __PROGRAMDATA__/ssh/ssh_host_ed25519_key",
        "PubkeyAuthentication yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "AuthenticationMethods publickey",
        "AllowGroups administrators",
        "Subsystem sftp sftp-server.exe",
        "Match Group administrators",
        "    AuthorizedKeysFile __PROGRAMDATA__/ssh/administrators_authorized_keys",
        "",
    ]);
});

const head = `# Greets.
#   Name  of whom
#   Url   where it comes from
param(
    [string]$Name,
    [string]$Url = 'https://example.com'
)
`;
const begin = `$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
`;
const end = `
[ordered]@{ changed = @(); name = $Name; url = $Url } | ConvertTo-Json -Compress
`;
const whole = (body: string) => head + begin + body + end;
const download = (first: string, options: string, check: string) =>
    whole(`${first}
function Get-It([string]$Path) {
    Invoke-WebRequest -Uri $Url -OutFile $Path${options}
    ${check}
}
Get-It -Path 'C:\\it'`);
const tls = "[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12";
const basic = " -UseBasicParsing";
const digest =
    'if ((Get-FileHash -LiteralPath $Path).Hash -ne $Name) { throw "sha256: got another, expected $Name" }';

test.each([
    ["nothing between", whole("")],
    ["a checked download", download(tls, basic, digest)],
    [
        "what rules could take for a breach",
        whole(`# && ?? iex password = 'x'
$text = "? && %: $($Name.Length) \${Name}: $env:ProgramData\\x" + '$Name:'
$first, $second = 1, 2
foreach ($each in @($first, $second, $text)) { $script:first += $each }
$null = & "$env:SystemRoot\\System32\\tar.exe" -xf $text
if ($LASTEXITCODE -ne 0) { throw "tar.exe: got $LASTEXITCODE, expected 0" }
Get-ChildItem -Path $text | Where-Object { $_.Length -gt 2 } | ForEach-Object { $_.Name }`),
    ],
])("a script with %s keeps every rule", async (_what, text) => {
    expect(await findings(text)).toEqual([]);
});

const syntax = "syntax";
const newer = "syntax and parameters of version 7";
const calls =
    "calls known cmdlets by their whole names, its own functions, or programs by their paths";
const stops = "stops at the first error";
const explained = "parameters are those that the head explains, all of them strings";
const json = "ends with one line of JSON";
const own = "passes its own functions parameters that they have";
const sets = "reads variables that it sets";
const checked = "checks what it downloads, over TLS 1.2, without Internet Explorer";
const redirects = "redirects nothing";
const secret = "holds no secret";
const ascii =
    "Windows PowerShell reads a file without a byte order mark in the code page of the machine";

const bad: [rule: string, what: string, text: string][] = [
    [syntax, "an open brace", whole("if ($Name) {")],
    [syntax, "a missing bracket", whole("$x = @(1, 2")],
    [syntax, "an unended text", whole("$x = 'a")],
    [syntax, "a ternary", whole("$x = $Name ? 1 : 2")],
    [syntax, "??", whole("$x = $Name ?? 2")],
    [syntax, "??=", whole("$Name ??= 'a'")],
    [syntax, "?.", whole("$x = ${Name}?.Length")],
    [newer, "&&", whole("Get-Disk && Get-Disk")],
    [newer, "||", whole("Get-Disk || Get-Disk")],
    [newer, "a parameter of 7", whole("ConvertFrom-Json -AsHashtable -InputObject $Name")],
    [ascii, "a dash that is none", whole("# a \u2013 b")],
    [ascii, "a tab", whole("\tGet-Disk")],
    ["at most 12000 bytes", "much text", whole(`# ${"x".repeat(12000)}`)],
    [
        explained,
        "no param block",
        `# Greets.\n${begin}@{ changed = 1 } | ConvertTo-Json -Compress\n`,
    ],
    [explained, "an unexplained one", whole("").replace("#   Name  of whom\n", "")],
    [explained, "an explained one that is not there", `#   Other  what\n${whole("")}`],
    [explained, "one that is no string", whole("").replace("[string]$Name", "[int]$Name")],
    [stops, "no ErrorActionPreference", whole("").replace("$ErrorActionPreference = 'Stop'\n", "")],
    [stops, "another one", whole("").replace("'Stop'", "'Continue'")],
    [stops, "no strict mode", whole("").replace("Set-StrictMode -Version 2\n", "")],
    [stops, "none for modules", whole("").replace(/^\$PSDefault.*\n/m, "")],
    [stops, "all of it, but late", head + "Get-Disk\n" + begin + end],
    [json, "something else last", `${whole("")}Get-Disk\n`],
    [json, "JSON of several lines", whole("").replace(" -Compress", "")],
    ...[
        "Invoke-Expression $Name",
        "iex $Name",
        "Write-Host $Name",
        "rm $Name",
        "cp $Name C:\\x",
        "curl $Url",
        "wget $Url",
        "gci $Name",
        "Get-Disk | % { $_.Number }",
        "Get-Disk | ? { $_.Number }",
        "Get-Disk | foreach { $_.Number }",
        "Get-Disk | where Number -eq 1",
        "get-disk",
        "Get-Dsik",
        "tar.exe -xf $Name",
        ". ./other.ps1",
        "Get-Disk | Write-Host",
        "if ($Name) { $x = @(gci $Name) }",
        'throw "got $(gci $Name), expected less"',
    ].map((line): [string, string, string] => [calls, line, whole(line)]),
    [own, "a slip", whole("function Get-It([string]$Path) { return $Path }\nGet-It -Paht $Name")],
    [sets, "a slip", whole("Get-Item -Path $Nmae")],
    [sets, "a slip in a text", whole('$x = "a $Nmae b"')],
    [sets, "a splat of nothing", whole("Get-Item @options")],
    [
        sets,
        "a parameter of another function",
        whole("function Get-A($One) { return $One }\nfunction Get-B { return $One }"),
    ],
    ["leaves variables of PowerShell alone", "$pid", whole("$pid = 1")],
    ["leaves variables of PowerShell alone", "$Input", whole("foreach ($Input in 1, 2) { 1 }")],
    ["braces a variable before a colon", "a colon", whole('$x = "$Name: text"')],
    [
        redirects,
        "the error output of a program",
        whole('$x = & "C:\\a.exe" 2>$null; $LASTEXITCODE'),
    ],
    [redirects, "it into the output", whole('$x = & "C:\\a.exe" 2>&1; $LASTEXITCODE')],
    [redirects, "the output of a cmdlet", whole("Get-Disk > C:\\x")],
    ["looks at the exit code of a program", "none", whole('$null = & "C:\\a.exe" -x')],
    [
        "looks at the exit code of a program",
        "in another function",
        whole('function Start-It { & "C:\\a.exe" }\nStart-It\n$x = $LASTEXITCODE'),
    ],
    ["errors say what they got and what they expected", "neither", whole("throw 'failed'")],
    [checked, "no digest", download(tls, basic, "return")],
    [checked, "a digest that nothing comes of", download(tls, basic, "Get-FileHash -Path $Path")],
    [
        checked,
        "a digest in another function",
        download(`${tls}\nfunction Test-It($Path) { ${digest} }`, basic, ""),
    ],
    [checked, "old TLS", download("", basic, digest)],
    [checked, "Internet Explorer", download(tls, "", digest)],
    [secret, "a key", whole("$x = '-----BEGIN OPENSSH PRIVATE KEY-----'")],
    [secret, "a password", whole("$adminPassword = 'x'")],
    [secret, "one in a table", whole("$x = @{ Password = 'x' }")],
    [secret, "one by default", whole("function Get-It([string]$Token = 'x') { return $Token }")],
];

test.each(bad)("rule '%s' sees %s", async (rule, _what, text) => {
    expect((await findings(text)).map((each) => each.rule)).toContain(rule);
});

test("every rule is broken by some text above", () => {
    expect(new Set(bad.map(([rule]) => rule))).toEqual(new Set(Object.keys(rules)));
});
