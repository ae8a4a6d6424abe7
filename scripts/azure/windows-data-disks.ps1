# Mounts data disks of Azure, each found by its LUN. An empty disk gets one NTFS volume; what holds anything is never formatted.
# A volume grows to the end of a disk that has become larger. One that is not to be mounted is offline: it can be taken away.
#   Disks  base64 of JSON: [{"lun": 0, "sizeGib": 64, "mounted": true, "mountPath": "C:\\data" or "F:", "label": "kubedev-0"}, ...]
# Prints {"changed": [what], "disks": [{"lun", "disk", "mountPath"}]}, mounted ones.
param(
    [string]$Disks
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
$ProgressPreference = 'SilentlyContinue'
. ./windows-find-disk.ps1

$changed = @()
# Disks that we have begun to format, by their ids: only these may be gone on with after an interruption.
$begun = 'HKLM:\SOFTWARE\kubedev\disks'

# The one data partition of a disk, with a file system.
function Get-DataPartition($Disk, [string]$Label) {
    $number = $Disk.Number
    $id = $Disk.UniqueId
    $ours = (Test-Path -Path $begun) -and $null -ne (Get-Item -Path $begun).GetValue($id)
    if ([string]$Disk.PartitionStyle -eq 'RAW') {
        if (-not (Test-Path -Path $begun)) { $null = New-Item -Path $begun -Force }
        $null = New-ItemProperty -Path $begun -Name $id -Value $Label -PropertyType String -Force
        $ours = $true
        Initialize-Disk -Number $number -PartitionStyle GPT
    }
    $partitions = @(Get-Partition -DiskNumber $number -ErrorAction SilentlyContinue | Where-Object { [string]$_.Type -ne 'Reserved' })
    if ($ours -and $partitions.Count -eq 0) { $partitions = @(New-Partition -DiskNumber $number -UseMaximumSize) }
    if ($partitions.Count -ne 1) {
        throw "disk ${number}: got $($partitions.Count) partitions, expected an empty disk or one data partition: save what it holds, then Clear-Disk -Number $number -RemoveData"
    }
    $volume = $partitions[0] | Get-Volume -ErrorAction SilentlyContinue
    if (-not $volume -or -not $volume.FileSystem -or $volume.FileSystem -eq 'RAW') {
        if (-not $ours) { throw "disk ${number}: got a partition without a file system that Windows knows, expected an empty disk or a volume: look at it before you clear it" }
        $null = $partitions[0] | Format-Volume -FileSystem NTFS -NewFileSystemLabel $Label -Confirm:$false
        $script:changed += "disk $number formatted"
    }
    if ($ours) { Remove-ItemProperty -Path $begun -Name $id }
    return Get-Partition -DiskNumber $number -PartitionNumber $partitions[0].PartitionNumber
}

function Mount-Partition($Partition, [string]$Path) {
    $at = @{ DiskNumber = $Partition.DiskNumber; PartitionNumber = $Partition.PartitionNumber }
    if (@($Partition.AccessPaths) -contains "$Path\") { return }
    if ($Path.Length -eq 2) {
        if ([IO.DriveInfo]::GetDrives().Name -contains "$Path\") { throw "mountPath ${Path}: got a letter in use, expected a free one: choose another" }
        Set-Partition @at -NewDriveLetter $Path[0]
    } else {
        $folder = [IO.Directory]::CreateDirectory($Path)
        if (($folder.Attributes -band [IO.FileAttributes]::ReparsePoint) -or $folder.GetFileSystemInfos().Count -gt 0) {
            throw "mountPath ${Path}: got a link or a folder with files, expected an empty folder or none: choose another or move them"
        }
        Add-PartitionAccessPath @at -AccessPath $Path
    }
    $script:changed += "$Path mounted"
}

# To the end of its disk, when that gains 64 MiB or more: less is alignment.
function Expand-Partition($Partition) {
    $at = @{ DiskNumber = $Partition.DiskNumber; PartitionNumber = $Partition.PartitionNumber }
    if ([long](Get-Disk -Number $Partition.DiskNumber).LargestFreeExtent -lt 64 * 1024 * 1024) { return }
    $largest = [long](Get-PartitionSupportedSize @at).SizeMax
    if ($largest - [long]$Partition.Size -lt 64 * 1024 * 1024) { return }
    Resize-Partition @at -Size $largest
    $script:changed += "disk $($Partition.DiskNumber) grown"
}

# Windows writes what it has kept for it, and refuses while something on it is in use.
function Dismount-DataDisk([string]$Lun) {
    foreach ($disk in Find-DataDisk -Lun $Lun | Where-Object { -not $_.IsOffline }) {
        try { Set-Disk -Number $disk.Number -IsOffline $true }
        catch { throw "disk $($disk.Number) at LUN ${Lun}: got '$_', expected that it goes offline: end what has files there open" }
        $script:changed += "disk $($disk.Number) offline"
    }
}

if (-not $Disks) { throw 'parameter Disks: got nothing, expected base64 of a JSON list: see the head of this script' }
# Not in @(): Windows PowerShell hands a list on as one object.
$wanted = ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Disks)))
$mounted = @()
foreach ($each in $wanted) {
    if (-not $each.mounted) {
        Dismount-DataDisk -Lun $each.lun
        continue
    }
    $path = ([string]$each.mountPath).TrimEnd('\')
    if ($path -notmatch '^[A-Za-z]:(\\[^\\/:*?"<>|]+)*$') { throw "mountPath: got $path, expected a drive letter as F: or a folder as C:\data" }
    $disk = Wait-DataDisk -Lun $each.lun -SizeGib $each.sizeGib
    if ($disk.IsOffline) {
        Set-Disk -Number $disk.Number -IsOffline $false
        $changed += "disk $($disk.Number) online"
    }
    if ($disk.IsReadOnly) {
        Set-Disk -Number $disk.Number -IsReadOnly $false
        $changed += "disk $($disk.Number) writable"
    }
    $partition = Get-DataPartition -Disk (Get-Disk -Number $disk.Number) -Label $each.label
    Expand-Partition -Partition $partition
    Mount-Partition -Partition $partition -Path $path
    $mounted += [ordered]@{ lun = [int]$each.lun; disk = [int]$disk.Number; mountPath = $path }
}

[ordered]@{ changed = $changed; disks = $mounted } | ConvertTo-Json -Compress -Depth 3
