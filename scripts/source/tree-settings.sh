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
        # Ours, with another value; or the user's since, which stays.
        [ "$setting" = "${kept%%	*}" ] || return 0
        setting=${kept#*	}
    fi
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

undo_settings() {
    for name in core.hooksPath remote.upstream.pushurl remote.upstream.fetch remote.upstream.url; do
        undo_setting "$name"
    done
}
