import pulumi
import pulumi_kubedev as kubedev

image = kubedev.BaseImage("debian")
node = kubedev.VirtualMachine("node", base_image=image.files, memory_mib=512)
notes = kubedev.HostFile(
    "notes",
    host=node.host,
    path="/root/notes.txt",
    content="from Python\n",
)

pulumi.export("ssh", node.ssh_command)
pulumi.export("hosts", {"node": node.host})
pulumi.export("addresses", {"node": node.address})
pulumi.export("digest", notes.sha256)
