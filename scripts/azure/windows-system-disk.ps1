# Grows the system partition to the end of its disk, when that gains 64 MiB or more: less is alignment.
# Prints {"changed": [what], "bytes": size of the partition, "diskBytes": size of the disk}.
param()
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop' }
$ProgressPreference = 'SilentlyContinue'

$worth = 64 * 1024 * 1024
$letter = $env:SystemDrive.Substring(0, 1)
$number = (Get-Partition -DriveLetter $letter).DiskNumber
# A disk that Azure made larger while the machine ran shows its old size until then.
Update-Disk -Number $number

$size = [long](Get-Partition -DriveLetter $letter).Size
$largest = [long](Get-PartitionSupportedSize -DriveLetter $letter).SizeMax
$changed = @()
if ($largest - $size -ge $worth) {
    Resize-Partition -DriveLetter $letter -Size $largest
    $size = [long](Get-Partition -DriveLetter $letter).Size
    $changed += "partition $letter"
}

[ordered]@{ changed = $changed; bytes = $size; diskBytes = [long](Get-Disk -Number $number).Size } | ConvertTo-Json -Compress
