package main

import "golang.org/x/sys/windows/svc"

// run is a service until it is stopped.
func run() error { return svc.Run("", service{}) }

type service struct{}

func (service) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop}
	for request := range requests {
		switch request.Cmd {
		case svc.Interrogate:
			status <- request.CurrentStatus
		case svc.Stop:
			return false, 0
		}
	}
	return false, 0
}
