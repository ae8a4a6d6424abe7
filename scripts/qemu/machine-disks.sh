# Makes the further disks of a machine ready, in its directory, while it is off: links, and the wanted sizes. Behind
# machine-prepare.sh, whose functions and values it takes.
#   MACHINE_DISKS  a line each: name of the link, wanted size in MiB, directory of the disk
# shellcheck shell=sh disable=SC2154 # see machine-prepare.sh
printf '%s' "$MACHINE_DISKS" | while read -r link size_mib disk_dir; do
    # A machine that is to give it away may be shutting down just now.
    disk_tries=${MACHINE_DISK_TRIES:-60}
    until disk_said=$(KUBEDEV_DISK=$disk_dir/disk.qcow2 KUBEDEV_DISK_SIZE_MIB=$size_mib sh -c "$MACHINE_GROW_OVERLAY" 2>&1); do
        disk_tries=$((disk_tries - 1))
        case $disk_said in *lock*) ;; *) disk_tries=0 ;; esac
        if [ "$disk_tries" -le 0 ]; then
            echo "$disk_said" >&2
            case $disk_said in *lock*) fail "another machine has the disk $disk_dir; expected one that no other has: take it from that one first, by an up of its own" ;; esac
            exit 1
        fi
        sleep 1
    done
    # The next preview refuses a smaller size than this.
    sed "s/^fact.sizeMib=.*/fact.sizeMib=$size_mib/" "$disk_dir/record" >"$disk_dir/record.new"
    mv -f "$disk_dir/record.new" "$disk_dir/record"
    ln -sfn "$disk_dir/disk.qcow2" "$link"
done
