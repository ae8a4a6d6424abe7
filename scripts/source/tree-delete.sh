#!/bin/sh
# Takes back what tree-create.sh did. An adopted tree stays, with the settings that it had. A tree of our own is removed,
# unless something would be lost with it.
#   KUBEDEV_TREE    absolute path of the tree
#   KUBEDEV_REMOVE  refuse: not if something in it is nowhere else; retain: it stays; force: whatever is in it
. ../host/prelude.sh
. ./tree-settings.sh
# What is in the tree is the user's, not ours: made as the user's own git makes it, and no index is written just to look.
umask 022
GIT_OPTIONAL_LOCKS=0
export GIT_OPTIONAL_LOCKS
take_lock
tree=$KUBEDEV_TREE

# What is nowhere but in the tree, in words.
would_be_lost() {
    changed=$(git -C "$tree" status --porcelain | wc -l)
    [ "$changed" -eq 0 ] || echo "$changed uncommitted files"
    stashed=$(git -C "$tree" stash list | wc -l)
    [ "$stashed" -eq 0 ] || echo "$stashed stashes"
    commits=$(git -C "$tree" log --oneline --branches HEAD --not --remotes 2>/dev/null | wc -l)
    [ "$commits" -eq 0 ] || echo "$commits commits that were not pushed"
    others=$(git -C "$tree" worktree list --porcelain | grep -c '^worktree ' || :)
    [ "$others" -le 1 ] || echo "$((others - 1)) further worktrees"
}

if [ -e "$dir/made" ] && [ "$KUBEDEV_REMOVE" != retain ] && [ -e "$tree/.git" ]; then
    if [ "$KUBEDEV_REMOVE" != force ]; then
        lost=$(would_be_lost | paste -s -d , - | sed 's/,/, /g')
        [ -z "$lost" ] ||
            die "$tree has $lost; push or throw that away, or set onDelete to retain (the tree stays) or force (it is lost), run up and then destroy again"
    fi
    rm -rf "$tree"
elif [ -e "$tree/.git" ]; then
    undo_settings
fi
forget
