package thing

import (
	"fmt"
	"time"
)

// How long a file is waited for that another program, such as a virus scanner, holds open.
var patience = 10 * time.Second

// patiently does something again as long as a file is in use.
func patiently(do func() error) error {
	end := time.Now().Add(patience)
	for {
		err := do()
		if err == nil || !inUse(err) {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("in use for %s: %w", patience, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
