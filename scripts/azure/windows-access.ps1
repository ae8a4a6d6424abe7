# Opens this Windows machine to ssh by keys alone, under the host key made for it.
#   AuthorizedKeys  base64 of the lines of administrators_authorized_keys
#   HostKey         base64 of an OpenSSH private key of type ed25519; a secret
#   HostKeyPublic   its public line, as it is or in base64
# Prints {"changed": [what], "restarted": whether sshd was}.
param(
    [string]$AuthorizedKeys,
    [string]$HostKey,
    [string]$HostKeyPublic
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
$ProgressPreference = 'SilentlyContinue'

$ssh = "$env:ProgramData\ssh"
$changed = @()

# The text of a parameter in base64, with line ends as OpenSSH writes them; errors do not quote it.
function Read-Text([string]$Name, [string]$Value) {
    try { $text = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Value)) } catch { $text = '' }
    if ($text.Trim() -eq '') {
        throw "parameter ${Name}: got $($Value.Length) characters, expected base64 of UTF-8 text: encode the file as it is"
    }
    return $text.Replace("`r`n", "`n").Trim() + "`n"
}

function Set-Text([string]$Name, [string]$Text) {
    if ([IO.File]::Exists("$ssh\$Name") -and [IO.File]::ReadAllText("$ssh\$Name") -ceq $Text) { return }
    # No byte order mark; the access of a file that is there stays.
    [IO.File]::WriteAllText("$ssh\$Name", $Text)
    $script:changed += $Name
}

# For SYSTEM and Administrators alone, with no access inherited, before anything is written.
function Set-PrivateText([string]$Name, [string]$Text) {
    $path = "$ssh\$Name"
    if (-not [IO.File]::Exists($path)) { [IO.File]::WriteAllText($path, '') }
    $access = [IO.File]::GetAccessControl($path, 'Access')
    if ($access.GetSecurityDescriptorSddlForm('Access') -notmatch '^D:P[ARI]*(\(A;;FA;;;(SY|BA)\)){2}$') {
        $access.SetSecurityDescriptorSddlForm('D:P(A;;FA;;;SY)(A;;FA;;;BA)', 'Access')
        [IO.File]::SetAccessControl($path, $access)
        $script:changed += "$Name access"
    }
    Set-Text -Name $Name -Text $Text
}

function Get-Sshd { Get-CimInstance -ClassName Win32_Service -Filter "Name = 'sshd'" }

$keys = Read-Text -Name 'AuthorizedKeys' -Value $AuthorizedKeys
$private = Read-Text -Name 'HostKey' -Value $HostKey
$public = $HostKeyPublic.Trim() + "`n"
if ($public -notlike 'ssh-ed25519 *') { $public = Read-Text -Name 'HostKeyPublic' -Value $HostKeyPublic }
if ($public -notlike 'ssh-ed25519 *') { throw 'parameter HostKeyPublic: got another line, expected ssh-ed25519 ...: pass the .pub file of HostKey' }

if (-not (Get-Sshd)) {
    $null = Add-WindowsCapability -Online -Name 'OpenSSH.Server~~~~0.0.1.0'
    $changed += 'OpenSSH.Server'
}
# As sshd makes it at its first start, which has to find our configuration there.
if (-not [IO.Directory]::Exists($ssh)) {
    $access = [Security.AccessControl.DirectorySecurity]::new()
    $access.SetSecurityDescriptorSddlForm('D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;AU)', 'Access')
    $null = [IO.Directory]::CreateDirectory($ssh, $access)
}
Set-PrivateText -Name 'administrators_authorized_keys' -Text $keys
Set-PrivateText -Name 'ssh_host_ed25519_key' -Text $private
Set-PrivateText -Name 'ssh_host_ed25519_key.pub' -Text $public
Set-Text -Name 'sshd_config' -Text (@(
        'HostKey __PROGRAMDATA__/ssh/ssh_host_ed25519_key'
        'PubkeyAuthentication yes'
        'PasswordAuthentication no'
        'KbdInteractiveAuthentication no'
        'AuthenticationMethods publickey'
        'AllowGroups administrators'
        'Subsystem sftp sftp-server.exe'
        'Match Group administrators'
        '    AuthorizedKeysFile __PROGRAMDATA__/ssh/administrators_authorized_keys'
        ''
    ) -join "`n")

$shell = "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe"
$key = 'HKLM:\SOFTWARE\OpenSSH'
if (-not (Test-Path -Path $key)) { $null = New-Item -Path $key }
if ((Get-Item -Path $key).GetValue('DefaultShell') -ne $shell) {
    $null = New-ItemProperty -Path $key -Name 'DefaultShell' -Value $shell -PropertyType String -Force
    $changed += 'DefaultShell'
}

# The service counts as started before it reads its configuration, so try that first.
$service = Get-Sshd
$null = & ($service.PathName -replace '^"([^"]*)".*$', '$1') -t
if ($LASTEXITCODE -ne 0) { throw "sshd.exe -t: got exit code $LASTEXITCODE, expected 0: its error output says what is wrong in $ssh" }
if ($service.StartMode -ne 'Auto') {
    Set-Service -Name 'sshd' -StartupType Automatic
    $changed += 'StartupType'
}
# By times, not by $changed: an earlier run may have been cut off before its restart.
$written = 'sshd_config', 'ssh_host_ed25519_key' | ForEach-Object { [IO.File]::GetLastWriteTime("$ssh\$_") } | Sort-Object
$started = [datetime]::MinValue
if ($service.State -eq 'Running') { $started = (Get-Process -Id $service.ProcessId).StartTime }
$restarted = $started -le $written[-1]
if ($restarted) { Restart-Service -Name 'sshd' }
for ($second = 0; ; $second++) {
    $id = (Get-Sshd).ProcessId
    if (Get-NetTCPConnection -State Listen -LocalPort 22 -OwningProcess $id -ErrorAction SilentlyContinue) { break }
    if ($second -ge 30) { throw 'sshd: got no listener on port 22 in 30 s, expected one: see Get-WinEvent -LogName OpenSSH/Operational' }
    Start-Sleep -Seconds 1
}

$name = 'OpenSSH-Server-In-TCP'
$rule = Get-NetFirewallRule -Name $name -ErrorAction SilentlyContinue
$wanted = @{ Enabled = 'True'; Action = 'Allow'; Profile = 'Any'; Protocol = 'TCP'; LocalPort = '22' }
if (-not $rule) {
    $null = New-NetFirewallRule -Name $name -DisplayName 'OpenSSH Server' -Direction Inbound @wanted
    $changed += $name
} else {
    $port = ($rule | Get-NetFirewallPortFilter).LocalPort
    if ("$($rule.Enabled) $($rule.Action) $($rule.Profile) $port" -ne 'True Allow Any 22') {
        Set-NetFirewallRule -Name $name @wanted
        $changed += $name
    }
}

[ordered]@{ changed = $changed; restarted = $restarted } | ConvertTo-Json -Compress
