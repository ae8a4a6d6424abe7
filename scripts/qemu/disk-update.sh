#!/bin/sh
# A disk has nothing that changes in place: says what is recorded. It is not opened, since a machine may run on it.
. ../host/prelude.sh
printf '{"path":%s,"virtualSizeMib":%s}\n' "$(json_string "$dir/disk.qcow2")" "$(field fact.sizeMib)"
