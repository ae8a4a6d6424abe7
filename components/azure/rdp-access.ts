import type * as pulumi from "@pulumi/pulumi";

/** Ways to the desktop of a Windows agent. */
export interface RdpAccess {
    /** What to run first, and to leave running: a tunnel. Empty where none is needed. */
    tunnelCommand: pulumi.Input<string>;
    /** For Windows' own client. */
    mstsc: pulumi.Input<string>;
    /** For FreeRDP 3; it asks for the password, which is then in no list of processes. */
    xfreerdp: pulumi.Input<string>;
    /** Content of an .rdp file. */
    file: pulumi.Input<string>;
}

/** TCP port of RDP. */
const rdpPort = 3389;
/** Port of this machine that a tunnel begins at: not RDP's own, which a Windows machine has in use. */
const tunnelPort = 33389;

/** To an address that is open to RDP. */
export function directRdp(address: string, user: string) {
    return clients(address, rdpPort, user, "");
}

/** Through ssh, whose command this is: RDP itself stays on loopback at both ends. */
export function tunnelledRdp(sshCommand: string, user: string) {
    const forward = `127.0.0.1:${String(tunnelPort)}:localhost:${String(rdpPort)}`;
    return clients("localhost", tunnelPort, user, `${sshCommand} -N -L ${forward}`);
}

function clients(address: string, port: number, user: string, tunnelCommand: string) {
    const place = `${address}:${String(port)}`;
    return {
        tunnelCommand,
        mstsc: `mstsc /v:${place}`,
        xfreerdp: `xfreerdp3 /v:${place} /u:${user} /dynamic-resolution +clipboard`,
        file: rdpFile(place, user),
    };
}

/** Content of an .rdp file (Microsoft, "Supported RDP properties"). It holds no password. */
function rdpFile(place: string, user: string): string {
    return [
        `full address:s:${place}`,
        // A user of the machine itself, of no domain.
        `username:s:.\\${user}`,
        "prompt for credentials:i:1",
        // 2: warns where the server cannot be verified, and lets the person decide.
        "authentication level:i:2",
        "enablecredsspsupport:i:1",
        "redirectclipboard:i:1",
        "redirectdrives:i:0",
        "",
    ].join("\r\n");
}
