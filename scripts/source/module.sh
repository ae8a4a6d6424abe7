#!/bin/sh
# shellcheck disable=SC2034,SC2154 # shared with the scripts that this is put in front of
# Function that makes a module whose only purpose is to build commands of another one, as released: no tree is needed.
#   KUBEDEV_MODULE  module@version

# Goes to a directory where go build finds the packages of the module; shared by all stacks of this user.
enter_module() {
    git_version=${KUBEDEV_MODULE##*@}
    numbers=$(printf '%s\n' "$git_version" | sed -nE 's/^v([0-9]+)\.([0-9]+)\..*/\1 \2/p')
    git_major=${numbers%% *} git_minor=${numbers#* } git_commit='' git_tree_state=archive build_date=''
    home=$cache_root/modules/$(printf '%s' "$KUBEDEV_MODULE" | tr / -)
    module=${KUBEDEV_MODULE%@*}
    if [ ! -f "$home/go.mod" ]; then
        mkdir -p "$home"
        said=$(cd "$home" && GOWORK=off "$go" mod download -json "$KUBEDEV_MODULE" 2>&1) || {
            # What it says of a module that it cannot get is a field of its JSON.
            printf '%s\n' "$said" | sed -n 's/^\t"Error": "\(.*\)",*$/\1/p; /^[^{}\t]/p' | tail -n 5
            return 1
        }
        their=$(printf '%s\n' "$said" | sed -n 's/^\t"GoMod": "\(.*\)",*$/\1/p')
        {
            printf 'module kubedev.invalid/build\n\n'
            sed -n '/^go /p; /^godebug [^(]/p; /^godebug (/,/^)/p' "$their"
            printf '\nrequire %s %s\n' "$module" "$git_version"
            # A dependency's own replacements do not count. Those of Kubernetes lead to its staging directory, whose
            # modules are released under v0 with the same minor and patch version.
            sed -nE 's|^[[:space:]]*(k8s\.io/[^ ]+) => \./staging/.*|\1|p' "$their" | while IFS= read -r staged; do
                printf 'require %s v0.%s\nreplace %s => %s v0.%s\n' "$staged" "${git_version#v1.}" \
                    "$staged" "$staged" "${git_version#v1.}"
            done
        } >"$home/go.mod.new"
        mv -f "$home/go.mod.new" "$home/go.mod"
    fi
    cd "$home" || return 1
    GOWORK=off
    GOFLAGS=-mod=mod
    export GOWORK GOFLAGS
}
