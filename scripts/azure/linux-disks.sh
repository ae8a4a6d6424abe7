#!/bin/bash
# Makes the data disks of a Linux agent usable: each is found by its LUN, formatted once, if it is empty, mounted, bound to a
# second place, and its file system grown to the end of a disk that has become larger. What is no longer listed is unmounted;
# disks lose nothing by it. Runs as root, by a managed run command: see linux-access.sh.
#   KUBEDEV_DISKS     a disk a line: LUN, where it is mounted, its file system (ext4 or xfs), and where it is bound to, if
#                     anywhere; nothing: no disks
#   KUBEDEV_SIZES     LUN and GiB that its disk has at least, a disk a line; without a line: as large as it is
#   KUBEDEV_OWNER     user who owns what is formatted; default root
#   KUBEDEV_WAIT_SEC  how long to wait for a disk that is being attached; default 60
#   KUBEDEV_LUN_DIRS  directories where disks are found as N or lunN, one a line; default: those that Azure's udev rules fill,
#                     of azure-vm-utils (SCSI and NVMe) and of its older agent (SCSI)
# Prints {"disks":[{"lun","device","uuid","mountPath","bindPath","formatted","mounted","bound","grown"}],"unmounted":[...]};
# formatted, mounted, bound, grown and unmounted say what this run has done. Needs util-linux, and the programs of the file
# systems.
# /etc/fstab is the record: lines with the option x-kubedev are ours, all others are left as they are.
set -euo pipefail
shopt -s extglob
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C
umask 022
. ./linux-mount-users.sh

die() {
    printf 'kubedev: %s\n' "$*" >&2
    exit 1
}
say() { printf '%s\n' "$*" >&2; }

mark=x-kubedev
fstab=/etc/fstab
wait_sec=${KUBEDEV_WAIT_SEC:-60}
mapfile -t lun_dirs <<<"${KUBEDEV_LUN_DIRS:-/dev/disk/azure/data/by-lun
/dev/disk/azure/scsi1}"

owner=${KUBEDEV_OWNER:-root}
owner_ids=$(id -u "$owner" 2>/dev/null):$(id -g "$owner" 2>/dev/null) ||
    die "got the owner \"$owner\", whom this machine does not know; expected its administrator (osProfile.adminUsername)"

[[ $(id -u) -eq 0 ]] || die "this is run by $(id -un); expected root"
exec 9>/run/kubedev-disks.lock
flock -w 300 9 || die "another run has worked on the disks for 300 s; end that one (fuser -v /run/kubedev-disks.lock shows it)"

