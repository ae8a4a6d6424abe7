#!/bin/sh
# Takes back what an interrupted create made of a cluster. Written to the thing's directory by cluster-create.sh, and run by
# it in a session of its own, with its lock: whoever cancels kills that script some seconds later, in which a busy engine
# removes no node.
#   "$1"  leader of the session in which kind works; may be empty
. ../host/prelude.sh
. ../host/session.sh
. ./nodes.sh
. ./thaw.sh
. ./cluster-remove.sh
end_session "$1"
remove_cluster
forget
