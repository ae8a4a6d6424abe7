# Functions that find a data disk of Azure by its LUN.

# Where a disk is: number of its adapter, or nvme, and its LUN; '' for what Windows does not tell.
# SCSI: "Integrated : Adapter 3 : Port 0 : Target 0 : LUN 1". NVMe tells no LUN there, but ends its path by the number of the
# namespace: \\?\scsi#disk&ven_nvme&prod_msft_nvme_accele#6&ca10229&0&000001#{...} is LUN 0. Azure gives the system disk
# namespace 1 and a data disk LUN + 2 (github.com/Azure/azure-vm-utils/pull/11), Windows counts them from 0 on
# (github.com/MicrosoftDocs/win32/pull/1093), and Azure's CSI driver, tried on v7 sizes, reads them so
# (github.com/kubernetes-sigs/azuredisk-csi-driver/pull/3632). Nobody says whether more digits are decimal.
function Get-Place($Disk) {
    $namespace = [regex]::Match(([string]$Disk.Path).ToLowerInvariant(), '&ven_nvme&prod_msft_nvme_accele#.*&00000(\d)#')
    if ($namespace.Success) { return @('nvme', [string]([int]$namespace.Groups[1].Value - 1)) }
    $at = [regex]::Match([string]$Disk.Location, 'Adapter (\d+) .*LUN (\d+)\s*$')
    return @($at.Groups[1].Value, $at.Groups[2].Value)
}

# The data disk with this LUN. The temporary disk sits beside the system disk on its adapter, or is IDE or NVMe of another make.
function Find-DataDisk([string]$Lun) {
    $all = @(Get-Disk)
    $adapters = @($all | Where-Object { $_.IsBoot -or $_.IsSystem } | ForEach-Object { (Get-Place -Disk $_)[0] })
    if ($adapters -contains 'nvme' -and [int]$Lun -gt 8) {
        throw "LUN: got $Lun, expected 0 to 8 on a size with NVMe disks: give the disk another lun, or take a size with SCSI disks, as those of v5"
    }
    $found = @($all | Where-Object {
            $adapter, $own = Get-Place -Disk $_
            $own -eq $Lun -and ($adapter -eq 'nvme' -or
                ($adapters -notcontains $adapter -and @('ATA', 'NVMe') -notcontains [string]$_.BusType))
        })
    if ($adapters -contains '' -or $found.Count -gt 1) {
        $seen = $all | ForEach-Object { "$($_.Number) ($($_.BusType), $($_.Location), $($_.Path))" }
        throw "LUN ${Lun}: got disks $($seen -join '; '), expected one, on SCSI beside another adapter than the system disk's, or on NVMe by MSFT NVMe Accelerator: use another size of machine, as those of v5"
    }
    return $found
}

# The same, once it is there with its size in GiB. NVMe has just this one, which shows that it is the disk that is meant.
function Wait-DataDisk([string]$Lun, [long]$SizeGib) {
    $wanted = $SizeGib * 1024 * 1024 * 1024
    $got = 'none'
    for ($until = (Get-Date).AddSeconds(60); ; Start-Sleep -Seconds 3) {
        $found = @(Find-DataDisk -Lun $Lun)
        if ($found.Count -eq 1) {
            # One that Azure made larger while the machine ran shows its old size until then.
            Update-Disk -Number $found[0].Number
            $disk = Get-Disk -Number $found[0].Number
            $got = "disk $($disk.Number) of $($disk.Size) bytes"
            if ($disk.Size -eq $wanted -or ($disk.Size -gt $wanted -and (Get-Place -Disk $disk)[0] -ne 'nvme')) { return $disk }
        }
        if ((Get-Date) -gt $until) {
            throw "LUN ${Lun}: got $got in 60 s, expected a data disk of $wanted bytes: attach it, and restart the machine if Azure keeps a new size for that"
        }
        Update-HostStorageCache
    }
}
