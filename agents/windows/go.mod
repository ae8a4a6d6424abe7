module kubedev/agents/windows

go 1.21

require (
	golang.org/x/sys v0.30.0
	kubedev/agents/swap v0.0.0
)

replace kubedev/agents/swap => ../swap
