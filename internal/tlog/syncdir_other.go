//go:build !unix

package tlog

// syncDir has nothing to do: such systems cannot open a folder.
func syncDir(string) error { return nil }
