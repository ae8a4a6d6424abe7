#!/bin/sh
# Makes a snapshot of a machine that is nobody's: boots one of its own on a disk of its own, waits until its boot is
# through and its agent has made it nobody's, and keeps disk, memory and state of the devices.
#   SNAPSHOT_DIR          directory to make: disk, memory, state and, written last, intact
#   SNAPSHOT_RUN          shell text that becomes QEMU in the directory that has kernel, initrd and accelerator
#   SNAPSHOT_DISK_MIB     size of its disk
#   SNAPSHOT_LIMIT_SEC    how long the boot may take
#   MACHINE_IMAGE_DIR, MACHINE_BASE_FORMAT     base image
#   WARM_AGENT, WARM_UNIT, WARM_RULES          texts of guest-agent.pl, guest-unit.service and guest-udev.rules
# Nothing is left of one that fails or is killed: QEMU ends with this script, whatever ends it.
# Needs socat, qemu-utils, util-linux, openssh-client. The caller holds the lock of SNAPSHOT_DIR.
set -eu
LC_ALL=C
export LC_ALL
umask 077

say() { echo "warm start: $*" >&2; }
fail() {
    say "$*"
    exit 1
}
seconds_up() {
    read -r up _ </proc/uptime
    echo "${up%.*}"
}

staging=$SNAPSHOT_DIR.tmp
qemu=''
reader=''
cleanup() {
    if [ -n "$qemu" ]; then kill -KILL "$qemu" 2>/dev/null || :; fi
    if [ -n "$reader" ]; then kill "$reader" 2>/dev/null || :; fi
    rm -rf "$staging"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
rm -rf "$staging"
mkdir -p "$staging"
# Paths of sockets are short from here.
cp -P accelerator kernel initrd "$staging/"
cd "$staging"
qemu-img create -q -f qcow2 -b "$MACHINE_IMAGE_DIR/disk" -F "$MACHINE_BASE_FORMAT" disk "${SNAPSHOT_DISK_MIB}M"

# A key for an sshd that nobody reaches: it is in memory alone, and goes before the snapshot is taken.
ssh-keygen -q -t ed25519 -N '' -C snapshot -f host-key </dev/null
line() { printf 'f+~ %s %s root root - %s\n' "$1" "$2" "$(base64 -w 0)"; }
{
    printf '%s' "$WARM_AGENT" | line /run/kubedev-warm/agent 0600
    printf '%s' "$WARM_UNIT" | line /run/systemd/system/kubedev-warm.service 0644
    printf '%s' "$WARM_RULES" | line /run/udev/rules.d/60-kubedev-warm.rules 0644
    line /run/kubedev-warm/host-key 0600 <host-key
    printf 'L+ /etc/ssh/ssh_host_ed25519_key - - - - /run/kubedev-warm/host-key\n'
} >credential-tmpfiles
rm -f host-key host-key.pub

printf '%s\n' "$SNAPSHOT_RUN" >run
say "taking a snapshot for machines of this kind (once; as long as a cold start)"
: >log
setpriv --pdeathsig KILL sh ./run >log 2>&1 </dev/null 8>&- &
qemu=$!

begin=$(seconds_up)
told=$begin
wait_for() { # wait_for WHAT COMMAND...: until the command succeeds
    what=$1
    shift
    until "$@"; do
        kill -0 "$qemu" 2>/dev/null || fail "QEMU ended before $what: $(tail -n 3 log)"
        passed=$(($(seconds_up) - begin))
        [ "$passed" -lt "$SNAPSHOT_LIMIT_SEC" ] || fail "$what did not come within $SNAPSHOT_LIMIT_SEC s: $(tail -n 3 log)"
        if [ "$((begin + passed - told))" -ge 5 ]; then
            told=$((begin + passed))
            say "waiting for $what, $passed of $SNAPSHOT_LIMIT_SEC s"
        fi
        sleep 0.1
    done
}
qmp() { # qmp COMMAND...: answers what QEMU says
    {
        printf '{"execute":"qmp_capabilities"}\n'
        printf '%s\n' "$@"
    } | timeout 10 socat -t 10 - UNIX-CONNECT:qmp.sock
}

has_booted() { grep -a -q -E '(^|[[:space:]])login: ' log; }
wait_for "the login of its console" has_booted
: >said
socat -u UNIX-CONNECT:personal.sock,retry=50,interval=0.1 STDOUT >said 8>&- &
# Plugged in only now, when the guest knows what to do with it.
qmp '{"execute":"device_add","arguments":{"driver":"virtserialport","bus":"personal.0","nr":1,"chardev":"personal0","name":"kubedev.personal","id":"personal1"}}' >answers
has_said() { [ -s said ]; }
wait_for "the end of its boot" has_said
[ "$(head -n 1 said)" = prepared ] || fail "the guest could not be made nobody's: $(head -n 1 said)"

timeout 60 socat -u UNIX-LISTEN:migration.sock CREATE:state 8>&- &
reader=$!
is_listening() { [ -S migration.sock ]; }
wait_for "a reader of its state" is_listening
qmp '{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"x-ignore-shared","state":true}]}}' \
    '{"execute":"migrate","arguments":{"uri":"unix:migration.sock"}}' >>answers
wait "$reader" || fail "QEMU gave no state: $(tail -n 3 answers)"
reader=''
qmp '{"execute":"query-migrate"}' '{"execute":"quit"}' >>answers
grep -q '"status": "completed"' answers || fail "QEMU gave no state: $(tail -n 3 answers)"
wait "$qemu" || :
qemu=''

find . ! -name . ! -name disk ! -name memory ! -name state -delete
sha256sum disk state >digests
stat -c '%s %.9Y' memory >memory-facts
mv -f digests intact
sync -f .
mv -T "$staging" "$SNAPSHOT_DIR"
say "the snapshot is taken: $(du -sm "$SNAPSHOT_DIR" | cut -f 1) MiB in $SNAPSHOT_DIR"
