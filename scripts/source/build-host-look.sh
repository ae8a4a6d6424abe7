#!/bin/sh
# Says whether a host can build. Only looks. Prints nothing if it can, else one of, and always ends with 0:
#   lacks=<packages>   what would be installed
#   problem=<text>     what somebody else has to mend
#   KUBEDEV_INSTALL    false: nothing is to be installed
#   and what build-host-tools.sh takes
. ../host/prelude.sh
. ./build-host-tools.sh
missing=$(missing_packages "$KUBEDEV_PROGRAMS")
if ! usable_go; then
    missing=$(printf '%s\n%s' "$missing" "$(KUBEDEV_PACKAGES='' missing_packages "$KUBEDEV_FETCH_PROGRAMS")" | sed '/^$/d')
    lacks_go=go
fi
problem=$(lasting_problem "$missing" "$([ -z "$missing${lacks_go:-}" ] || echo true)")
if [ -z "$problem" ] && [ -n "${lacks_go:-}" ] && [ "$KUBEDEV_INSTALL" != true ]; then
    problem="got Go $go_has; expected ${KUBEDEV_GO_VERSION:-1.$go_min_minor or newer}, since install is false; get it from https://go.dev/dl"
fi
if [ -n "$problem" ]; then
    echo "problem=$problem"
elif [ -n "$missing${lacks_go:-}" ]; then
    printf 'lacks=%s\n' "$(printf '%s\n' "$missing" "${lacks_go:-}" | sort -u | tr '\n' ' ')"
fi
