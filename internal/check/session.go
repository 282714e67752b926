package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// grace is how long a process may take to end after SIGTERM, before SIGKILL.
const grace = 5 * time.Second

// session is one command with the services it needs: everything that starts, and must end, together.
type session struct {
	Argv     []string  `json:"argv"`
	Dir      string    `json:"dir"`
	Env      []string  `json:"env"`
	Services []service `json:"services,omitempty"`
	// What follows is for the Linux guardian only.
	Box      string   `json:"box,omitempty"`      // the one folder that can be written to; holds Dir, HOME and TMPDIR
	Hide     []string `json:"hide,omitempty"`     // folders that look empty from inside
	Loopback bool     `json:"loopback,omitempty"` // own network namespace: bring lo up
	Mounts   bool     `json:"mounts,omitempty"`   // own mount namespace: make everything but Box read-only
	Setup    bool     `json:"setup,omitempty"`    // unpacking may need root's power over files of other owners
	Probe    bool     `json:"probe,omitempty"`    // set the isolation up, answer, run nothing
}

type service struct {
	Name    string        `json:"name"`
	Argv    []string      `json:"argv"`
	Ready   []string      `json:"ready,omitempty"`
	Env     []string      `json:"env"`
	Timeout time.Duration `json:"timeout"`
}

// outcome is how a session ended. The zero value is a command that exited 0.
type outcome struct {
	Exit     int    `json:"exit"`
	Signal   string `json:"signal,omitempty"`   // the command was killed by it
	NotFound string `json:"notFound,omitempty"` // why the command could not be started at all
	Service  string `json:"service,omitempty"`  // why a service was not to be had
	Failure  string `json:"failure,omitempty"`  // the machine failed: isolation could not be set up
}

// notFoundError says that a command cannot be started on this machine.
type notFoundError struct{ reason string }

func (e *notFoundError) Error() string { return e.reason }

// status is how one process ended.
type status struct {
	exit   int
	signal string
}

// spawner starts one process of a session and returns a channel that yields its end.
type spawner func(argv []string, dir string, env []string, out output) (<-chan status, error)

// output says where a process writes to.
type output int

const (
	toStdout  output = iota // stdout and stderr as they are
	toStderr                // both to stderr, so that only the command itself can write a stdout report
	toNowhere               // readiness probes
)

// run starts services, waits until they are ready, and runs the command. The caller kills what is left when it returns.
func (s *session) run(ctx context.Context, spawn spawner) outcome {
	for _, svc := range s.Services {
		if err := s.bringUp(ctx, svc, spawn); err != nil {
			return cannotServe(err)
		}
	}
	done, err := spawn(shell(s.Argv), s.Dir, s.Env, toStdout)
	if err != nil {
		return cannotStart(err)
	}
	select {
	case st := <-done:
		return outcome{Exit: st.exit, Signal: st.signal}
	case <-ctx.Done():
		return outcome{Signal: "terminated"}
	}
}

func cannotServe(err error) outcome {
	var missing *notFoundError
	if errors.As(err, &missing) {
		return outcome{NotFound: err.Error()}
	}
	return outcome{Service: err.Error()}
}

func cannotStart(err error) outcome {
	var missing *notFoundError
	if errors.As(err, &missing) {
		return outcome{NotFound: missing.reason}
	}
	return outcome{Failure: err.Error()}
}

// bringUp starts one service and returns once its probe succeeds. The probe is tried until the service's deadline.
func (s *session) bringUp(ctx context.Context, svc service, spawn spawner) error {
	ctx, cancel := context.WithTimeout(ctx, svc.Timeout)
	defer cancel()
	ended, err := spawn(shell(svc.Argv), s.Dir, svc.Env, toStderr)
	if err != nil {
		return fmt.Errorf("service %s: %w", svc.Name, err)
	}
	if len(svc.Ready) == 0 {
		return nil
	}
	for {
		probe, err := spawn(shell(svc.Ready), s.Dir, svc.Env, toNowhere)
		if err != nil {
			return fmt.Errorf("service %s: readiness probe: %w", svc.Name, err)
		}
		select {
		case st := <-probe:
			if st == (status{}) {
				return nil
			}
		case st := <-ended:
			return fmt.Errorf("service %s ended (%s) before it was ready", svc.Name, st)
		case <-ctx.Done():
			return fmt.Errorf("service %s was not ready within %s", svc.Name, svc.Timeout)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case st := <-ended:
			return fmt.Errorf("service %s ended (%s) before it was ready", svc.Name, st)
		case <-ctx.Done():
			return fmt.Errorf("service %s was not ready within %s", svc.Name, svc.Timeout)
		}
	}
}

func (s status) String() string {
	if s.signal != "" {
		return "killed by " + s.signal
	}
	return fmt.Sprintf("exit status %d", s.exit)
}

// shell is the argv of a declared command: a single element is a line for sh.
func shell(command []string) []string {
	if len(command) == 1 {
		return []string{"sh", "-c", command[0]}
	}
	return command
}

// resolve finds argv's program as the session's process will see it: by the PATH in env, or relative to dir.
func resolve(name, dir string, env []string) (string, error) {
	if runtime.GOOS == "windows" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", &notFoundError{name + " is not installed (not found in PATH)"}
		}
		return path, nil
	}
	if strings.ContainsRune(name, '/') {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		return path, startable(path, name)
	}
	for _, folder := range filepath.SplitList(variable(env, "PATH")) {
		path := filepath.Join(folder, name)
		if filepath.IsAbs(path) && startable(path, name) == nil {
			return path, nil
		}
	}
	return "", &notFoundError{name + " is not installed (not found in PATH)"}
}

func startable(path, name string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &notFoundError{name + " does not exist"}
	case err != nil:
		return &notFoundError{fmt.Sprintf("%s cannot be used: %v", name, err)}
	case info.IsDir() || info.Mode()&0o111 == 0:
		return &notFoundError{name + " is not an executable file"}
	}
	return nil
}

// startError turns the error of starting a program that exists into one that says what is missing.
func startError(name string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOENT):
		return &notFoundError{name + " cannot be started: its interpreter is not installed"}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, exec.ErrNotFound), errors.Is(err, syscall.ENOEXEC):
		return &notFoundError{fmt.Sprintf("%s cannot be started: %v", name, err)}
	}
	return fmt.Errorf("start %s: %w", name, err)
}

// variable is the value of a name in an environment list; the last one wins, as for a process.
func variable(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], name+"="); ok {
			return value
		}
	}
	return ""
}
