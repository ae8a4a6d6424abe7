# Functions of scripts that install what they download.
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

# What a program prints.
function Invoke-Tool([string]$Path, [string[]]$Arguments) {
    $lines = & $Path $Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Path ${Arguments}: got exit code $LASTEXITCODE, expected 0: see its error output" }
    return $lines
}

function Get-Archive([string]$Url, [string]$Digest, [string]$Path) {
    Invoke-WebRequest -Uri $Url -OutFile $Path -UseBasicParsing
    $got = (Get-FileHash -LiteralPath $Path -Algorithm SHA256).Hash
    if ($got -ne $Digest) { throw "sha256 of ${Url}: got $got, expected ${Digest}: check the address and the digest" }
}

# What an earlier run left.
function Remove-Left([string]$Path) {
    if (Test-Path -LiteralPath $Path) { Remove-Item -LiteralPath $Path -Recurse -Force }
}
