module kubedev/test/support/windows-programs

go 1.21
