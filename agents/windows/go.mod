module kubedev/agents/windows

go 1.21

require (
	golang.org/x/sys v0.30.0
	kubedev/agents/swap v0.0.0
)

require go.yaml.in/yaml/v3 v3.0.4 // indirect

replace kubedev/agents/swap => ../swap
