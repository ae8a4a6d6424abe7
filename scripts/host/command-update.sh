#!/bin/sh
# Runs the user's update script.
#   KUBEDEV_UPDATE  the script
. ./command.sh
run_text KUBEDEV_UPDATE
