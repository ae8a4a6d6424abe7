#!/bin/sh
# Prints where the UEFI firmware of machines is, in two lines: its code, and the template of its variables. It is the first
# that QEMU's firmware descriptors (docs/interop/firmware.json) name for a q35 machine without SMM, and without enrolled keys
# of Secure Boot, both in raw format; where there are no descriptors, files as Debian, Ubuntu and Fedora have them.
#   FIRMWARE_ROOT  directory before all paths; default none
# Needs jq.
set -eu
LC_ALL=C
export LC_ALL
root=${FIRMWARE_ROOT:-}
wanted='select((.["interface-types"] | index("uefi"))
    and .mapping.device == "flash"
    and .mapping.executable.format == "raw"
    and .mapping["nvram-template"].format == "raw"
    and any(.targets[]; .architecture == "x86_64" and any(.machines[]; startswith("pc-q35")))
    and (.features | index("requires-smm") == null and index("enrolled-keys") == null))
    | .mapping | .executable.filename, .["nvram-template"].filename'

found() { # found CODE VARIABLES: ends the search if both are there
    [ -r "$root$1" ] && [ -r "$root$2" ] || return 0
    printf '%s\n' "$root$1" "$root$2"
    exit 0
}

# The administrator's descriptors count more than those of packages of the same name; an empty one hides it.
names=$(for file in "$root"/etc/qemu/firmware/*.json "$root"/usr/share/qemu/firmware/*.json; do
    if [ -e "$file" ]; then echo "${file##*/}"; fi
done | sort -u)
for name in $names; do
    file=$root/etc/qemu/firmware/$name
    [ -e "$file" ] || file=$root/usr/share/qemu/firmware/$name
    pair=$(jq -r "$wanted" "$file" 2>/dev/null) || continue
    [ -n "$pair" ] || continue
    found "${pair%%
*}" "${pair##*
}"
done
for directory in /usr/share/OVMF /usr/share/edk2/ovmf; do
    for size in _4M ''; do
        found "$directory/OVMF_CODE$size.fd" "$directory/OVMF_VARS$size.fd"
    done
done
echo "none that starts a machine without SMM is described in /etc/qemu/firmware or /usr/share/qemu/firmware"
exit 1
