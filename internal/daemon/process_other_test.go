//go:build !linux

package daemon

const asDaemon = "ADAMANT_TEST_DAEMON"

// daemonProcess: tests that kill daemons run on Linux only.
func daemonProcess(string) int { return 2 }
