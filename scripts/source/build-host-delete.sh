#!/bin/sh
# Takes back what build-host-create.sh has installed: packages that nothing else needs, and Go. What other BuildHosts of
# this user on this host use too goes with the last of them.
. ../host/prelude.sh
. ./build-host-tools.sh
. ./build-host-go.sh
. ./build-host-undo.sh
take_lock
take_tools_lock
take_back
forget
