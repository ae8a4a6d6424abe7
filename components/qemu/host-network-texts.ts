import { type HostNetworkPlan } from "./host-network-plan";
import { rangeOf } from "./network-addresses";

const lines = (...all: (string | string[])[]): string => `${all.flat().join("\n")}\n`;

/**
 * Configuration of dnsmasq: it answers on the bridge alone, and only the machines of the network get an address, each its
 * own. Leases do not end: an address is nobody else's anyway.
 */
export function dnsmasqConfig(plan: HostNetworkPlan): string {
    const { bridge, cidr, domain, machines, nameServers, nat } = plan;
    const range = rangeOf(cidr);
    const [base = ""] = cidr.split("/");
    return lines(
        `interface=${bridge}`,
        // That of "interface=" otherwise comes with loopback. Bound dynamically it also looks by which interface a question came:
        // a neighbour may route the bridge's address to this host.
        ...["except-interface=lo", "bind-dynamic", "pid-file=", "log-facility=-", "no-hosts"],
        // Names without a dot and private addresses are no question for others.
        ...["domain-needed", "bogus-priv", `domain=${domain}`, `local=/${domain}/`],
        nameServers.length === 0 ? [] : ["no-resolv", ...nameServers.map((one) => `server=${one}`)],
        ...["dhcp-authoritative", `dhcp-range=${base},static,${netmask(range.prefix)},infinite`],
        // Without a way out there is no router.
        nat ? [] : ["dhcp-option=option:router"],
        machines.flatMap(({ name, address, mac }) => [
            `dhcp-host=${mac},${address},${name},infinite`,
            `host-record=${name}.${domain},${name},${address}`,
        ]),
    );
}

/** Mask of a prefix, as 255.255.240.0. */
export function netmask(prefix: number): string {
    const bits = 2 ** 32 - 2 ** (32 - prefix);
    return [24, 16, 8, 0].map((shift) => String(Math.floor(bits / 2 ** shift) % 256)).join(".");
}

/**
 * The network's own table of nftables, which comes and goes as a whole. From outside nobody reaches a machine that has not
 * asked first; what other tables accept or drop is theirs.
 */
export function firewallTable({ name, table, bridge, cidr, nat }: HostNetworkPlan): string {
    const own = `"${bridge}"`;
    return lines(
        `table inet ${table} {`,
        `    comment "kubedev HostNetwork ${name}"`,
        "    chain forward {",
        "        type filter hook forward priority filter; policy accept;",
        `        iifname ${own} oifname ${own} accept`,
        nat ? [`        iifname ${own} ip saddr ${cidr} accept`] : [],
        `        iifname ${own} drop`,
        nat ? [`        oifname ${own} ct state established,related accept`] : [],
        `        oifname ${own} drop`,
        "    }",
        nat
            ? [
                  "    chain postrouting {",
                  "        type nat hook postrouting priority srcnat; policy accept;",
                  // Between machines nothing is translated.
                  `        ip saddr ${cidr} oifname != ${own} masquerade`,
                  "    }",
              ]
            : [],
        "}",
    );
}

/** Units of systemd-networkd for the bridge. They are in /run: after a reboot there is nothing of a network until the next up. */
export function networkdUnits(plan: HostNetworkPlan): { netdev: string; network: string } {
    const { bridge, cidr, domain, gateway, mac, nat } = plan;
    return {
        netdev: lines(
            ...["[NetDev]", `Name=${bridge}`, "Kind=bridge", `MACAddress=${mac}`, ""],
            ...["[Bridge]", "STP=no", "ForwardDelaySec=0"],
        ),
        network: lines(
            ...["[Match]", `Name=${bridge}`, "", "[Link]", "RequiredForOnline=no", ""],
            ...["[Network]", `Address=${gateway}/${String(rangeOf(cidr).prefix)}`],
            // It is up before a machine is on it. Only IPv4: dnsmasq answers on one address.
            ...["ConfigureWithoutCarrier=yes", "LinkLocalAddressing=no", "IPv6AcceptRA=no"],
            // Older ones do not know it; host-network.sh turns it on for all of them.
            nat ? ["IPv4Forwarding=yes"] : [],
            // The host itself looks names of the network up there, and no others.
            ...[`DNS=${gateway}`, `Domains=~${domain}`, "DNSDefaultRoute=no"],
        ),
    };
}

/** A proxy, as programs take it by their environment. */
export function proxyVariables(
    { cidr, domain }: HostNetworkPlan,
    url: string | undefined,
): Record<string, string> {
    return url === undefined
        ? {}
        : {
              HTTP_PROXY: url,
              HTTPS_PROXY: url,
              NO_PROXY: `localhost,127.0.0.0/8,${cidr},.${domain},.svc,.cluster.local`,
          };
}

/** The same as a drop-in of a systemd service; empty without a proxy. No word of it is one that systemd expands or unquotes. */
export function proxyDropIn(plan: HostNetworkPlan, url: string | undefined): string {
    const variables = Object.entries(proxyVariables(plan, url));
    return variables.length === 0
        ? ""
        : lines("[Service]", ...variables.map(([name, value]) => `Environment="${name}=${value}"`));
}

/**
 * Settings of a Docker engine on the host that puts its containers on the same bridge: daemon.json. Rules and forwarding
 * are the network's. No proxy: engines before 23 do not start with one here, and all of them take it by their environment.
 */
export function dockerSettings(plan: HostNetworkPlan): string {
    return `${JSON.stringify(
        {
            bridge: plan.bridge,
            "fixed-cidr": plan.containerCidr,
            dns: [plan.gateway],
            iptables: false,
            "ip-forward": false,
            "ip-masq": false,
        },
        undefined,
        4,
    )}\n`;
}
