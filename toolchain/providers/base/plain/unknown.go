// Package plain has what drop-ins share about properties as plain data.
package plain

// Unknown stands for a value that only the deployment will know.
type Unknown struct{}

// IsUnknown tells whether a value is one.
func IsUnknown(value any) bool {
	_, unknown := value.(Unknown)
	return unknown
}
