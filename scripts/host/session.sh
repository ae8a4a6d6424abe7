#!/bin/sh
# Function that ends a process that was started with setsid, and all that it has started.

end_session() { # pid of its leader; may be empty
    [ -n "$1" ] || return 0
    kill -TERM -- "-$1" 2>/dev/null || return 0
    end_tries=0
    while kill -0 -- "-$1" 2>/dev/null && [ "$end_tries" -lt 50 ]; do
        sleep 0.1
        end_tries=$((end_tries + 1))
    done
    kill -KILL -- "-$1" 2>/dev/null || :
}
