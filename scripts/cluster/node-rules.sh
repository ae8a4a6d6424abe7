#!/bin/sh
# shellcheck disable=SC2154 # dir is set by prelude.sh, which is in front of this
# Takes back the rules and chains that kubelet and kube-proxy, also one in a pod, leave in iptables: they take none of it back.
# Those of another node in the same network are like them: while one runs there all of them stay.

# Of which network a process is; nothing for one that is gone.
network_of() { readlink "/proc/$1/ns/net" 2>/dev/null || :; }
other_node() {
    here=$(network_of self)
    for process in /proc/[0-9]*; do
        name=''
        read -r name 2>/dev/null <"$process/comm" || continue
        case $name in
        kubelet | kube-proxy | kubelite | k3s*)
            if [ "$(network_of "${process#/proc/}")" = "$here" ]; then echo "$name (process ${process#/proc/})"; fi
            ;;
        esac
    done
}
others=$(other_node)
if [ -n "$others" ]; then
    say "rules of Kubernetes stay in iptables, since another node runs here: $(echo "$others" | head -n 1)"
else
    for rules in iptables ip6tables; do
        for table in filter nat mangle; do
            # In one go, since chains lead to each other: what is in them, who leads there, then they themselves.
            "$rules" -w 20 -t "$table" -S 2>/dev/null | awk -v table="$table" '
                $1 == "-N" && $2 ~ /^KUBE-/ { empty = empty ":" $2 " - [0:0]\n"; gone = gone "-X " $2 "\n" }
                $1 == "-A" && $2 !~ /^KUBE-/ && / -[jg] KUBE-[^ ]*$/ { sub(/^-A/, "-D"); into = into $0 "\n" }
                END { if (empty != "") printf "*%s\n%s%s%sCOMMIT\n", table, empty, into, gone }' >"$dir/rules"
            [ ! -s "$dir/rules" ] || "$rules-restore" -w 20 --noflush <"$dir/rules" ||
                say "$rules-restore left rules of Kubernetes in the table $table"
        done
    done
    rm -f "$dir/rules"
fi
