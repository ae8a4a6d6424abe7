#!/bin/sh
# Gives up the user's own container engine; the last stack that does ends it and removes all that it kept.
. ../host/service-stop.sh
. ./engine.sh
. ./thaw.sh
. ./engine-end.sh
take_lock
PATH=$PATH:/usr/sbin:/sbin
export PATH
lock_engine
leave_engine
forget
