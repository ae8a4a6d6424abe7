package thing

import (
	"errors"

	"golang.org/x/sys/windows"
)

// inUse tells that another program holds the file. It is "access denied" where a file is to be replaced.
func inUse(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}
