//go:build !unix

package git

// syncDir does nothing where folders cannot be synced.
func syncDir(string) error { return nil }
