//go:build !linux

package launch

// Settle does nothing here.
func Settle() {}
