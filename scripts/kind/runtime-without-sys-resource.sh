#!/bin/bash
# OCI runtime for a host without CAP_SYS_RESOURCE: takes it out of what the engine asks for, since runc cannot grant what
# is missing from the bounding set. `runc create` and `run` read a bundle, `exec` a process file.
set -euo pipefail
verb='' file='' before=''
for word in "$@"; do
    case $before in
    --bundle | -b) file=$word/config.json ;;
    --process | -p) file=$word ;;
    esac
    case $word in
    create | run | exec) verb=${verb:-$word} ;;
    --bundle=*) file=${word#*=}/config.json ;;
    --process=*) file=${word#*=} ;;
    esac
    before=$word
done
if [ -n "$verb" ] && [ -f "$file" ]; then
    new=$(jq -c '
        def without: if .capabilities then .capabilities |= map_values(arrays |= map(select(. != "CAP_SYS_RESOURCE"))) else . end;
        if .process then .process |= without else without end' "$file")
    printf '%s\n' "$new" >"$file"
fi
exec runc "$@"
