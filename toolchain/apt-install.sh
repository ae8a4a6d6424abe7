#!/bin/sh
# Installs Debian packages; runs as root. No service is started or enabled by it: openssh-server and docker.io are
# wanted for their programs alone, and a listening daemon is nobody's wish.
# usage: apt-install.sh PACKAGE...
set -eu
export DEBIAN_FRONTEND=noninteractive
export NEEDRESTART_SUSPEND=1 # Ubuntu's needrestart asks questions

policy=/usr/sbin/policy-rc.d
units=
case " $* " in *" openssh-server "*) units="ssh.service ssh.socket" ;; esac
case " $* " in *" docker.io "*) units="$units docker.service docker.socket containerd.service" ;; esac

if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    # 101: action forbidden by policy (deb-policy-rc.d(8)).
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

apt-get -o Acquire::Retries=3 -q update
apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -q install -y --no-install-recommends "$@"

# The policy stops the start of now; this stops the one at the next boot. A system without systemctl
# boots nothing.
if command -v systemctl >/dev/null; then
    for unit in $units; do
        systemctl disable "$unit" >/dev/null 2>&1 || :
    done
fi
