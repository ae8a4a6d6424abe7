#!/bin/sh
# Removes an image from the engine, unless another stack uses it. What was kept for a quick start stays for a month.
. ../host/prelude.sh
. ./engine.sh
. ./images.sh
. ./unused-image.sh
take_lock
tag=$(field fact.tag)
if [ -n "$tag" ] && ! used_elsewhere "$tag" && find_engine; then
    for image in "$tag" $(balancer_of "$tag"); do docker rmi "$image" >/dev/null 2>&1 || :; done
fi
forget
