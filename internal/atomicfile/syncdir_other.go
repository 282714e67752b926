//go:build !unix

package atomicfile

// SyncDir does nothing: such systems cannot open a folder.
func SyncDir(string) error { return nil }
