import * as kubedev from "kubedev";

const image = new kubedev.BaseImage("debian", {});
const node = new kubedev.VirtualMachine("node", { baseImage: image.files, memoryMib: 512 });
const notes = new kubedev.HostFile("notes", {
    host: node.host,
    path: "/root/notes.txt",
    content: "from TypeScript\n",
});

export const ssh = node.sshCommand;
export const hosts = { node: node.host };
export const addresses = { node: node.address };
export const digest = notes.sha256;
