# Looks whether containerd runs behind the restart that the feature Containers needs. Azure delivers a run command when the
# machine is there again, and never starts one anew that a restart has ended
# (devblogs.microsoft.com/azure-vm-runtime/when-will-customscript-extension-re-execute-my-script), so that
# windows-containers.ps1 ends before its restart, and this script has another run command.
#   ContainerdVersion  version of containerd, as 2.1.4
# Prints {"containerd": what it says of itself, "booted": when the machine started (UTC)}.
param(
    [string]$ContainerdVersion
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
$ProgressPreference = 'SilentlyContinue'
. ./windows-archive.ps1

$state = [string](Get-WindowsFeature -Name 'Containers').InstallState
# To wait here would be ended by the very restart.
if ($state -ne 'Installed') { throw "feature Containers: got $state, expected Installed: the restart of the machine is still due; run pulumi up again in a minute" }
for ($until = (Get-Date).AddSeconds(120); ; Start-Sleep -Seconds 2) {
    $status = [string](Get-Service -Name 'containerd').Status
    if ($status -eq 'Running') { break }
    if ($status -eq 'Stopped') { Start-Service -Name 'containerd' }
    if ((Get-Date) -gt $until) { throw "service containerd: got $status for 120 s, expected Running: see Get-WinEvent -LogName Application" }
}
$version = [string](Invoke-Tool -Path "$env:ProgramFiles\containerd\containerd.exe" -Arguments '--version')
if ("$version " -notmatch " v?$([regex]::Escape($ContainerdVersion.TrimStart('v'))) ") { throw "containerd: got $version, expected version ${ContainerdVersion}: run pulumi up again" }
$booted = (Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('s')

[ordered]@{ containerd = $version; booted = $booted } | ConvertTo-Json -Compress
