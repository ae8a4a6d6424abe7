#!/bin/sh
# Removes a node image from the engine, unless another stack uses it. What was kept for a quick start stays for a month.
. ../host/prelude.sh
. ./engine.sh
. ./images.sh
take_lock
tag=$(field fact.tag)
if [ -n "$tag" ] && find_engine; then drop_image "$tag"; fi
forget
