# Mounts data disks of Azure, each found by its LUN. An empty disk gets one NTFS volume; what holds anything is never formatted.
#   Disks  base64 of JSON: [{"lun": 0, "mountPath": "C:\\data" or "F:", "label": "kubedev-0"}, ...]
# Prints {"changed": [what], "disks": [{"lun", "disk", "mountPath"}]}.
param(
    [string]$Disks
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
$ProgressPreference = 'SilentlyContinue'

$changed = @()
# Disks that we have begun to format, by their ids: only these may be gone on with after an interruption.
$begun = 'HKLM:\SOFTWARE\kubedev\disks'

# Number of the adapter and LUN of a disk, from "Integrated : Adapter 3 : Port 0 : Target 0 : LUN 1"; '' when it has none.
function Get-Place($Disk) {
    $at = [regex]::Match([string]$Disk.Location, 'Adapter (\d+) .*LUN (\d+)\s*$')
    return @($at.Groups[1].Value, $at.Groups[2].Value)
}

# The data disk with this LUN. The temporary disk sits beside the system disk on its adapter, or is IDE or NVMe.
function Find-DataDisk([string]$Lun) {
    $all = @(Get-Disk)
    $adapters = @($all | Where-Object { $_.IsBoot -or $_.IsSystem } | ForEach-Object { (Get-Place -Disk $_)[0] })
    $found = @($all | Where-Object {
            $adapter, $own = Get-Place -Disk $_
            $own -eq $Lun -and $adapters -notcontains $adapter -and @('ATA', 'NVMe') -notcontains [string]$_.BusType
        })
    if ($adapters -contains '' -or $found.Count -gt 1) {
        $seen = $all | ForEach-Object { "$($_.Number) ($($_.BusType), $($_.Location))" }
        throw "LUN ${Lun}: got disks $($seen -join '; '), expected one that is not on the adapter of the system disk: use a size of machine with SCSI disks"
    }
    return $found
}

function Wait-DataDisk([string]$Lun) {
    $until = (Get-Date).AddSeconds(60)
    while ($true) {
        $found = @(Find-DataDisk -Lun $Lun)
        if ($found.Count -eq 1) { return $found[0] }
        if ((Get-Date) -gt $until) {
            throw "LUN ${Lun}: got no data disk in 60 s, expected one: attach it, and use a size of machine with SCSI disks (not NVMe)"
        }
        Update-HostStorageCache
        Start-Sleep -Seconds 3
    }
}

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

if (-not $Disks) { throw 'parameter Disks: got nothing, expected base64 of a JSON list: see the head of this script' }
# Not in @(): Windows PowerShell hands a list on as one object.
$wanted = ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Disks)))
$mounted = @()
foreach ($each in $wanted) {
    $path = ([string]$each.mountPath).TrimEnd('\')
    if ($path -notmatch '^[A-Za-z]:(\\[^\\/:*?"<>|]+)*$') { throw "mountPath: got $path, expected a drive letter as F: or a folder as C:\data" }
    $disk = Wait-DataDisk -Lun $each.lun
    if ($disk.IsOffline) {
        Set-Disk -Number $disk.Number -IsOffline $false
        $changed += "disk $($disk.Number) online"
    }
    if ($disk.IsReadOnly) {
        Set-Disk -Number $disk.Number -IsReadOnly $false
        $changed += "disk $($disk.Number) writable"
    }
    $partition = Get-DataPartition -Disk (Get-Disk -Number $disk.Number) -Label $each.label
    Mount-Partition -Partition $partition -Path $path
    $mounted += [ordered]@{ lun = [int]$each.lun; disk = [int]$disk.Number; mountPath = $path }
}

[ordered]@{ changed = $changed; disks = $mounted } | ConvertTo-Json -Compress -Depth 3
