# Lets the machines of a cluster reach this node: its kubelet for logs and exec, and the pods' network, which is VXLAN.
#   Peers  ranges of their addresses, separated by commas
# Prints {"changed": [names of rules]}.
param(
    [string]$Peers = $env:PEER_CIDRS
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }

if (-not $Peers) { throw 'Peers: got nothing, expected ranges of addresses: see the head of this script' }
$ranges = $Peers.Split(',')
$changed = @()
foreach ($rule in @(
        @{ Name = 'kubedev-kubelet'; Protocol = 'TCP'; Port = '10250' },
        @{ Name = 'kubedev-vxlan'; Protocol = 'UDP'; Port = '4789' }
    )) {
    # Made anew, so that no range of an earlier run stays.
    foreach ($old in @(Get-NetFirewallRule | Where-Object { $_.Name -eq $rule.Name })) {
        Remove-NetFirewallRule -Name $old.Name
    }
    $null = New-NetFirewallRule -Name $rule.Name -DisplayName $rule.Name -Direction Inbound -Action Allow -Protocol $rule.Protocol -LocalPort $rule.Port -RemoteAddress $ranges
    $changed += $rule.Name
}

[ordered]@{ changed = $changed } | ConvertTo-Json -Compress
