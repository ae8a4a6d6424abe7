import { type ManifestArgs } from "./published-manifest";

/**
 * Manifests of releases, each by the commit of the release, which does not move as a tag can, and the digest of the file
 * in that commit.
 */

/** Calico 3.32.1, operator 1.42.3. */
export const calicoManifests = filesOf(
    "projectcalico/calico",
    "0ca9d1b93644778cafdf1812f3dda02ac0c361e8",
    "manifests",
    {
        "operator-crds": "192f8b2d934ef24b62e86b7e1a6e1762d1c8af26a916f78057bc13fa5ed60f71",
        "tigera-operator": "f18e073794207d372606bc3ea6f8fd73972f86d6828f4ba666dfe0d4aa8ab07f",
    },
);

/** ceph-csi 3.12.2, its part for RBD, but for the configuration that is ours. */
export const cephCsiManifests = [
    ...cephCsi("deploy/rbd/kubernetes", {
        csidriver: "1ed78b3fd5d45711ee3ee89485aa03e9c3ee31f6e0194118ee3af90f628ed68b",
        "csi-provisioner-rbac": "9b8d6379338c64dfa11b319c68001f9700d4d0c022567dc3d897d25be459d48a",
        "csi-nodeplugin-rbac": "2f8c1ffe708c195dbc9b02dfdb674a164414d2eae25fc229fde913974413fa0d",
        "csi-rbdplugin-provisioner":
            "5cc82fd375e801995dcafc2b7b6e93e96b9401cb2cf9ef2718ed37095bda13b1",
        "csi-rbdplugin": "7b9aa303d72205bcb325aebd72ae5367a6c569ead64717f73e4940a11d859de3",
    }),
    ...cephCsi("deploy", {
        "ceph-conf": "6e0b9a115f8184f0ad52d0be1c86206fdc3f4a5da99d0dc59e4bd0a81cd653e2",
    }),
];

/** The Azure Disk CSI driver 1.34.5, for Linux nodes. */
export const azureDiskCsiManifests = filesOf(
    "kubernetes-sigs/azuredisk-csi-driver",
    "fb4981e375c55d93dab0cfcfd0b4644921d095b7",
    "deploy/v1.34.5",
    {
        "csi-azuredisk-driver": "e9d47846ae9ac890be1d524b08211c42a16f55361e5ae8a3dd6114c1d996edc1",
        "rbac-csi-azuredisk-controller":
            "df673ac2ae5016a500e65d1a0cb9e930e0dc57f43a1a8ce8f2fd070ad437e4c7",
        "rbac-csi-azuredisk-node":
            "ce96533b7eeaa439b2ccb6664e8843591090e3de97be49dfcba2c87796033038",
        "csi-azuredisk-controller":
            "da5af9aadfa4c34b090720f3e06053fca527fb1cc71adf04ed0c0a8a08ee228e",
        "csi-azuredisk-node": "5d2bb0d4f976f8d712f37d48c13594b478ccc6dcb3f6d5fe638de35c1dd4c2c8",
    },
);

/** Rook 1.20.6, with the operator of its CSI drivers. */
export const rookManifests = filesOf(
    "rook/rook",
    "4e1b7a626891a215949ab42a6957a0ef1e1a25e6",
    "deploy/examples",
    {
        crds: "7fa7462d44b35d636703a03a88120030692a06a05ac91ec253200cb4ae8c37cf",
        common: "2d59b3093446dcf7dd69c73ebaef2d41e8cdfd14af564c2e885d49ab8d190457",
        "csi-operator": "de0bf9160c8370220353d7140a4b60ee6d4b8eda5e260f395fd00cbdc1059ffb",
        operator: "c69bb7309b6dfc34a1eeab658a1f9c825c7d156fb26dc1a6a824f6a9735761a4",
    },
);

function cephCsi(folder: string, digests: Readonly<Record<string, string>>): ManifestArgs[] {
    return filesOf("ceph/ceph-csi", "dcf14882dd4d2e7064fee259b9c81424a3bfc04f", folder, digests);
}

function filesOf(
    repository: string,
    commit: string,
    folder: string,
    digests: Readonly<Record<string, string>>,
): ManifestArgs[] {
    return Object.entries(digests).map(([file, sha256]) => ({
        url: `https://raw.githubusercontent.com/${repository}/${commit}/${folder}/${file}.yaml`,
        sha256,
    }));
}
