# Makes the further disks of a machine ready, in its directory, while it is off: links, and the wanted sizes. Behind
# machine-prepare.sh, whose functions and values it takes.
#   MACHINE_DISKS  a line each: name of the link, wanted size in MiB, directory of the disk
# shellcheck shell=sh disable=SC2154 # see machine-prepare.sh
printf '%s' "$MACHINE_DISKS" | while read -r link size_mib disk_dir; do
    KUBEDEV_DISK=$disk_dir/disk.qcow2 KUBEDEV_DISK_SIZE_MIB=$size_mib sh -c "$MACHINE_GROW_OVERLAY" >/dev/null
    # The next preview refuses a smaller size than this.
    sed "s/^fact.sizeMib=.*/fact.sizeMib=$size_mib/" "$disk_dir/record" >"$disk_dir/record.new"
    mv -f "$disk_dir/record.new" "$disk_dir/record"
    ln -sfn "$disk_dir/disk.qcow2" "$link"
done
