// Package swap puts another program in the place of the one that a service runs, and takes it back when it is not healthy:
// scripts/swap/swap.sh runs it on Linux, agents/windows on Windows. Whatever ends it, a later run finds by its journal how
// far it came, and leaves the service with one whole program or the other.
package swap

import "errors"

// ErrNoService says that the service manager has no service of this name.
var ErrNoService = errors.New("there is no such service")

// Unit is what the service manager knows of a service.
type Unit struct {
	// Program is the path of what it runs; empty if it does not tell.
	Program string
	Running bool
	// Ended: it does not run, and is not about to.
	Ended bool
	// Restarts counts how often it was started again by itself.
	Restarts int
}

// Manager is the service manager, and what runs under it.
type Manager interface {
	// Look tells what is known of a service; ErrNoService if there is none.
	Look(service string) (Unit, error)
	// Dependents are the services that run now and must be stopped before this one, in that order.
	Dependents(service string) ([]string, error)
	// Stop asks a service to end, and Start asks for its start: neither waits.
	Stop(service string) error
	Start(service string) error
	// Processes are all that belong to a service and end with it.
	Processes(service string) ([]int, error)
	// Kill kills these processes of a service, and what they have started.
	Kill(service string, pids []int) error
	// Runs tells whether a process runs, as the very file at a path.
	Runs(pid int, path string) bool
	Alive(pid int) bool
	// Words are the last lines that the service has logged.
	Words(service string) string
}

// Adopter is a manager of services whose programs are not files of the host before they are swapped.
type Adopter interface {
	// Adopt brings the program that a service runs to a path, from where Start takes it from then on.
	Adopt(service, path string) error
	// Leave takes Adopt back.
	Leave(service, path string) error
	// Foreign tells whether the service no longer runs what Adopt has brought, by somebody else's doing.
	Foreign(service string) bool
	// Watched is the path of a file that changes when somebody else changes what the service runs.
	Watched(service string) string
}
