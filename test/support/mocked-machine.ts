/** What machines against mocks are made of. */

export const baseImage = {
    ...{ digest: "d1", instanceId: "image-id", directory: "/image", format: "qcow2" as never },
    ...{ directBoot: true, cloudInit: false },
};

export const loginKey = {
    ...{ privateKeyPath: "/key", publicKeyPath: "/key.pub", knownHostsPath: "/known" },
    ...{ publicKey: "ssh-ed25519 AAAA", instanceId: "key-id" },
} as never;
