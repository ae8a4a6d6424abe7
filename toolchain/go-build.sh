#!/usr/bin/env bash
# Builds one program from Go modules and puts it in its place in one step. Versions and checksums of
# all modules are in the go.mod and go.sum beside it; Go's own caches make a cut-off build go on.
# usage: go-build.sh cli | language-nodejs | language-python | language-yaml | generate-sdk | plugin:NAME:VERSION
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=versions.sh
. "$ROOT/toolchain/versions.sh"
# shellcheck source=lib/origin.sh
. "$ROOT/toolchain/lib/origin.sh"

part=$1
version_flag=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version
flags=(-s -w)
tags=()

case $part in
    cli)
        module=cli package=github.com/pulumi/pulumi/pkg/v3/cmd/pulumi program=pulumi
        flags+=(-X "$version_flag=v$PULUMI_VERSION")
        tags=(-tags "osusergo,grpcnotrace")
        ;;
    language-nodejs)
        module=language-nodejs program=pulumi-language-nodejs
        package=github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs
        flags+=(-X "$version_flag=v$LANGUAGE_HOST_VERSION")
        ;;
    language-python)
        # Of the same module, and by the same pins.
        module=language-nodejs program=pulumi-language-python
        package=github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python
        flags+=(-X "$version_flag=v$LANGUAGE_HOST_VERSION")
        ;;
    language-yaml)
        module=language-yaml package=github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml program=pulumi-language-yaml
        flags+=(-X "github.com/pulumi/pulumi-yaml/pkg/version.Version=v$YAML_HOST_VERSION")
        ;;
    generate-sdk)
        module=cli package=./generate-sdk program=generate-sdk
        # As the CLI is, whose packages then are compiled already.
        tags=(-tags "osusergo,grpcnotrace")
        ;;
    plugin:*:*)
        IFS=: read -r _ name version <<<"$part"
        module=providers package=./$name program=pulumi-resource-$name
        ;;
    *) die "go-build.sh: unknown part $part" ;;
esac

run_dir_open
trap run_dir_close EXIT
trap 'exit 143' TERM INT HUP

# The fingerprint of what is built, not of what the sources have become when the build ends.
fingerprint=$(fingerprint_of "${part%:"${version:-}"}")
made=$KUBEDEV_RUN_DIR/$program

# The user's GOPROXY, GOFLAGS and caches count; what would make the build another one does not: the
# C compiler (none is needed), a workspace around the clone, a foreign target, a loose go.mod.
cd "$ROOT/toolchain/$module"
env -u GOOS -u GOARCH CGO_ENABLED=0 GOWORK=off \
    go build -mod=readonly -trimpath -buildvcs=false "${tags[@]}" -ldflags "${flags[*]}" -o "$made" "$package" ||
    die "building $program failed" \
        "modules come from GOPROXY=$(go env GOPROXY); set it to a proxy that answers and run the same again: it goes on where it stopped"

case $part in
    plugin:*)
        dir=$PLUGIN_DIR/resource-$name-v$version
        ready=$KUBEDEV_RUN_DIR/plugin-$name
        mkdir -p "$ready" "$PLUGIN_DIR"
        mv "$made" "$ready/$program"
        printf '%s\n' "$fingerprint" >"$ready/DROP-IN"
        rm -rf "$dir" "$dir.partial"
        mv "$ready" "$dir"
        ;;
    *)
        if [ "$part" = language-python ]; then
            # What the host runs programs by; it looks for it beside itself.
            executor=$(GOWORK=off go list -m -mod=readonly -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3)/python/cmd/$program-exec
            install -m 755 "$executor" "$BIN_DIR/$program-exec"
        fi
        mv "$made" "$BIN_DIR/$program"
        record_origin "$program" "built from Go modules" "$fingerprint"
        ;;
esac
