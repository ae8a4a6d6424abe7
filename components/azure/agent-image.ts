/** Generation of a virtual machine: 1 boots by BIOS, 2 by UEFI. */
export type Generation = 1 | 2;

/** An image of Azure's marketplace. */
export interface AgentImage {
    /** Who publishes it, as "Debian". */
    publisher: string;
    /** What it is, as "debian-12". */
    offer: string;
    /** Which one of it, as "12-gen2". */
    sku: string;
    /** Version, as "latest": then a new agent gets the newest, and one that is there keeps its own. */
    version: string;
}

/** Release of Windows Server. */
export enum WindowsRelease {
    /** The newest. */
    Server2025 = "2025",
    /** On AKS until Kubernetes 1.36. */
    Server2022 = "2022",
}

/** What a Linux agent starts from where nothing else is asked for. */
export const defaultLinuxImage: AgentImage = {
    publisher: "Debian",
    offer: "debian-12",
    sku: "12-gen2",
    version: "latest",
};

/** Windows Server Core with a small disk: as AKS's and image-builder's nodes start from. */
export function windowsImage(release: WindowsRelease): AgentImage {
    return {
        publisher: "MicrosoftWindowsServer",
        offer: "WindowsServer",
        sku: `${release}-datacenter-core-smalldisk-g2`,
        version: "latest",
    };
}

/** Generation of an image by its name, as publishers have it; undefined if the name does not tell. */
export function imageGeneration({ sku }: Pick<AgentImage, "sku">): Generation | undefined {
    if (/(^|[-_])(g2|gensecond|arm64)([-_]|$)|gen2|azure-edition/i.test(sku)) {
        return 2;
    }
    return /(^|[-_])(g1|gen1)([-_]|$)|^20\d\d-datacenter/i.test(sku) ? 1 : undefined;
}

/** Series of sizes that Azure has in one generation alone (Azure, "Virtual machine sizes": the page of each series). */
const oneGeneration: readonly [RegExp, Generation][] = [
    [/^Basic_A\d+$/, 1],
    [/^Standard_A\d+m?(_v2)?$/, 1],
    [/^Standard_D\d+_v[23]$/, 1],
    [/^Standard_E\d+_v3$/, 1],
    [/^Standard_DC\d+d?s_v[23]$/, 2],
    [/^Standard_DC\d+ad?s_v5$/, 2],
    // Arm.
    [/^Standard_[DE]\d+p[a-z]*_v\d+$/, 2],
    [/^Standard_[DE]\d+[a-z]*_v[67]$/, 2],
    [/^Standard_M\d+[a-z\d-]*_v2$/, 2],
];

/** Generations that a size can have; both where its series is not known here. */
export function sizeGenerations(size: string): readonly Generation[] {
    const only = oneGeneration.find(([series]) => series.test(size))?.[1];
    return only === undefined ? [1, 2] : [only];
}

/** Size in GiB that the disk of an image has at least; 30 is the least of all that are in use. */
export function smallestOsDiskGib({ sku, publisher }: AgentImage): number {
    return publisher === "MicrosoftWindowsServer" && !sku.includes("smalldisk") ? 127 : 30;
}
