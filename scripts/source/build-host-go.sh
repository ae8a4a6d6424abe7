#!/bin/sh
# shellcheck disable=SC2034,SC2154 # shared with the scripts that this is put behind
# Function that gets Go as its own module from a module proxy, where there is no Go that could: checked against the
# checksum in go.sum's form, kept in the cache for all stacks of the user.
#   KUBEDEV_GO_PROXY, KUBEDEV_GO_CHECKSUM, KUBEDEV_GO_VERSION

fetch_go() {
    version=${KUBEDEV_GO_VERSION:-$go_default}
    case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64) arch=arm64 ;;
    *) die "got a host of architecture $(uname -m); expected x86_64 or aarch64; install Go on it yourself" ;;
    esac
    name=v0.0.1-go$version.linux-$arch
    mkdir -p "$cache_root/go"
    exec 8>"$cache_root/go/lock"
    if ! flock -n 8; then
        say "waiting for another run that fetches Go"
        flock 8
    fi
    note_go_use "$version"
    [ ! -x "$cache_root/go/$version/bin/go" ] || return 0
    half=$cache_root/go/.half
    rm -rf "$half"
    mkdir "$half"
    say "fetching Go $version from $KUBEDEV_GO_PROXY"
    with_progress "fetching Go $version" curl -fsSL --retry 3 --connect-timeout 20 -o "$half/zip" \
        "${KUBEDEV_GO_PROXY%/}/golang.org/toolchain/@v/$name.zip" ||
        die "cannot fetch Go $version from $KUBEDEV_GO_PROXY: $(tail -n 1 "$log"); expected a module proxy that this host reaches and that has golang.org/toolchain@$name; set goProxy and goVersion"
    with_progress "unpacking Go $version" unzip -q -d "$half" "$half/zip" || die "cannot unpack Go (see $log)"
    rm -f "$half/zip"
    wanted=${KUBEDEV_GO_CHECKSUM:-$(known_checksum "$name")}
    if [ -z "$wanted" ]; then
        wanted=$(curl -fsSL --retry 3 --connect-timeout 20 "https://sum.golang.org/lookup/golang.org/toolchain@$name" |
            sed -n "s|^golang.org/toolchain $name \\(h1:.*\\)|\\1|p")
        [ -n "$wanted" ] || die "sum.golang.org does not say the checksum of golang.org/toolchain@$name; set goChecksum"
    fi
    got=$(checksum_of "$half" "golang.org/toolchain@$name")
    [ "$got" = "$wanted" ] ||
        die "wrong checksum of golang.org/toolchain@$name from $KUBEDEV_GO_PROXY: got $got; expected $wanted"
    # A module's zip carries no modes.
    chmod 0755 "$half/golang.org/toolchain@$name"/bin/* "$half/golang.org/toolchain@$name"/pkg/tool/*/*
    # What it asks for modules; a user's own settings come first.
    sed -i "s|^GOPROXY=.*|GOPROXY=$KUBEDEV_GO_PROXY,direct|; s|^GOTOOLCHAIN=.*|GOTOOLCHAIN=auto|" \
        "$half/golang.org/toolchain@$name/go.env"
    rm -rf "${cache_root:?}/go/$version"
    mv "$half/golang.org/toolchain@$name" "$cache_root/go/$version"
    rm -rf "$half"
}

# golang.org/x/mod/sumdb/dirhash, Hash1: the digest of the list of the files' digests, in base64.
checksum_of() { # directory, name of the module
    find "$1/$2" -type f -print0 | sort -z | xargs -0 sha256sum | sed "s|  $1/|  |" | sha256sum | awk '{
        digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        # Three hexadecimal digits make two of these.
        for (i = 1; i <= 64; i += 3) {
            n = 0
            for (j = 0; j < 3; j++) {
                c = i + j <= 64 ? substr($1, i + j, 1) : "0"
                n = n * 16 + index("0123456789abcdef", c) - 1
            }
            out = out substr(digits, int(n / 64) + 1, 1) substr(digits, n % 64 + 1, 1)
        }
        print "h1:" substr(out, 1, 43) "="
    }'
}

# Of what is fetched where no version is asked for.
known_checksum() {
    case $1 in
    v0.0.1-go1.26.8.linux-amd64) echo h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM= ;;
    v0.0.1-go1.26.8.linux-arm64) echo h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc= ;;
    esac
}

note_go_use() { # version
    mkdir -p "$cache_root/go/.users"
    printf '%s\n' "$dir" >"$cache_root/go/.users/$1-$(printf '%s' "$dir" | cksum | cut -d ' ' -f 1)"
}

# Removes what no other BuildHost of this user needs.
forget_go() {
    [ -d "$cache_root/go/.users" ] || return 0
    exec 8>"$cache_root/go/lock"
    flock 8
    for note in "$cache_root"/go/.users/*; do
        [ -f "$note" ] || continue
        user=$(cat "$note")
        if [ "$user" = "$dir" ] || [ ! -d "$user" ]; then rm -f "$note"; fi
    done
    for version in "$cache_root"/go/*/; do
        version=$(basename "$version")
        set -- "$cache_root/go/.users/$version"-*
        if [ ! -f "$1" ]; then rm -rf "$cache_root/go/$version"; fi
    done
    rmdir "$cache_root/go/.users" 2>/dev/null || return 0
    rm -rf "$cache_root/go"
}
