#!/bin/sh
# Waits until a restored guest has become the machine of the current directory; of one that started cold there is nothing
# to wait for. Ends with 3 when it never will: see wait-ssh-banner.sh, which takes the same KUBEDEV_*.
. ./snapshot-drop.sh

personal_tries=0
while [ -d warm ] && [ ! -e warm/done ]; do
    if [ -e warm/failed ]; then
        echo "machine: $(cat warm/failed). Its snapshot was removed; the same again starts the machine cold" >&2
        exit 3
    fi
    if [ ! -e "/proc/$KUBEDEV_PID" ]; then
        # Else it was not the snapshot's fault: a port that was taken meanwhile, too little memory.
        if grep -a -q -E 'load of migration failed|[Ee]rror while loading state' log 2>/dev/null; then
            drop_snapshot
            echo "machine: QEMU did not take the snapshot, see its log. The snapshot was removed; the same again starts the machine cold" >&2
        else
            echo "machine: QEMU has ended, see its log; the same again starts the machine cold" >&2
        fi
        exit 3
    fi
    personal_tries=$((personal_tries + 1))
    [ "$personal_tries" -lt 300 ] || exit 1
    sleep 0.02
done
# Who runs on it needs it no more.
rm -rf warm
