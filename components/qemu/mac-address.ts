/** Reversed polynomial of CRC-32 (IEEE 802.3), as used by zlib, gzip and cksum -o3. */
const crc32Polynomial = 0xedb88320;

/** CRC-32 of bytes. Node 20 has none in node:zlib; names are short, so no table is needed. */
export function crc32(bytes: Uint8Array): number {
    let crc = 0xffffffff;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? (crc >>> 1) ^ crc32Polynomial : crc >>> 1;
        }
    }
    return (crc ^ 0xffffffff) >>> 0;
}

/**
 * MAC address from a name: 52:54 (locally administered, QEMU's usual prefix) and the CRC-32 of the
 * name in UTF-8, padded to eight digits. The same name always gets the same address.
 */
export function macFromName(name: string): string {
    const digits = crc32(Buffer.from(name, "utf8")).toString(16).padStart(8, "0");
    return ["52", "54", ...(digits.match(/../g) ?? [])].join(":");
}
