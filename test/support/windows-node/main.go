// Stands in for the programs of a Windows node, by the name of its file: what each was told is in C:\seen, what others wait for
// is done. There is no HNS and no containerd under Wine for the real ones.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const kubeconfig = `C:\etc\kubernetes\kubelet.conf`

func main() {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("Kubernetes v1.36.1")
		return
	}
	see(name, strings.Join(os.Args[1:], " "))
	switch name {
	case "kubeadm":
		kubeadm(os.Args[1])
	case "flanneld":
		write(`C:\run\flannel\subnet.env`, "FLANNEL_NODE="+os.Getenv("NODE_NAME"))
		time.Sleep(time.Hour)
	default:
		check(run())
	}
}

// kubeadm finds the kubelet as its preflight check does, and starts and stops its service.
func kubeadm(verb string) {
	switch verb {
	case "join":
		data, err := os.ReadFile(strings.TrimPrefix(os.Args[2], "--config="))
		check(err)
		write(`C:\seen\join.json`, string(data))
		check(exec.Command("kubelet", "--version").Run())
		write(kubeconfig, "the node's own")
		check(exec.Command("net", "start", "kubelet").Run())
	case "reset":
		_ = exec.Command("net", "stop", "kubelet").Run()
		check(os.RemoveAll(kubeconfig))
	}
}

func see(name, line string) {
	check(os.MkdirAll(`C:\seen`, 0o755))
	file, err := os.OpenFile(`C:\seen\`+name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	check(err)
	_, err = fmt.Fprintln(file, line)
	check(err)
	check(file.Close())
}

func write(name, text string) {
	check(os.MkdirAll(filepath.Dir(name), 0o755))
	check(os.WriteFile(name, []byte(text), 0o644))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
