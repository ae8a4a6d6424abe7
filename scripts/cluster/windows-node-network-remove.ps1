# Takes back what windows-node-network.ps1 opened, and the network that flanneld made for pods.
#   Network  its name
# Prints {"changed": [what]}.
param(
    [string]$Network = $env:POD_NETWORK
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }

$changed = @()
foreach ($rule in @(Get-NetFirewallRule | Where-Object { @('kubedev-kubelet', 'kubedev-vxlan') -contains $_.Name })) {
    Remove-NetFirewallRule -Name $rule.Name
    $changed += $rule.Name
}
# The cmdlets come with the feature Containers.
if (Get-Command -Name 'Get-HnsNetwork' -ErrorAction SilentlyContinue) {
    foreach ($each in @(Get-HnsNetwork | Where-Object { $_.Name -eq $Network })) {
        $null = $each | Remove-HnsNetwork
        $changed += $Network
    }
}

[ordered]@{ changed = $changed } | ConvertTo-Json -Compress
