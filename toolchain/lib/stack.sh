# shellcheck shell=bash
# What the stack verbs share: the plain command is printed, then run, always with -s (the selected
# stack is shared by all shells of a clone).

STACK=${STACK:-dev}
# Where Pulumi.yaml is; tests bring a project of their own.
PROJECT_DIR=${KUBEDEV_PROJECT_DIR:-$ROOT}

# plain ARGS...: prints `+ pulumi ARGS` and runs it.
plain() {
    {
        printf '+ pulumi'
        printf ' %q' "$@"
        printf '\n'
    } >&2
    (cd "$PROJECT_DIR" && exec pulumi "$@")
}

stack_exists() {
    local list
    list=$(cd "$PROJECT_DIR" && pulumi stack ls --json) || die "the backend ${PULUMI_BACKEND_URL:-} cannot be read" "see above"
    # A backend with organizations may give the name in full.
    jq --exit-status --arg name "$1" \
        'any(.[]; .name == $name or (.name | split("/") | last) == $name)' <<<"$list" >/dev/null
}

ensure_stack() {
    if ! stack_exists "$1"; then
        plain stack init "$1" --no-select
    elif [ ! -f "$PROJECT_DIR/Pulumi.${1##*/}.yaml" ]; then
        # Else a second clone would bring up the default environment in place of the chosen one.
        say "the configuration of the stack $1 is not in this clone: taking that of its last update"
        plain config refresh -s "$1" || say "it has not been brought up yet: the defaults count"
    fi
}

say_which_plugins() {
    ! drop_ins_used ||
        say "using kubedev's drop-ins for: $(cd "$PLUGIN_DIR" && dirname -- */DROP-IN | sed 's/^resource-//' | paste -sd' ')"
}

# Name and value of each output, indented as they are nested; secrets stay hidden.
show_outputs() {
    plain stack output -s "$STACK" --json | jq --raw-output '
        def show($indent):
            to_entries[]
            | if (.value | type) == "object" then "\($indent)\(.key):", (.value | show($indent + "    "))
              elif (.value | type) == "array" then "\($indent)\(.key): \(.value | map(if type == "string" then . else tojson end) | join(", "))"
              else "\($indent)\(.key): \(.value)" end;
        show("")'
}
