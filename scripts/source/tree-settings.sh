#!/bin/sh
# Functions that set values in a tree's git configuration and take them back: of each the value before is kept, as
# "name<tab>ours<tab>before" in $dir/settings, and what the user has set since is left alone.
# shellcheck disable=SC2154 # dir and tree are set by the scripts that this is put in front of

kept_setting() { sed -n "s|^$1	||p" "$dir/settings" 2>/dev/null | tail -n 1; }

keep_setting() { # name value
    setting=$(git -C "$tree" config --local --get "$1" || :)
    [ "$setting" != "$2" ] || return 0
    kept=$(kept_setting "$1")
    if [ -n "$kept" ]; then
        # The user's since, which stays; unless it is what was there before, and a run of ours broke off.
        [ "$setting" = "${kept%%	*}" ] || [ "$setting" = "${kept#*	}" ] || return 0
        setting=${kept#*	}
    fi
    # What another resource of ours has set is not what the user had.
    case $setting in "$state_root"/*) setting='' ;; esac
    forget_setting "$1"
    printf '%s\t%s\t%s\n' "$1" "$2" "$setting" >>"$dir/settings"
    git -C "$tree" config --local "$1" "$2"
}

undo_setting() { # name
    kept=$(kept_setting "$1")
    [ -n "$kept" ] || return 0
    if [ "$(git -C "$tree" config --local --get "$1" || :)" = "${kept%%	*}" ]; then
        if [ -n "${kept#*	}" ]; then
            git -C "$tree" config --local "$1" "${kept#*	}"
        else
            git -C "$tree" config --local --unset "$1"
        fi
    fi
    forget_setting "$1"
}

forget_setting() { # name
    [ -f "$dir/settings" ] || return 0
    sed "\\|^$1	|d" "$dir/settings" >"$dir/settings.new"
    mv -f "$dir/settings.new" "$dir/settings"
    [ -s "$dir/settings" ] || rm -f "$dir/settings"
}

# Several resources may use one tree: each leaves a note in it.
users_dir() { printf '%s/kubedev-users' "$(git -C "$tree" rev-parse --absolute-git-dir)"; }
user_note() { printf '%s/%s' "$(users_dir)" "$(printf '%s' "$dir" | cksum | cut -d ' ' -f 1)"; }

note_use() {
    mkdir -p "$(users_dir)"
    printf '%s\n' "$dir" >"$(user_note)"
}

# The directories of the others that still use the tree.
other_users() {
    for note in "$(users_dir)"/*; do
        if [ ! -f "$note" ] || [ "$note" = "$(user_note)" ]; then continue; fi
        other=$(cat "$note")
        if [ -f "$other/record" ]; then printf '%s\n' "$other"; fi
    done
}

forget_use() {
    rm -f "$(user_note)"
    rmdir "$(users_dir)" 2>/dev/null || :
}

# The first of the others takes the settings over, with what was there before.
undo_settings() {
    heir=$(other_users | head -n 1)
    if [ -n "$heir" ]; then
        if [ -f "$dir/settings" ]; then grep -v '^core.hooksPath	' "$dir/settings" >>"$heir/settings" || :; fi
        undo_setting core.hooksPath
        return 0
    fi
    for name in core.hooksPath remote.upstream.pushurl remote.upstream.fetch remote.upstream.url; do
        undo_setting "$name"
    done
}
