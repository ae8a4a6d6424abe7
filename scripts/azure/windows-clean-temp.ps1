# Removes old files of C:\Windows\Temp and of every user's AppData\Local\Temp. It skips what is in use, and follows no links.
#   MinAgeHours  age in hours from which a file is old, 1 or more; 24 when not given
# Prints {"removed": count of files, "bytes": what they held, "skipped": count of old files that are still there}.
param(
    [string]$MinAgeHours = '24'
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
$ProgressPreference = 'SilentlyContinue'

if ($MinAgeHours -notmatch '^0*[1-9][0-9]{0,4}$') { throw "parameter MinAgeHours: got $MinAgeHours, expected a whole number of hours from 1 to 99999" }
$limit = [datetime]::UtcNow.AddHours(-[int]$MinAgeHours)
$removed = 0
$bytes = [long]0
$skipped = 0

function Test-Link($Item) { return ($Item.Attributes -band [IO.FileAttributes]::ReparsePoint) -ne 0 }

# By both times: what an archive brought has the time of its making, and was perhaps unpacked a minute ago.
function Test-Old($Item) { return $Item.LastWriteTimeUtc -lt $limit -and $Item.CreationTimeUtc -lt $limit }

# Whether there is a folder with no link on the way to it.
function Test-Folder([string]$Path) {
    for ($folder = [IO.DirectoryInfo]::new($Path); $null -ne $folder; $folder = $folder.Parent) {
        if (-not $folder.Exists -or (Test-Link -Item $folder)) { return $false }
    }
    return $true
}

function Clear-Folder([string]$Path) {
    foreach ($item in Get-ChildItem -LiteralPath $Path -Force -ErrorAction SilentlyContinue) {
        if (Test-Link -Item $item) { continue }
        # Before anything in a folder is removed, which would make the folder new.
        $old = Test-Old -Item $item
        try {
            if ($item.PSIsContainer) {
                Clear-Folder -Path $item.FullName
                # Refuses a folder that holds anything.
                if ($old) { [IO.Directory]::Delete($item.FullName) }
            } elseif ($old) {
                $length = $item.Length
                Remove-Item -LiteralPath $item.FullName -Force
                $script:removed++
                $script:bytes += $length
            }
        } catch {
            if (-not $item.PSIsContainer) { $script:skipped++ }
        }
    }
}

$folders = @("$env:SystemRoot\Temp")
$folders += Get-ChildItem -LiteralPath "$env:SystemDrive\Users" -Directory -Force |
    ForEach-Object { "$($_.FullName)\AppData\Local\Temp" }
foreach ($folder in $folders) {
    if (Test-Folder -Path $folder) { Clear-Folder -Path $folder }
}

[ordered]@{ removed = $removed; bytes = $bytes; skipped = $skipped } | ConvertTo-Json -Compress
