# Installs Git and Go below C:\kubedev on this Windows machine, on the PATH of all, and allows long paths.
#   GitUrl, GitSha256  archive of MinGit (.zip), and its digest; empty: no Git
#   GoUrl, GoSha256    archive of Go for Windows (.zip), and its digest; empty: no Go
#   GoVersion          its version, as 1.26.8
# Prints {"changed": [what]}.
param(
    [string]$GitUrl,
    [string]$GitSha256,
    [string]$GoUrl,
    [string]$GoSha256,
    [string]$GoVersion
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
$ProgressPreference = 'SilentlyContinue'
. ./windows-archive.ps1

$root = "$env:SystemDrive\kubedev"
$control = 'HKLM:\SYSTEM\CurrentControlSet\Control'
$changed = @()

# Unpacks an archive beside the place of the tool and renames it into place, with the digest that says which one it is.
function Install-Archive([string]$Name, [string]$Url, [string]$Digest, [string]$Folder) {
    $target = "$root\$Name"
    $mark = 'kubedev.sha256'
    if ([IO.File]::Exists("$target\$mark") -and [IO.File]::ReadAllText("$target\$mark") -eq $Digest) { return }
    Remove-Left -Path "$target.new"
    Remove-Left -Path "$target.old"
    $unpacked = "$target.new\$Folder".TrimEnd('\')
    $archive = "$target.new.zip"
    $null = New-Item -ItemType Directory -Path "$target.new"
    Get-Archive -Url $Url -Digest $Digest -Path $archive
    $null = Invoke-Tool -Path "$env:SystemRoot\System32\tar.exe" -Arguments '-xf', $archive, '-C', "$target.new"
    [IO.File]::WriteAllText("$unpacked\$mark", $Digest)
    if (Test-Path -LiteralPath $target) { [IO.Directory]::Move($target, "$target.old") }
    [IO.Directory]::Move($unpacked, $target)
    Remove-Left -Path $archive
    Remove-Left -Path "$target.new"
    Remove-Left -Path "$target.old"
    $script:changed += $Name
}

# What is below C:\ may be written by every user, and these tools are run by administrators.
if (-not [IO.Directory]::Exists($root)) { $null = [IO.Directory]::CreateDirectory($root) }
if (-not [IO.Directory]::GetAccessControl($root, 'Access').AreAccessRulesProtected) {
    $access = [Security.AccessControl.DirectorySecurity]::new()
    $access.SetSecurityDescriptorSddlForm('D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)', 'Access')
    [IO.Directory]::SetAccessControl($root, $access)
    $changed += 'access'
}

$wanted = @()
if ($GoUrl) {
    Install-Archive -Name 'go' -Url $GoUrl -Digest $GoSha256 -Folder 'go'
    $got = Invoke-Tool -Path "$root\go\bin\go.exe" -Arguments 'version'
    if ("$got " -notmatch " go$([regex]::Escape($GoVersion)) ") { throw "${GoUrl}: got $got, expected version ${GoVersion}: correct one of them" }
    $wanted += "$root\go\bin"
}
if ($GitUrl) {
    Install-Archive -Name 'git' -Url $GitUrl -Digest $GitSha256 -Folder ''
    $git = "$root\git\cmd\git.exe"
    $settings = [ordered]@{ 'core.longpaths' = 'true'; 'core.autocrlf' = 'false' }
    foreach ($name in $settings.Keys) {
        $is = & $git config --system --get $name
        # 1: it is not set.
        if (@(0, 1) -notcontains $LASTEXITCODE) { throw "git config --get ${name}: got exit code $LASTEXITCODE, expected 0 or 1: see its error output" }
        if ($is -ne $settings[$name]) {
            $null = Invoke-Tool -Path $git -Arguments 'config', '--system', $name, $settings[$name]
            $changed += $name
        }
    }
    $wanted += "$root\git\cmd"
}

if ((Get-Item -Path "$control\FileSystem").GetValue('LongPathsEnabled') -ne 1) {
    $null = New-ItemProperty -Path "$control\FileSystem" -Name 'LongPathsEnabled' -Value 1 -PropertyType DWord -Force
    $changed += 'LongPathsEnabled'
}

# Its variables, as %SystemRoot%, must stay variables.
$path = (Get-Item -Path "$control\Session Manager\Environment").GetValue('Path', '', 'DoNotExpandEnvironmentNames')
$missing = @($wanted | Where-Object { $path.Split(';') -notcontains $_ })
if ($missing.Count -gt 0) {
    $all = (@($path.TrimEnd(';')) + $missing) -join ';'
    $null = New-ItemProperty -Path "$control\Session Manager\Environment" -Name 'Path' -Value $all -PropertyType ExpandString -Force
    $changed += 'Path'
}

[ordered]@{ changed = $changed } | ConvertTo-Json -Compress
