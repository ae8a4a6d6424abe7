#!/bin/sh
# Makes sshd of a Linux agent prove itself with one key, take no passwords, and let a user in by his keys. Runs as root, by a
# managed run command: Azure's handler (Azure/run-command-handler-linux, internal/exec/exec.go) has bash run the file, which
# without its first line makes it bash's, with named parameters in the environment; those without a value are not set.
#   KUBEDEV_USER             who may log in
#   KUBEDEV_AUTHORIZED_KEYS  public keys, one a line: all that may
#   KUBEDEV_HOST_KEY         OpenSSH private key, ed25519, in base64
# Prints {"changed":[...],"hostKey":"ssh-ed25519 ..."}; what has changed is of hostKey, sshd, authorizedKeys. Needs
# openssh-server. sshd is reloaded, which leaves sessions alone, only if something of it changed. A configuration that sshd
# does not take is taken back.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 077

die() {
    printf 'kubedev: %s\n' "$*" >&2
    exit 1
}

# Neither sshd nor what it starts is to inherit them.
host_key=${KUBEDEV_HOST_KEY-} user=${KUBEDEV_USER-} keys=${KUBEDEV_AUTHORIZED_KEYS-}
unset KUBEDEV_HOST_KEY KUBEDEV_USER KUBEDEV_AUTHORIZED_KEYS

ssh_dir=/etc/ssh
main=$ssh_dir/sshd_config
# First by name: of several values sshd takes the first one.
drop_in=$ssh_dir/sshd_config.d/00-kubedev.conf
key=$ssh_dir/kubedev_host_ed25519_key
undo=$ssh_dir/.kubedev-undo
begin='# kubedev: begin' end='# kubedev: end'

[ "$(id -u)" -eq 0 ] || die "this is run by $(id -un); expected root"
[ -n "$host_key" ] || die "got no KUBEDEV_HOST_KEY; expected an OpenSSH private key in base64"
command -v sshd >/dev/null || die "sshd is missing; install it: apt-get install openssh-server"
home=$(getent passwd "$user" | cut -d : -f 6)
if [ -z "$user" ] || [ -z "$home" ]; then
    die "got the user \"$user\", whom this machine does not know; expected its administrator (osProfile.adminUsername)"
fi
case $keys in *'PRIVATE KEY'*) die "got a private key in KUBEDEV_AUTHORIZED_KEYS; expected public ones" ;; esac
# Without comments and empty lines.
keys=$(printf '%s\n' "$keys" | tr -d '\r' | sed '/^[[:space:]]*\(#.*\)\{0,1\}$/d')
[ -n "$keys" ] || die "got no key in KUBEDEV_AUTHORIZED_KEYS; expected at least one, else nobody could log in"

exec 9>/run/kubedev-access.lock
flock -w 300 9 || die "another run has worked on sshd for 300 s; end that one (fuser -v /run/kubedev-access.lock shows it)"

