//go:build !linux

package check

// Init does nothing where checks run without a helper process.
func Init() {}
