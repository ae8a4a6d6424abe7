#!/bin/sh
# Removes a node image from the engine, unless another stack uses it. What was kept for a quick start stays for a month.
. ../host/prelude.sh
. ./engine.sh
. ./images.sh
take_lock
tag=$(field fact.tag)
used_elsewhere() {
    for other in "$state_root"/*/*/*/record; do
        if [ "$other" != "$record" ] && grep -qsxF "fact.tag=$tag" "$other"; then return 0; fi
    done
    return 1
}
if [ -n "$tag" ] && ! used_elsewhere && find_engine; then
    for image in "$tag" $(balancer_of "$tag"); do docker rmi "$image" >/dev/null 2>&1 || :; done
fi
forget
