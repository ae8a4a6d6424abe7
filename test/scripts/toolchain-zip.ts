/** A zip file without compression and without file modes, as Go module proxies serve them. */

function crc32(data: Buffer): number {
    let crc = 0xffffffff;
    for (const byte of data) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) {
            crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return (crc ^ 0xffffffff) >>> 0;
}

/** Little-endian fields of [size in bytes, value]. */
function fields(...list: [2 | 4, number][]): Buffer {
    return Buffer.concat(
        list.map(([size, value]) => {
            const b = Buffer.alloc(size);
            b.writeUIntLE(value, 0, size);
            return b;
        }),
    );
}

/** Packs { path: content }; format: APPNOTE.TXT 4.3, method "stored". */
export function storedZip(files: Record<string, string>): Buffer {
    const bodies: Buffer[] = [];
    const directory: Buffer[] = [];
    let offset = 0;
    for (const [path, text] of Object.entries(files)) {
        const name = Buffer.from(path);
        const data = Buffer.from(text);
        // Version 2.0, no flags, stored, 1980-01-01; checksum, both sizes, name length, no extra.
        const common = fields(
            [2, 20],
            [2, 0],
            [2, 0],
            [2, 0],
            [2, 0x21],
            [4, crc32(data)],
            [4, data.length],
            [4, data.length],
            [2, name.length],
            [2, 0],
        );
        const body = Buffer.concat([fields([4, 0x04034b50]), common, name, data]);
        directory.push(
            fields([4, 0x02014b50], [2, 20]),
            common,
            fields([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]),
            name,
        );
        bodies.push(body);
        offset += body.length;
    }
    const count = bodies.length;
    const index = Buffer.concat(directory);
    const end = fields(
        [4, 0x06054b50],
        [2, 0],
        [2, 0],
        [2, count],
        [2, count],
        [4, index.length],
        [4, offset],
        [2, 0],
    );
    return Buffer.concat([...bodies, index, end]);
}