# --- what is wanted ---
take_back() {
    for old in "$undo"/old/*; do
        if [ -e "$old" ]; then cp -p "$old" "$ssh_dir/$(basename "$old" | tr : /)"; fi
    done
    if [ -e "$undo/new" ]; then
        while IFS= read -r path; do rm -f "$path"; done <"$undo/new"
    fi
    rm -rf "$undo"
}
work=$(mktemp -d "$ssh_dir/.kubedev-work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

printf '%s' "$host_key" | base64 -d >"$work/key" 2>/dev/null || die "got a KUBEDEV_HOST_KEY that is no base64; expected an OpenSSH private key in base64"
# OpenSSH takes no key whose last line is not ended.
printf '\n' >>"$work/key"
sed -i '/^$/d' "$work/key"
public_key=$(ssh-keygen -y -P '' -f "$work/key" 2>/dev/null | cut -d ' ' -f 1,2) || :
case $public_key in
'ssh-ed25519 '*) ;;
*) die "got a KUBEDEV_HOST_KEY that is no private key of type ed25519 without passphrase; expected what ssh-keygen -t ed25519 -N '' makes, in base64" ;;
esac
printf '%s\n' "$keys" | while IFS= read -r line; do
    printf '%s\n' "$line" | ssh-keygen -l -f - >/dev/null 2>&1 ||
        die "got the line \"$(printf '%.40s' "$line")\" in KUBEDEV_AUTHORIZED_KEYS; expected a public key, as of a file *.pub"
done

settings="HostKey $key
PasswordAuthentication no
KbdInteractiveAuthentication no"

# --- sshd ---
changed=''
# keep PATH: so that it can be taken back. As long as there is something to take back, sshd has not taken it over: a run
# that was broken off is finished by the next one.
keep() {
    mkdir -p "$undo/old"
    saved=$undo/old/$(printf '%s' "${1#"$ssh_dir"/}" | tr / :)
    if [ -e "$saved" ] || grep -qsxF "$1" "$undo/new"; then return 0; fi
    if [ -e "$1" ]; then
        cp -p "$1" "$work/saved"
        mv "$work/saved" "$saved"
    else
        printf '%s\n' "$1" >>"$undo/new"
    fi
}
# put FILE PATH MODE WHAT: by rename, if it is not so already.
put() {
    if cmp -s "$1" "$2" && [ "$(stat -c '%a %u %g' "$2")" = "$3 0 0" ]; then return 0; fi
    keep "$2"
    chmod "$3" "$1"
    mv -f "$1" "$2"
    case " $changed " in *" $4 "*) ;; *) changed="$changed $4" ;; esac
}

put "$work/key" "$key" 600 hostKey
printf '%s\n' "$public_key" >"$work/pub"
put "$work/pub" "$key.pub" 644 hostKey

# Of other keys sshd would prove itself with each one; lines of the main file between our marks are ours.
for file in "$main" "$ssh_dir"/sshd_config.d/*.conf; do
    if [ ! -e "$file" ] || [ "$file" = "$drop_in" ]; then continue; fi
    sed "/^$begin\$/,/^$end\$/d; s/^[[:space:]]*[Hh][Oo][Ss][Tt][Kk][Ee][Yy][[:space:]=]/# kubedev: &/" "$file" >"$work/other"
    if [ "$file" = "$main" ]; then
        mv "$work/other" "$work/main"
    else
        put "$work/other" "$file" "$(stat -c %a "$file")" sshd
    fi
done
# Debian, Ubuntu and Fedora begin their configuration with the drop-in files. Where they come later, or not at all, what
# stands before them would win.
if sed '/^[[:space:]]*\(#.*\)\{0,1\}$/d' "$work/main" | head -n 1 | grep -qiE '^[[:space:]]*Include[[:space:]=]+"?/etc/ssh/sshd_config\.d/\*\.conf"?[[:space:]]*$'; then
    printf '%s\n' "$settings" >"$work/drop-in"
    put "$work/drop-in" "$drop_in" 644 sshd
else
    { printf '%s\n' "$begin" "$settings" "$end" && cat "$work/main"; } >"$work/both"
    mv "$work/both" "$work/main"
fi
put "$work/main" "$main" "$(stat -c %a "$main")" sshd

# Where sshd, started by root, confines its unprivileged half; absent until the service has run.
[ -d /run/sshd ] || mkdir -m 0755 /run/sshd
if [ -e "$undo" ]; then
    if ! said=$(sshd -t 2>&1); then
        take_back
        die "sshd does not take its new configuration, which was taken back: $said"
    fi
    # As it is for this user: conditional blocks count, too.
    sshd -T -C "user=$user,host=localhost,addr=127.0.0.1" >"$work/effective" 2>/dev/null
    is=$(sed -n '/^hostkey /p; /^passwordauthentication /p; /^kbdinteractiveauthentication /p' "$work/effective" | sort | tr '\n' ';')
    expected="hostkey $key;kbdinteractiveauthentication no;passwordauthentication no;"
    if [ "$is" != "$expected" ]; then
        take_back
        die "sshd's configuration, which was taken back, came to \"$is\"; expected \"$expected\"; look for what else sets it: grep -ri -e hostkey -e authentication $main $ssh_dir/sshd_config.d"
    fi
fi

# --- the user's keys ---
# Written by the user himself: root would follow a link that the user has put there.
# shellcheck disable=SC2016 # expanded by that shell
write_keys='set -eu
umask 077
cd
[ ! -L .ssh ] || [ -d .ssh ] || rm .ssh
mkdir -p .ssh
chmod 700 .ssh
cd .ssh
cat >.kubedev-keys
if [ ! -L authorized_keys ] && cmp -s .kubedev-keys authorized_keys && [ "$(stat -c %a authorized_keys)" = 600 ]; then
    rm .kubedev-keys
else
    mv -f .kubedev-keys authorized_keys
    echo changed
fi'
wrote=$(printf '%s\n' "$keys" | runuser -u "$user" -- env HOME="$home" sh -c "$write_keys") || {
    if [ -e "$undo" ]; then take_back; fi
    die "cannot write $home/.ssh/authorized_keys as $user (see above)"
}
if [ -n "$wrote" ]; then changed="$changed authorizedKeys"; fi

# --- sshd takes it over ---
reload() {
    if [ -d /run/systemd/system ]; then
        for unit in ssh.service sshd.service; do
            if systemctl cat "$unit" >/dev/null 2>&1; then
                # One that its socket has not started yet reads the files when it is started.
                systemctl try-reload-or-restart "$unit"
                return
            fi
        done
    fi
    pid_file=$(sed -n 's/^pidfile //p' "$work/effective")
    if [ -s "$pid_file" ]; then kill -HUP "$(cat "$pid_file")"; fi
}
if [ -e "$undo" ]; then
    reload || die "cannot reload sshd (see above); the next run tries again"
    rm -rf "$undo"
fi

list=''
for each in $changed; do list="$list,\"$each\""; done
printf '{"changed":[%s],"hostKey":"%s"}\n' "${list#,}" "$public_key"
