#!/bin/sh
# Makes a source tree by git clone, or adopts the one that is there; sets remotes and hooks. In an adopted tree only
# settings are changed, never a file, a branch or the index; what they were before is kept for tree-delete.sh.
#   KUBEDEV_TREE       absolute path of the tree
#   KUBEDEV_ORIGIN     URL to clone from; empty: the tree must be there
#   KUBEDEV_UPSTREAM   URL of the remote upstream; empty: none
#   KUBEDEV_PROTECT    true: nothing can be pushed to upstream
#   KUBEDEV_BRANCH     branch to check out in a tree of our own; empty: the remote's
#   KUBEDEV_REFERENCE  directory of a tree whose objects are shared; may be empty
#   KUBEDEV_PARTIAL    true: file contents are fetched when they are needed
#   KUBEDEV_DEPTH      number of commits to fetch; empty: all
#   KUBEDEV_HOOKS      true: core.hooksPath leads to our hooks
#   KUBEDEV_STAGING_LINKS  true: links to staging that git could not make are made
. ../host/prelude.sh
. ../host/progress.sh
. ./git-env.sh
. ./tree-settings.sh
. ./staging-links.sh
# What is in the tree is the user's, not ours: made as the user's own git makes it, and no index is written just to look.
umask 022
GIT_OPTIONAL_LOCKS=0
export GIT_OPTIONAL_LOCKS
take_lock
tree=$KUBEDEV_TREE
parent=${tree%/*}
parent=${parent:-/}
# Of this resource alone: another one may be cloning to the same place.
new=$tree.kubedev-new-$(printf '%s' "$dir" | cksum | cut -d ' ' -f 1)
cloning=''
clean_up() {
    [ -z "$cloning" ] || kill "$cloning" 2>/dev/null || :
    rm -rf "$new" "$dir/clone.log"
    [ -f "$record" ] || [ -e "$dir/made" ] || [ -e "$dir/settings" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
command -v git >/dev/null || die "there is no git on this host; expected git (Debian package git)"

how_far() { echo "cloning: $(tr '\r' '\n' <"$dir/clone.log" | tail -n 1)"; }

clone() {
    free_mib=$(free_mib_at "$1")
    [ "$free_mib" -ge 512 ] || die "got $free_mib MiB of free disk at $1; expected 512 MiB for a clone"
    set -- --progress --origin origin
    if [ "$KUBEDEV_PARTIAL" = true ]; then set -- "$@" --filter=blob:none; fi
    if [ -n "$KUBEDEV_DEPTH" ]; then set -- "$@" "--depth=$KUBEDEV_DEPTH" --no-single-branch; fi
    if [ -n "$KUBEDEV_REFERENCE" ]; then
        git -C "$KUBEDEV_REFERENCE" rev-parse --git-dir >/dev/null 2>&1 ||
            die "there is no git repository at $KUBEDEV_REFERENCE; expected a tree whose objects can be shared"
        set -- "$@" --reference "$KUBEDEV_REFERENCE"
    fi
    say "cloning $KUBEDEV_ORIGIN"
    # No question is asked: nobody could answer it.
    (exec 9>&- && GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true SSH_ASKPASS=true GIT_SSH_COMMAND="${GIT_SSH_COMMAND:-ssh} -o BatchMode=yes" exec git clone "$@" -- "$KUBEDEV_ORIGIN" "$new") >"$dir/clone.log" 2>&1 &
    cloning=$!
    clone_status=0
    wait_saying "$cloning" how_far || clone_status=$?
    cloning=''
    if [ "$clone_status" -ne 0 ]; then
        tr '\r' '\n' <"$dir/clone.log" | grep -E '^(fatal|error|remote|ssh|warning)' | tail -n 10 >&2 || :
        die "cannot clone $KUBEDEV_ORIGIN; expected the URL of a repository that this host can read"
    fi
}

switch_branch() { # directory
    [ -n "$KUBEDEV_BRANCH" ] || return 0
    [ "$(git -C "$1" symbolic-ref --quiet --short HEAD || :)" != "$KUBEDEV_BRANCH" ] || return 0
    if git -C "$1" rev-parse --verify --quiet "refs/heads/$KUBEDEV_BRANCH" >/dev/null; then
        git -C "$1" switch --quiet "$KUBEDEV_BRANCH"
    elif git -C "$1" rev-parse --verify --quiet "refs/remotes/origin/$KUBEDEV_BRANCH" >/dev/null; then
        # Upstream may have one of that name too.
        git -C "$1" switch --quiet --create "$KUBEDEV_BRANCH" --track "origin/$KUBEDEV_BRANCH"
    else
        git -C "$1" switch --quiet --create "$KUBEDEV_BRANCH"
    fi
}

if [ -e "$tree/.git" ]; then
    git -C "$tree" rev-parse --git-dir >/dev/null || die "$tree is no git repository that this user may read (see above)"
    if [ ! -e "$dir/made" ] && [ ! -f "$record" ]; then
        say "adopting the tree that is there: no file, branch or commit of it is touched"
    fi
    if [ -e "$dir/made" ]; then
        # Unless the user has given the remote another name.
        origin=$(git -C "$tree" config --local --get remote.origin.url || :)
        if [ -n "$KUBEDEV_ORIGIN" ] && [ -n "$origin" ] && [ "$origin" != "$KUBEDEV_ORIGIN" ]; then
            git -C "$tree" remote set-url origin "$KUBEDEV_ORIGIN"
        fi
        # A branch that the user has switched to stays; only another declared one is followed.
        if [ -f "$record" ] && [ "$(field fact.branch)" != "$KUBEDEV_BRANCH" ]; then
            switch_branch "$tree" ||
                die "cannot switch to $KUBEDEV_BRANCH (see above); commit or stash what is changed in $tree"
        fi
    fi
else
    if [ -e "$tree" ] && [ -n "$(find "$tree" -maxdepth 0 ! -empty)" ]; then
        die "$tree is there and is no git repository; remove it or choose another dir"
    fi
    [ -n "$KUBEDEV_ORIGIN" ] ||
        die "there is no source tree at $tree; expected one to adopt. Give origin, the URL of your fork, to clone it"
    mkdir -p "$parent"
    rm -rf "$new"
    clone "$parent"
    switch_branch "$new" || die "cannot check out $KUBEDEV_BRANCH (see above); expected a branch name"
    : >"$dir/made"
    # -T: not into a directory that somebody has made there meanwhile.
    if { [ -d "$tree" ] && ! rmdir "$tree"; } || ! mv -T "$new" "$tree"; then
        rm -f "$dir/made"
        die "something was put at $tree while it was cloned; remove it or choose another dir"
    fi
fi

if [ -n "$KUBEDEV_UPSTREAM" ]; then
    keep_setting remote.upstream.url "$KUBEDEV_UPSTREAM"
    # There may be several: whoever has set one knows why.
    if [ -z "$(git -C "$tree" config --local --get-all remote.upstream.fetch || :)" ] || [ -n "$(kept_setting remote.upstream.fetch)" ]; then
        keep_setting remote.upstream.fetch '+refs/heads/*:refs/remotes/upstream/*'
    fi
    if [ "$KUBEDEV_PROTECT" = true ]; then
        keep_setting remote.upstream.pushurl no_push
    else
        undo_setting remote.upstream.pushurl
    fi
else
    undo_setting remote.upstream.pushurl
    undo_setting remote.upstream.fetch
    undo_setting remote.upstream.url
fi
if [ "$KUBEDEV_HOOKS" = true ]; then
    mkdir -p "$dir/hooks"
    printf '#!/bin/sh\n' >"$dir/hooks/commit-msg"
    cat >>"$dir/hooks/commit-msg" <<'COMMIT_MSG'
. ./hook-commit-msg.sh
COMMIT_MSG
    chmod 0755 "$dir/hooks" "$dir/hooks/commit-msg"
    keep_setting core.hooksPath "$dir/hooks"
else
    undo_setting core.hooksPath
    rm -rf "$dir/hooks"
fi
if [ "$KUBEDEV_STAGING_LINKS" = true ]; then make_staging_links; else undo_staging_links; fi
note_use
write_record "kind=tree" "exists=$tree/.git" "fact.branch=$KUBEDEV_BRANCH"
printf '{"dir":%s,"adopted":%s}\n' "$(json_string "$tree")" "$([ -e "$dir/made" ] && echo false || echo true)"
