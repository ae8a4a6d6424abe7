#!/bin/sh
# Prints how guests can be run here: {"accelerator":"kvm"|"tcg","reason":"…"}. Always exits 0.
# "kvm" only if a CPU really ran guest code: under a paravirtual KVM /dev/kvm opens and makes
# machines, but emulates the few instructions of a boot loader and runs no stock kernel.
#
#   KUBEDEV_ACCEL_CACHE      1: keep the verdict in $XDG_CACHE_HOME until the next boot or QEMU
#   KUBEDEV_PROBE_DEVICE     device to look at; default /dev/kvm
#   KUBEDEV_PROBE_ARGUMENTS  accelerator and CPU to try; default "-accel kvm -cpu host"
#   KUBEDEV_PROBE_WAIT_SEC   for how long a guest that does nothing is waited for; default 10
set -eu
LC_ALL=C
export LC_ALL
qemu="qemu-system-x86_64"
device=${KUBEDEV_PROBE_DEVICE:-/dev/kvm}
arguments=${KUBEDEV_PROBE_ARGUMENTS:--accel kvm -cpu host}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kubedev/accelerator
# What runs in vain is told by the CPU time that it took: on a busy machine a good guest takes long, too.
cpu_sec=2
wait_sec=${KUBEDEV_PROBE_WAIT_SEC:-10}

verdict() {
    # QEMU's messages go into JSON as plain words.
    reason=$(printf '%s' "$2" | tr -c '[:alnum:] ./:;,()_+=-' ' ')
    printf '{"accelerator":"%s","reason":"%s"}\n' "$1" "$reason"
}

[ -e "$device" ] || {
    verdict tcg "$device does not exist: no hardware virtualization here, or the module kvm_intel or kvm_amd is not loaded"
    exit 0
}
{ [ -r "$device" ] && [ -w "$device" ]; } || {
    verdict tcg "$(id -un) may not open $device: sudo usermod -aG kvm $(id -un), then log in again"
    exit 0
}
program=$(command -v "$qemu") || {
    verdict tcg "$qemu is not installed"
    exit 0
}

read -r boot_id </proc/sys/kernel/random/boot_id
# The first word changes with what is looked at here.
key="cpu-time $boot_id $(stat -L -c '%n %s %Y' "$program") $device $arguments"
if [ -f "$cache" ] && { IFS= read -r cached_key && IFS= read -r cached; } <"$cache" && [ "$cached_key" = "$key" ]; then
    printf '%s\n' "$cached"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# A firmware of 64 KiB that enters 64-bit mode, runs a loop with an SSE instruction (which KVM's
# own emulator does not know) 67 million times (which that emulator would not do in time), and makes
# QEMU exit with status 67. Its start, at 0xfe00 (seen at 0xffe00):
#   fa 31c0 8ed8              cli; ds = 0
#   66c70600100320 0000 ...   page tables at 0x1000, 0x2000, 0x3000: the first 2 MiB
#   66b800100000 0f22d8       cr3 = 0x1000
#   0f20e0 660d20020000 0f22e0   cr4 |= PAE, OSFXSR
#   66b9800000c0 0f32 80cc01 0f30   EFER |= long mode enable
#   2e660f011680fe            lgdt cs:0xfe80
#   66b813000080 0f22c0       cr0 = PG, ET, MP, PE
#   66ea5afe0f000800          jump to 64-bit code at 0xffe5a
#   b900000004                ecx = 0x4000000
#   660fd4c1 ffc9 75f8        1: paddq xmm0, xmm1; dec ecx; jnz 1b
#   b021 e6f4                 out 0xf4, 0x21: the device makes it exit status 2 * 0x21 + 1
#   f4 ebfd                   hlt for ever
# then the descriptor table at 0xfe70, its pointer at 0xfe80, and at 0xfff0 the CPU's first
# instruction, ea00fe00f0: jump to f000:fe00.
bytes="fa 31 c0 8e d8 66 c7 06 00 10 03 20 00 00 66 c7 06 00 20 03 30 00 00 66 c7 06 00 30 83 00 00 00
66 b8 00 10 00 00 0f 22 d8 0f 20 e0 66 0d 20 02 00 00 0f 22 e0 66 b9 80 00 00 c0 0f 32 80 cc 01
0f 30 2e 66 0f 01 16 80 fe 66 b8 13 00 00 80 0f 22 c0 66 ea 5a fe 0f 00 08 00 b9 00 00 00 04 66
0f d4 c1 ff c9 75 f8 b0 21 e6 f4 f4 eb fd 66 90 00 00 00 00 00 00 00 00 00 00 00 00 00 9b 20 00
0f 00 70 fe 0f 00"
start=65024
code=$(for byte in $bytes; do printf '\\%03o' "0x$byte"; done)
{
    head -c "$start" /dev/zero
    # shellcheck disable=SC2059 # the format is the data: one octal escape for each byte
    printf "$code"
    head -c $((65536 - 16 - start - ${#code} / 4)) /dev/zero
    printf '\352\000\376\000\360'
    head -c 11 /dev/zero
} >"$work/firmware"

status=0
{
    # shellcheck disable=SC2086,SC3045 # words; dash and others know ulimit -c and -t
    (ulimit -c 0 && ulimit -S -t "$cpu_sec" && exec timeout -s KILL "$wait_sec" "$program" -nodefaults -no-user-config \
        -display none -machine q35 $arguments -m 16 -bios "$work/firmware" -no-reboot \
        -device isa-debug-exit,iobase=0xf4,iosize=1) >"$work/log" 2>&1 </dev/null || status=$?
} 2>/dev/null # the shell's own word about an aborted process

said() { grep -m 1 'internal error' "$work/log" || tail -n 1 "$work/log"; }
case $status in
67) result=$(verdict kvm "guest code ran on $device") ;;
# SIGXCPU, since the limit is a soft one; SIGKILL is timeout's.
152) result=$(verdict tcg "$device opens, but no guest code ran to its end in $cpu_sec s of CPU time: $(said)") ;;
137)
    # A machine may have been too busy for it: asked again next time.
    verdict tcg "$device opens, but no guest code ran to its end in $wait_sec s: $(said)"
    exit 0
    ;;
*) result=$(verdict tcg "$device opens, but QEMU ended with status $status: $(said)") ;;
esac
printf '%s\n' "$result"
if [ "${KUBEDEV_ACCEL_CACHE:-}" = 1 ]; then
    mkdir -p "${cache%/*}"
    printf '%s\n%s\n' "$key" "$result" >"$cache.$$"
    mv -f "$cache.$$" "$cache"
fi
