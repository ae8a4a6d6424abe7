#!/bin/sh
# Stops a service and removes its directory.
. ./service-stop.sh
take_lock
stop_service
forget
