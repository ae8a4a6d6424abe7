#!/usr/bin/env bash
# Debian packages, by the table in packages.txt. Nothing runs when all of them are there.
# usage: os-packages.sh check SET... | ensure SET...     (sets: base up kind test peers)
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

verb=$1
shift
sets=" $* "

# The packages of the wanted sets whose probe fails, one per line.
missing() {
    local set probe package
    while read -r set probe package; do
        case $set in '' | '#'*) continue ;; esac
        case $sets in *" $set "*) ;; *) continue ;; esac
        case $probe in
            /*) [ -e "$probe" ] || echo "$package" ;;
            *) command -v "$probe" >/dev/null || echo "$package" ;;
        esac
    done <"$ROOT/toolchain/packages.txt"
}

install_line() {
    local as_root="sudo "
    [ "$(id -u)" != 0 ] || as_root=
    echo "${as_root}apt-get update && ${as_root}apt-get install -y --no-install-recommends $*"
}

check() {
    local -a packages
    mapfile -t packages < <(missing)
    if ((${#packages[@]} == 0)); then
        row ready - "all found"
    else
        row missing - "$(install_line "${packages[@]}")"
    fi
}

ensure() {
    local -a packages root=()
    mapfile -t packages < <(missing)
    ((${#packages[@]})) || return 0
    if ! command -v apt-get >/dev/null; then
        die "these packages (by their Debian names) are missing: ${packages[*]}" \
            "there is no apt-get here: install them with this system's package manager"
    fi
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            local ssh_note=""
            case " ${packages[*]} " in *" openssh-server "*)
                ssh_note="; of openssh-server only the program is used: \`sudo systemctl disable --now ssh\` if you want no daemon" ;;
            esac
            die "OS packages are missing, and installing them takes root" \
                "run: $(install_line "${packages[@]}")$ssh_note"
        fi
        root=(sudo -n)
    fi
    run_dir_open
    # shellcheck source=lib/jobs.sh
    . "$ROOT/toolchain/lib/jobs.sh"
    jobs_clean_up_at_exit
    job apt "installing OS packages (${packages[*]})" \
        "${root[@]}" sh "$ROOT/toolchain/apt-install.sh" "${packages[@]}" ||
        die "apt-get failed" "run it by hand: $(install_line "${packages[@]}")"
    mapfile -t packages < <(missing)
    ((${#packages[@]} == 0)) || die "installed, yet their programs are not found: ${packages[*]}"
}

"$verb"
