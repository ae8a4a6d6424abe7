#!/bin/sh
# Runs the user's delete script.
#   KUBEDEV_DELETE  the script
. ./command.sh
run_text KUBEDEV_DELETE
