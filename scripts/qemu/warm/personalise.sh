#!/bin/sh
# Makes a restored machine that one of whose directory this runs in: tells the guest's agent who it is. Writes warm/done
# when the guest has taken it, or warm/failed with the reason; a snapshot that fails is taken anew by the next machine.
# Without an argument it connects; with one it is what talks on a connection: to QEMU, then to the guest.
. ./snapshot-drop.sh

case ${1:-} in
restore)
    read -r _
    while IFS= read -r command <&3; do
        printf '%s\n' "$command"
        # Events come in between.
        while read -r answer; do
            case $answer in
            *'"return"'*) break ;;
            *'"error"'*)
                printf '%s\n' "$answer" >warm/answer
                exit 1
                ;;
            esac
        done
    done 3<warm/commands
    exit 0
    ;;
talk)
    echo hello
    read -r answer
    [ "$answer" = listening ] || exit 1
    # Not before the guest listens: the clock is what it will be when this is read.
    now=$(date +%s.%N)
    printf 'time %s\n%s\n' "${#now}" "$now"
    cat warm/document
    read -r answer
    printf '%s\n' "$answer" >warm/answer
    exit 0
    ;;
esac
limit=$(cat warm/limit)
# QEMU may take long to be there.
timeout "$limit" socat -t 0.01 "UNIX-CONNECT:qmp.sock,retry=$((limit * 50)),interval=0.02" EXEC:"sh warm/personalise restore" 2>warm/said
if [ ! -e warm/answer ]; then
    timeout "$limit" socat UNIX-CONNECT:personal.sock,retry=50,interval=0.1 EXEC:"sh warm/personalise talk" 2>>warm/said
fi
if [ "$(cat warm/answer 2>/dev/null)" = ok ]; then
    mv warm/answer warm/done
else
    drop_snapshot
    printf '%s\n' "the restored guest did not become this machine: $(cat warm/answer warm/said 2>/dev/null)" >warm/failed.new
    mv warm/failed.new warm/failed
fi
