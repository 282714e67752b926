//go:build !linux

package launch

// Large does nothing: large pages are for this system to decide.
func Large() {}
