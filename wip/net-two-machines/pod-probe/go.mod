module kubedev/test/support/pod-probe

go 1.24
