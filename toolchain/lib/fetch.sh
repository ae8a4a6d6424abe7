# shellcheck shell=bash
# Downloads: only what answers, only what its checksum proves, resumed where one was cut off.

# reachable URL: something answers at its scheme and host. Asked once per run and host, a few seconds at most.
reachable() {
    [ -z "${KUBEDEV_OFFLINE:-}" ] || return 1
    local host=${1#*://}
    host=${host%%/*}
    local known=$KUBEDEV_RUN_DIR/host.${host//[^A-Za-z0-9.-]/_}
    if [ ! -e "$known" ]; then
        local answer=no
        if curl --silent --head --output /dev/null --connect-timeout 4 --max-time 8 "${1%%://*}://$host/"; then
            answer=yes
        else
            say "$host does not answer"
        fi
        printf '%s\n' "$answer" >"$known.$BASHPID"
        mv "$known.$BASHPID" "$known"
    fi
    [ "$(<"$known")" = yes ]
}

# digest_ok FILE DIGEST: the length of the digest tells its kind.
digest_ok() {
    local tool
    case ${#2} in
        64) tool=sha256sum ;;
        128) tool=sha512sum ;;
        *) die "a checksum of ${#2} hex digits for $1: expected 64 (sha256) or 128 (sha512)" ;;
    esac
    [ "$($tool "$1" | cut -d' ' -f1)" = "$2" ]
}

# The place of a download in the cache: by content, so that all clones and versions share it.
download_path() { printf '%s\n' "$CACHE_DIR/downloads/${1:0:32}-$2"; }

download() {
    curl --fail --location --silent --show-error --connect-timeout 5 --retry 2 \
        --speed-limit 1000 --speed-time 30 --continue-at - --output "$2" "$1"
}

# fetch URL DIGEST NAME: brings the file to download_path. 1 when it cannot be had or is not what was pinned.
fetch() {
    local url=$1 digest=$2 file code=0
    file=$(download_path "$digest" "$3")
    mkdir -p "$(dirname "$file")"
    (
        flock 8
        if [ -f "$file" ]; then
            ! digest_ok "$file" "$digest" || exit 0
            rm -f "$file"
        fi
        [ -z "${KUBEDEV_OFFLINE:-}" ] || { say "$url: not fetched, KUBEDEV_OFFLINE is set"; exit 1; }
        local resumed=
        [ ! -e "$file.partial" ] || resumed=1
        download "$url" "$file.partial" || code=$?
        # 33, 36: the server cannot go on from the middle; 22: or has less than we think. A rest that
        # belongs to another file shows by its checksum. Each is worth one try from the start.
        if [ -n "$resumed" ] && { case $code in 22 | 33 | 36) ;; 0) ! digest_ok "$file.partial" "$digest" ;; *) false ;; esac }; then
            rm -f "$file.partial"
            code=0
            download "$url" "$file.partial" || code=$?
        fi
        if [ "$code" = 0 ] && digest_ok "$file.partial" "$digest"; then
            mv "$file.partial" "$file"
            exit 0
        fi
        # What a cut line left is kept: the next try goes on from there.
        case $code in 18 | 28 | 56) exit 1 ;; esac
        [ "$code" != 0 ] || say "$url: the checksum is $(sha256sum "$file.partial" | cut -d' ' -f1) (sha256), expected ${digest:0:16}...; not used"
        rm -f "$file.partial"
        exit 1
    ) 8>"$file.lock"
}

# place_tree TARGET READY: moves the directory READY to TARGET in one step. When another clone was
# quicker, its copy stays.
place_tree() {
    mv --no-target-directory "$2" "$1" 2>/dev/null || { [ -d "$1" ] && rm -rf "$2"; }
}
