# Runs the user's script beside this file, and ends as it did: with its exit code, that of the last program it ran, or 1
# after an error that nobody caught.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
# Without a console there is no code page to set.
try {
    [Console]::InputEncoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    [Console]::OutputEncoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
} catch { Write-Verbose -Message "$_" }
$OutputEncoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
$global:LASTEXITCODE = 0
try {
    & "$PSScriptRoot\script.ps1"
} catch {
    [Console]::Error.WriteLine(($_ | Out-String).TrimEnd())
    exit 1
}
exit $global:LASTEXITCODE
