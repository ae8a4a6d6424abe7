#!/bin/sh
# The transport for what is on the machine that runs Pulumi: no text is carried that only a connection needs.
. ./transport-first.sh
kubedev_die "internal error: what is to run on $KUBEDEV_HOST_NAME has a text that only runs here"
