#!/bin/sh
# Says what keeps delve from working with a program, in one line problem=<text>; nothing if all is well. Only looks, and
# always ends with 0.
#   KUBEDEV_BINARY   its file
#   KUBEDEV_PROCESS_NAME  name of the one process that runs it, instead; may not be set
#   KUBEDEV_PREVIEW  true: one that is not there may be built yet
LC_ALL=C
export LC_ALL

problem() {
    echo "problem=got $KUBEDEV_BINARY, $1; expected a debug build of a Go program: a Build with debug: true, make WHAT=... DBG=1, or go build -gcflags='all=-N -l' without -ldflags='-s -w'"
    exit 0
}
if [ -n "${KUBEDEV_PROCESS_NAME:-}" ]; then
    # Another one may run before delve comes.
    if [ "$KUBEDEV_PREVIEW" = true ]; then exit 0; fi
    if ! command -v pidof >/dev/null; then
        echo "problem=got $KUBEDEV_PROCESS_NAME on a host without pidof; expected that program, by which processes are found; install it: apt-get install procps"
        exit 0
    fi
    # One that is just being started again, or whose forks have not become something else yet, is waited for.
    tries=0
    while named=$(pidof "$KUBEDEV_PROCESS_NAME" || :); do
        case $named in '' | *' '*) ;; *) break ;; esac
        tries=$((tries + 1))
        if [ "$tries" -ge 20 ]; then
            echo "problem=got processes ${named:-none} that are called $KUBEDEV_PROCESS_NAME; expected one"
            exit 0
        fi
        sleep 1
    done
    KUBEDEV_BINARY=/proc/$named/exe
fi

# An unsigned number of so many bytes at an offset.
number() { od -An -v -tu"$2" -j "$1" -N "$2" "$KUBEDEV_BINARY" | tr -d ' '; }

if [ ! -f "$KUBEDEV_BINARY" ]; then
    if [ "$KUBEDEV_PREVIEW" = true ]; then exit 0; fi
    problem 'which is no file'
fi
[ -r "$KUBEDEV_BINARY" ] || problem "which $(id -un) may not read"
[ "$(od -An -v -tx1 -N 5 "$KUBEDEV_BINARY" | tr -d ' ')" = 7f454c4602 ] || problem 'which is no 64-bit program of Linux'

# ELF: the table of sections, and in it the one with their names (elf(5)).
sections=$(number 40 8)
size=$(number 58 2)
names=$((sections + size * $(number 62 2)))
offset=$(number "$((names + 24))" 8)
length=$(number "$((names + 32))" 8)
tail -c "+$((offset + 1))" "$KUBEDEV_BINARY" | head -c "$length" | tr '\0' '\n' | grep -Eq '^\.z?debug_info$' ||
    problem 'which is stripped: it has no debug information (.debug_info)'
# What Go has written down of its own build; go version -m prints it. At least one package must be as it was written.
grep -aEq '^build	-gcflags=.*-N' "$KUBEDEV_BINARY" ||
    problem 'which is optimized: nothing of it was compiled with -N (go version -m shows -gcflags)'
exit 0
