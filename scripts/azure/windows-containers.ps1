# Gets this Windows machine ready for containers: the feature Containers, and containerd as a service.
#   ContainerdVersion  its version, as 2.1.4; nothing is done where this one is installed
#   ContainerdUrl      where an archive of it comes from, .tar.gz or .zip with containerd.exe in any folder
#   ContainerdSha256   of that archive
# Prints {"changed": [what], "restart": whether the machine restarts in 15 seconds}. containerd starts with it then, which
# windows-containers-started.ps1 looks after.
param(
    [string]$ContainerdVersion,
    [string]$ContainerdUrl,
    [string]$ContainerdSha256
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
$ProgressPreference = 'SilentlyContinue'
. ./windows-archive.ps1

$root = "$env:ProgramFiles\containerd"
$exe = "$root\containerd.exe"
$config = "$root\config.toml"
$new = "$root\.kubedev-new"
$changed = @()

# What containerd says of itself, as "containerd github.com/containerd/containerd/v2 v2.1.4 75cb2b7".
function Get-Version([string]$Path) {
    if (-not [IO.File]::Exists($Path)) { return '' }
    return [string](Invoke-Tool -Path $Path -Arguments '--version')
}

foreach ($each in 'ContainerdVersion', 'ContainerdUrl', 'ContainerdSha256') {
    if (-not (Get-Variable -Name $each -ValueOnly)) { throw "parameter ${each}: got nothing, expected a value: see the head of this script" }
}

$state = [string](Get-WindowsFeature -Name 'Containers').InstallState
if (@('Installed', 'InstallPending') -notcontains $state) {
    $null = Install-WindowsFeature -Name 'Containers' -WarningAction SilentlyContinue
    $state = [string](Get-WindowsFeature -Name 'Containers').InstallState
    $changed += 'Containers'
}
# It is pending also when an earlier run installed it and its restart did not come.
$restart = $state -ne 'Installed'

$service = Get-Service -Name 'containerd' -ErrorAction SilentlyContinue
if ($service) {
    $path = (Get-CimInstance -ClassName Win32_Service -Filter "Name = 'containerd'").PathName
    if ($path.Replace('"', '') -notlike "$exe*") {
        throw "service containerd: got $path, expected ${exe}: remove it with sc.exe delete containerd"
    }
}
$wanted = " v?$([regex]::Escape($ContainerdVersion.TrimStart('v'))) "
$stopped = @()
if ("$(Get-Version -Path $exe) " -notmatch $wanted) {
    Remove-Left -Path $new
    $null = New-Item -ItemType Directory -Path $new -Force
    Get-Archive -Url $ContainerdUrl -Digest $ContainerdSha256 -Path "$new\archive"
    $null = Invoke-Tool -Path "$env:SystemRoot\System32\tar.exe" -Arguments '-xf', "$new\archive", '-C', $new
    $found = @(Get-ChildItem -LiteralPath $new -Recurse -Filter 'containerd.exe')
    if ($found.Count -ne 1) { throw "${ContainerdUrl}: got $($found.Count) files containerd.exe, expected one: use the archive for Windows" }
    $got = Get-Version -Path $found[0].FullName
    if ("$got " -notmatch $wanted) { throw "${ContainerdUrl}: got $got, expected version ${ContainerdVersion}: correct one of them" }
    if ($service -and $service.Status -ne 'Stopped') {
        $stopped = @($service.DependentServices | Where-Object { $_.Status -eq 'Running' } | ForEach-Object { $_.Name })
        Stop-Service -Name 'containerd' -Force
    }
    # A shim that runs can be renamed, not overwritten. containerd.exe comes last: its version says that all is there.
    foreach ($file in Get-ChildItem -LiteralPath $found[0].DirectoryName -Filter '*.exe' | Sort-Object -Property { $_.Name -eq 'containerd.exe' }) {
        $target = "$root\$($file.Name)"
        Remove-Left -Path "$target.old"
        if ([IO.File]::Exists($target)) { [IO.File]::Move($target, "$target.old") }
        [IO.File]::Move($file.FullName, $target)
    }
    Remove-Left -Path $new
    $changed += "containerd $ContainerdVersion"
}
if (-not [IO.File]::Exists($config)) {
    [IO.File]::WriteAllText($config, (Invoke-Tool -Path $exe -Arguments 'config', 'default') -join "`n")
    $changed += 'config.toml'
}
if (-not $service) {
    $null = Invoke-Tool -Path $exe -Arguments '--register-service'
    $changed += 'service'
}
if (-not $restart) {
    foreach ($name in @('containerd') + $stopped) {
        if ((Get-Service -Name $name).Status -ne 'Running') {
            Start-Service -Name $name
            $changed += "$name started"
        }
    }
} else {
    # 1190: a restart is due already.
    $null = & "$env:SystemRoot\System32\shutdown.exe" /r /t 15 /c 'kubedev: the feature Containers needs a restart'
    if (@(0, 1190) -notcontains $LASTEXITCODE) { throw "shutdown.exe: got exit code $LASTEXITCODE, expected 0: restart the machine" }
}

[ordered]@{ changed = $changed; restart = $restart } | ConvertTo-Json -Compress