# --- what is wanted ---
luns=() mounts=() types=() binds=()
declare -A taken=()
check_path() {
    local form='^(/[A-Za-z0-9_@:+~-][A-Za-z0-9_.@:+~-]*)+$' other
    [[ $2 =~ $form ]] ||
        die "got the $1 \"$2\"; expected an absolute path of letters, digits and ._@:+~-, no part of which begins with a dot"
    case $2 in
    /home | /root | /tmp | /var | /var/lib | /@(bin|boot|dev|etc|lib|lib64|proc|run|sbin|sys|usr)?(/*))
        die "got the $1 $2; expected one that hides nothing of the system, as /data"
        ;;
    esac
    for other in "${!taken[@]}"; do
        [[ $2/ != "$other"/* && $other/ != "$2"/* ]] ||
            die "got the paths $other and $2; expected places apart from each other"
    done
    taken[$2]=1
}
while read -r lun mount_path type bind_path more; do
    [[ -n $lun ]] || continue
    [[ $lun =~ ^(0|[1-9][0-9]?)$ ]] || die "got the LUN \"$lun\"; expected a number from 0 to 99"
    [[ " ${luns[*]-} " != *" $lun "* ]] || die "got LUN $lun twice; expected a disk a line"
    case $type in
    ext4 | xfs) command -v "mkfs.$type" >/dev/null || die "mkfs.$type is missing; install it: apt-get install $([[ $type == xfs ]] && echo xfsprogs || echo e2fsprogs)" ;;
    *) die "got the file system \"$type\" for LUN $lun; expected ext4 or xfs" ;;
    esac
    check_path "mount path" "$mount_path"
    [[ -z $bind_path ]] || check_path "bind path" "$bind_path"
    [[ -z $more ]] || die "got \"$more\" behind the bind path of LUN $lun; expected nothing"
    luns+=("$lun") mounts+=("$mount_path") types+=("$type") binds+=("$bind_path")
done <<<"${KUBEDEV_DISKS-}"
declare -A sizes=()
while read -r lun gib; do
    [[ -n $lun ]] || continue
    [[ $lun =~ ^[0-9]+$ && $gib =~ ^[1-9][0-9]*$ ]] || die "got the size \"$lun $gib\"; expected a LUN and a number of GiB"
    sizes[$lun]=$gib
done <<<"${KUBEDEV_SIZES-}"

# --- the disks ---
device_of() { # LUN
    local dir name
    for dir in "${lun_dirs[@]}"; do
        for name in "$dir/$1" "$dir/lun$1"; do
            if [[ -b $name ]]; then
                readlink -f "$name"
                return
            fi
        done
    done
    return 1
}
missing() {
    local lun
    for lun in ${luns[@]+"${luns[@]}"}; do device_of "$lun" >/dev/null || printf ' %s' "$lun"; done
}
began=$SECONDS
while lacks=$(missing) && [[ -n $lacks ]]; do
    if ((SECONDS - began >= wait_sec)); then
        die "no disk at LUN$lacks after $wait_sec s; expected one attached to this machine (az vm show -d --query storageProfile.dataDisks); looked in $(printf '%s ' "${lun_dirs[@]}"); this machine has: $(lsblk -dno NAME,SIZE,HCTL 2>/dev/null | tr -s ' \n' ' ,')"
    fi
    (((SECONDS - began) % 5)) || say "waiting for the disk at LUN$lacks ($((SECONDS - began)) of $wait_sec s)"
    # A disk that was attached while the machine runs may need this to be seen.
    [[ -n ${KUBEDEV_LUN_DIRS-} ]] || for scan in /sys/class/scsi_host/*/scan; do
        if [[ -w $scan ]]; then echo '- - -' >"$scan" || :; fi
    done
    sleep 1
done

# Azure makes a disk larger while the machine runs; the kernel sees it once it is told to look, or has looked by itself.
for lun in ${luns[@]+"${luns[@]}"}; do
    device=$(device_of "$lun") began=$SECONDS wanted=$((${sizes[$lun]:-0} << 30))
    while (($(blockdev --getsize64 "$device") < wanted)); do
        # SCSI and NVMe.
        for scan in "/sys/class/block/$(basename "$device")/device"/{rescan,rescan_controller}; do
            if [[ -w $scan ]]; then echo 1 >"$scan" || :; fi
        done
        ((SECONDS - began < wait_sec)) ||
            die "the disk at LUN $lun ($device) has $(($(blockdev --getsize64 "$device") >> 20)) MiB after $wait_sec s; expected ${sizes[$lun]} GiB: restart the machine (az vm restart), for which Azure may keep the new size, and run this again"
        sleep 1
    done
done

# What is mounted at a path last, as device number; nothing if nothing is.
mounted_at() { { findmnt --noheadings --mountpoint "$1" --output MAJ:MIN || :; } | tail -n 1 | tr -d ' '; }
# Whether our lines of fstab have a path.
is_ours() { [[ -e $fstab ]] && our_lines | awk -v path="$1" '$2 == path { found = 1 } END { exit !found }'; }
our_lines() { awk -v mark="$mark" '$1 !~ /^#/ && ("," $4) ~ ("," mark "=")' "$fstab"; }
other_lines() { awk -v mark="$mark" '$1 ~ /^#/ || ("," $4) !~ ("," mark "=")' "$fstab"; }
number_of() { lsblk --nodeps --noheadings --output MAJ:MIN "$1" | tr -d ' '; }

devices=() uuids=() empty=()
declare -A seen=()
for at in ${luns[@]+"${!luns[@]}"}; do
    lun=${luns[at]} type=${types[at]} device=$(device_of "${luns[at]}")
    what="the disk at LUN $lun ($device)"
    [[ -z ${seen[$device]-} ]] || die "$what is that at LUN ${seen[$device]}, too; expected two disks"
    seen[$device]=$lun
    # blkid says the same of a device that it cannot read as of an empty one.
    if ! head -c 65536 "$device" >/dev/null || (($(blockdev --getsize64 "$device") == 0)); then
        die "$what cannot be read (see above); expected a disk"
    fi
    found=0
    facts=$(blkid --probe --output export "$device") || found=$?
    blank=false
    if ((found == 2)); then
        # Not a file system, but in use by something that leaves no signature, or that the kernel has read partitions of.
        name=$(basename "$device")
        for other in "/sys/class/block/$name/holders"/* "/sys/class/block/$name/$name"*; do
            [[ ! -e $other ]] || die "$what is in use by $(basename "$other"); expected an empty one: nothing was formatted"
        done
        blank=true
    elif ((found != 0)) || grep -q ^PTTYPE= <<<"$facts" || ! grep -qx "TYPE=$type" <<<"$facts"; then
        die "$what holds something else: ${facts:+$(tr '\n' ' ' <<<"$facts")}(blkid ended with $found); expected an empty one, or one with the file system $type: nothing was formatted. If nobody needs what is on it, empty it yourself: wipefs --all $device"
    fi
    number=$(number_of "$device")
    for path in "${mounts[at]}" "${binds[at]}"; do
        there=$([[ -z $path ]] || mounted_at "$path")
        [[ -z $there || $there == "$number" ]] || is_ours "$path" ||
            die "something else is mounted at $path: $(findmnt -no SOURCE --mountpoint "$path" | tail -n 1); expected nothing, or $what"
    done
    if [[ $(mounted_at "${mounts[at]}") != "$number" ]]; then
        while read -r path; do
            is_ours "$path" || die "$what is mounted at $path already; expected one that nothing uses"
        done < <(findmnt --noheadings --list --output TARGET --source "$device")
    fi
    devices+=("$device") empty+=("$blank")
done
for path in ${mounts[@]+"${mounts[@]}"} ${binds[@]+"${binds[@]}"}; do
    [[ -n $path && -e $fstab ]] || continue
    line=$(other_lines | awk -v path="$path" '$1 !~ /^#/ && $2 == path')
    [[ -z $line ]] || die "$fstab has a line of somebody else for $path: $line; expected none; choose another path, or remove that line"
done

# --- formatted once ---
for at in ${luns[@]+"${!luns[@]}"}; do
    if [[ ${empty[at]} == true ]]; then
        say "formatting the disk at LUN ${luns[at]} (${devices[at]}, empty) as ${types[at]}"
        # With its owner at once, since a run that is broken off is not repeated; xfs cannot do that.
        options=(-q)
        [[ ${types[at]} != ext4 ]] || options+=(-E "root_owner=$owner_ids")
        "mkfs.${types[at]}" "${options[@]}" "${devices[at]}" >&2 </dev/null
    fi
    uuid=$(blkid --probe --match-tag UUID --output value "${devices[at]}")
    [[ -z ${seen[$uuid]-} ]] ||
        die "the disks at LUN ${seen[$uuid]} and ${luns[at]} have the same UUID $uuid, since one is a copy of the other; expected two; give the copy another one: tune2fs -U random, or xfs_admin -U generate"
    seen[$uuid]=${luns[at]}
    uuids+=("$uuid")
done

# --- no longer listed ---
wanted_lines=()
for at in ${luns[@]+"${!luns[@]}"}; do
    pass=0
    [[ ${types[at]} != ext4 ]] || pass=2
    # nofail: the machine boots without the disk, too; systemd waits for it no longer than that. Whose disk it is also stands
    # in the bind's line, which else would stay as it is when the disk becomes another one.
    wanted_lines+=("UUID=${uuids[at]} ${mounts[at]} ${types[at]} defaults,nofail,x-systemd.device-timeout=30s,$mark=${uuids[at]} 0 $pass")
    [[ -z ${binds[at]} ]] ||
        wanted_lines+=("${mounts[at]} ${binds[at]} none bind,nofail,x-systemd.requires-mounts-for=${mounts[at]},$mark=${uuids[at]} 0 0")
done
unmounted=()
unmount() { # PATH SOURCE
    local source=$2 said tries
    [[ -n $(mounted_at "$1") ]] || return 0
    [[ $source != UUID=* ]] || source=$(blkid --uuid "${source#UUID=}") || source=''
    while [[ -n $(mounted_at "$1") ]]; do
        say "unmounting $1"
        for tries in 1 2 3 4 5; do
            if said=$(umount "$1" 2>&1); then break; fi
            # Of a disk that is gone already nothing can be written any more.
            if [[ -z $source ]]; then
                umount --lazy "$1"
                break
            fi
            # Whoever has just ended may hold it a moment longer.
            ((tries < 5)) || die "cannot unmount $1 ($said); it is in use by: $(mount_users "$1" | tr '\n' ' '); end that (fuser -vm $1 shows it), and run this again: nothing is lost"
            sleep 1
        done
    done
    unmounted+=("\"$1\"")
}
if [[ -e $fstab ]]; then
    while read -r source path _ options _; do
        kept=false
        for line in ${wanted_lines[@]+"${wanted_lines[@]}"}; do
            [[ $line != "$source $path "*",$mark=${options##*,"$mark"=} "* ]] || kept=true
        done
        [[ $kept == true ]] || unmount "$path" "$source"
    # Binds stand behind what they bind.
    done < <(our_lines | tac)
    # Of a disk that is taken away, what others still write would be lost, too.
    while read -r uuid; do
        if [[ " ${uuids[*]-} " == *" $uuid "* ]] || ! device=$(blkid --uuid "$uuid"); then continue; fi
        others=$(mounted_elsewhere "$(number_of "$device")" | tr '\n' ' ')
        [[ -z $others ]] || die "the disk $device is unmounted, but processes with mounts of their own, as containers, still have it: $others; end them, and run this again: nothing is lost"
    done < <(our_lines | sed -n "s/.*[, ]$mark=\([^ ,]*\).*/\1/p" | sort -u)
fi

# --- fstab ---
new=$fstab.kubedev-new
{
    [[ ! -e $fstab ]] || other_lines
    for line in ${wanted_lines[@]+"${wanted_lines[@]}"}; do printf '%s\n' "$line"; done
} >"$new"
if [[ -e $fstab ]]; then chmod --reference="$fstab" "$new"; fi
if { [[ ! -e $fstab ]] && [[ ! -s $new ]]; } || cmp -s "$new" "$fstab"; then
    rm "$new"
else
    mv "$new" "$fstab"
    if [[ -d /run/systemd/system ]]; then systemctl daemon-reload; fi
fi

# --- mounted, grown, bound ---
disks=()
for at in ${luns[@]+"${!luns[@]}"}; do
    mounted=false bound=false grown=false
    number=$(number_of "${devices[at]}")
    if [[ $(mounted_at "${mounts[at]}") != "$number" ]]; then
        mkdir -p "${mounts[at]}"
        [[ -z $(ls -A "${mounts[at]}") ]] || say "${mounts[at]} holds files, which the disk hides"
        mount --types "${types[at]}" --options "defaults,nofail,$mark=${uuids[at]}" "${devices[at]}" "${mounts[at]}"
        mounted=true
        [[ ${empty[at]} != true ]] || chown "$owner_ids" "${mounts[at]}"
    fi
    # Both work on what is mounted, and do nothing where there is nothing to gain.
    before=$(stat --file-system --format=%b "${mounts[at]}")
    case ${types[at]} in
    ext4) said=$(resize2fs "${devices[at]}" 2>&1) ;;
    xfs) said=$(xfs_growfs -d "${mounts[at]}" 2>&1) ;;
    esac || die "cannot grow the file system of the disk at LUN ${luns[at]} (${devices[at]}) to its end: $said"
    if [[ $(stat --file-system --format=%b "${mounts[at]}") != "$before" ]]; then
        say "the file system at ${mounts[at]} has grown to the end of its disk"
        grown=true
    fi
    bind=${binds[at]}
    if [[ -n $bind && $(mounted_at "$bind") != "$number" ]]; then
        mkdir -p "$bind"
        mount --bind "${mounts[at]}" "$bind"
        bound=true
    fi
    disks+=("$(printf '{"lun":%d,"device":"%s","uuid":"%s","mountPath":"%s","bindPath":"%s","formatted":%s,"mounted":%s,"bound":%s,"grown":%s}' \
        "${luns[at]}" "${devices[at]}" "${uuids[at]}" "${mounts[at]}" "$bind" "${empty[at]}" "$mounted" "$bound" "$grown")")
done
joined() {
    local IFS=,
    printf '%s' "$*"
}
printf '{"disks":[%s],"unmounted":[%s]}\n' "$(joined ${disks[@]+"${disks[@]}"})" "$(joined ${unmounted[@]+"${unmounted[@]}"})"
