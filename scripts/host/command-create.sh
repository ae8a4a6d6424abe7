#!/bin/sh
# Runs the user's create script.
#   KUBEDEV_CREATE  the script
. ./command.sh
run_text KUBEDEV_CREATE
