#!/bin/sh
# Makes a restored machine that one of whose directory this runs in: tells the guest's agent who it is. Writes warm/done
# when the guest has taken it, or warm/failed with the reason; a snapshot that fails is taken anew by the next machine.
# Without an argument it connects; with one it is what talks on the connection.
if [ "${1:-}" = talk ]; then
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
fi
timeout "${WARM_LIMIT_SEC:-180}" socat UNIX-CONNECT:personal.sock,retry=100,interval=0.02 EXEC:"sh warm/personalise talk" 2>warm/said
if [ "$(cat warm/answer 2>/dev/null)" = ok ]; then
    mv warm/answer warm/done
else
    rm -rf "$(readlink warm/snapshot)"
    printf '%s\n' "the restored guest did not become this machine: $(cat warm/answer warm/said 2>/dev/null)" >warm/failed.new
    mv warm/failed.new warm/failed
fi
