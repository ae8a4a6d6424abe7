#!/bin/sh
# Takes back what tree-create.sh did. An adopted tree stays, with the settings that it had. A tree of our own is removed,
# unless something would be lost with it.
#   KUBEDEV_TREE    absolute path of the tree
#   KUBEDEV_REMOVE  refuse: not if something in it is nowhere else; retain: it stays; force: whatever is in it
. ../host/prelude.sh
. ./git-env.sh
. ./tree-settings.sh
. ./staging-links.sh
# What is in the tree is the user's, not ours: made as the user's own git makes it, and no index is written just to look.
umask 022
GIT_OPTIONAL_LOCKS=0
export GIT_OPTIONAL_LOCKS
take_lock
tree=$KUBEDEV_TREE

# Counts the lines of what git says. A git that fails has not said that there is nothing.
count_of() { # git's arguments
    said=$(git -C "$tree" "$@") ||
        die "cannot tell what would be lost with $tree (see above); look yourself, then remove it by hand or set onDelete to retain or force"
    counted=$(printf '%s' "$said" | grep -c '' || :)
}

# What is nowhere but in the tree, in words, into $lost.
would_be_lost() {
    lost=''
    # Files that git was told not to look at may have been edited.
    hidden=$(git -C "$tree" ls-files -v) || die "cannot read the index of $tree (see above)"
    hidden=$(printf '%s\n' "$hidden" | grep -c '^[a-z]' || :)
    [ "$hidden" -eq 0 ] || lost="$lost, $hidden files that git was told not to look at"
    count_of status --porcelain --untracked-files=normal --ignore-submodules=none
    [ "$counted" -eq 0 ] || lost="$lost, $counted uncommitted files"
    count_of stash list
    [ "$counted" -eq 0 ] || lost="$lost, $counted stashes"
    # HEAD of a branch without a commit names nothing.
    head=$(git -C "$tree" rev-parse --verify --quiet 'HEAD^{commit}') || head=''
    # shellcheck disable=SC2086 # one word or none
    count_of log --oneline --branches --tags $head --not --remotes
    [ "$counted" -eq 0 ] || lost="$lost, $counted commits that were not pushed"
    count_of worktree list --porcelain
    others=$(printf '%s\n' "$said" | grep -c '^worktree ' || :)
    [ "$others" -le 1 ] || lost="$lost, $((others - 1)) further worktrees"
    users=$(other_users | wc -l)
    [ "$users" -eq 0 ] || lost="$lost, $users other SourceTree that uses it ($(other_users | head -n 1))"
    lost=${lost#, }
}

if [ -e "$dir/made" ] && [ "$KUBEDEV_REMOVE" != retain ] && [ -e "$tree/.git" ]; then
    if [ "$KUBEDEV_REMOVE" != force ]; then
        would_be_lost
        [ -z "$lost" ] ||
            die "$tree has $lost; push or throw that away, or set onDelete to retain (the tree stays) or force (it is lost), run up and then destroy again"
    fi
    rm -rf "$tree"
elif [ -e "$tree/.git" ]; then
    undo_staging_links
    undo_settings
    forget_use
fi
forget
