package agent

import "context"

// Installed is a Runner whose agent is a program of others that somebody must install.
type Installed interface {
	Runner
	// Installation says what is found on this machine, by the persona's command or else by the CLI's own name. Program is empty when
	// nothing is; the error says why it cannot be used.
	Installation(ctx context.Context, command []string) (Installation, error)
}

// Installation is a CLI on this machine.
type Installation struct {
	Program string   `json:"program"` // its path on the host
	Version string   `json:"version"` // as it says itself, empty where it does not
	Tested  []string `json:"tested"`  // versions that the runner was tested with
	Install string   `json:"install"` // the command that installs the newest of those
}
