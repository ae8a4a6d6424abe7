module kubedev/agents/swap

go 1.21
