/** A device on a bridge that is none of QEMU's: a namespace at a wire, which asks for its address as a guest does. */
import * as fs from "node:fs";
import * as path from "node:path";
import { NetworkNamespace } from "./network-namespace";

export class BridgeBox {
    private constructor(
        readonly namespace: NetworkNamespace,
        private readonly host: NetworkNamespace,
        private readonly bridge: string,
        private readonly script: string,
    ) {}

    /** One beside a bridge of a host; a script of its own goes to the directory. */
    static async beside(
        host: NetworkNamespace,
        bridge: string,
        directory: string,
    ): Promise<BridgeBox> {
        const namespace = await NetworkNamespace.alone();
        host.wire("box0", namespace, "eth0");
        const script = path.join(directory, "leased");
        fs.writeFileSync(
            script,
            '#!/bin/sh\n[ "$1" = bound ] || exit 0\nip address add "$ip/$mask" dev "$interface"\n' +
                '[ -z "$router" ] || ip route replace default via "$router"\necho "$ip/$mask $router $dns $domain"\n',
            { mode: 0o755 },
        );
        return new BridgeBox(namespace, host, bridge, script);
    }

    /** Plugs it in and has it ask for an address; answers address, router, name server and domain that it got. */
    lease(mac: string): string {
        this.host.shell(`ip link set box0 master ${this.bridge}`);
        this.namespace.shell(
            `ip address flush dev eth0; ip link set eth0 down; ip link set eth0 address ${mac}; ip link set eth0 up`,
        );
        return this.namespace.shell(
            `busybox udhcpc -i eth0 -n -q -f -t 3 -T 1 -s ${this.script} 2>/dev/null`,
        );
    }

    /** What a name server says of a name. */
    lookup(name: string, server: string): string {
        return this.namespace.shell(`busybox nslookup ${name} ${server} 2>&1 | sed '1,/^$/d'`);
    }
}
