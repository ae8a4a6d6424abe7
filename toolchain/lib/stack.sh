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

# Sets stack_is_new when it had to be made.
# shellcheck disable=SC2034 # for up.sh
ensure_stack() {
    stack_is_new=
    if ! stack_exists "$1"; then
        plain stack init "$1" --no-select
        stack_is_new=1
    elif [ ! -f "$PROJECT_DIR/Pulumi.${1##*/}.yaml" ]; then
        # Else a second clone would bring up the default environment in place of the chosen one.
        say "the configuration of the stack $1 is not in this clone: taking that of its last update"
        plain config refresh -s "$1" || say "it has not been brought up yet: the defaults count"
    fi
}

# The environment of a stack, as its configuration in this clone says.
environment_of() {
    local chosen
    chosen=$(sed -n 's/^ *"\{0,1\}kubedev:environment"\{0,1\}: *//p' "$PROJECT_DIR/Pulumi.${1##*/}.yaml" 2>/dev/null | tr -d '"') || :
    echo "${chosen:-local-kvm}"
}

# What stacks of an environment take beside what every stack does: those of kind have add-ons, unless told otherwise.
ensure_environment_plugins() {
    case $(environment_of "$1") in
        kind) "$ROOT/toolchain/ensure.sh" addons ;;
        azure-windows) "$ROOT/toolchain/ensure.sh" azure ;;
    esac
}

environments() { (cd "$ROOT/stacks" && dirname -- */index.ts | paste -sd' '); }

# Gives a stack the environment of ENV. A stack that is there keeps its own: another one would replace all that it holds.
choose_environment() {
    local wanted=${KUBEDEV_ENVIRONMENT:-}
    [ -n "$wanted" ] || return 0
    [ -f "$ROOT/stacks/$wanted/index.ts" ] || die "ENV is $wanted; expected one of: $(environments)"
    [ "$wanted" != "$(environment_of "$1")" ] || return 0
    [ -n "$stack_is_new" ] || die "the stack $1 is of the environment $(environment_of "$1"), and ENV is $wanted" \
        "make one beside it: make stack NAME=$wanted ENV=$wanted && make up STACK=$wanted"
    plain config set kubedev:environment "$wanted" -s "$1"
}

# Previews a stack. 0: nothing changes, neither resources nor outputs. 1: something does, and was shown. Else it failed.
# One run of the program tells, where `pulumi up` takes two.
nothing_changes() {
    local shown status
    shown=$(mktemp)
    # That something changes is no error here. (In a condition, as this function is called, no failure ends the script.)
    plain preview -s "$1" --expect-no-changes 2> >(grep -v 'no changes were expected' >&2) | tee "$shown"
    status=${PIPESTATUS[0]}
    # That outputs change is no change of a resource: the CLI shows it under a heading.
    if [ "$status" = 0 ] && grep -q '^Outputs:' "$shown"; then status=7; fi
    rm -f "$shown"
    case $status in
        0) return 0 ;;
        7) return 1 ;;
        *) return 2 ;;
    esac
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
              elif (.value | tostring | contains("\n")) then "\($indent)\(.key):", (.value | gsub("\r"; "") | rtrimstr("\n") | split("\n")[] | "\($indent)    \(.)")
              else "\($indent)\(.key): \(.value)" end;
        show("")'
}
