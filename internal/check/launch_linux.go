package check

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// isolation is what this system lets a check be locked into.
type isolation struct {
	guarded bool // a guardian process; without it only process groups
	user    bool // own user namespace: no capability counts outside
	pid     bool // own pid namespace: killing the guardian kills everything
	mounts  bool // own mount namespace: nothing can be written but the box
	network bool // own network namespace: nothing but its own loopback
}

// strongest tries what the system allows, best first. It costs one process start where namespaces work.
func strongest(ctx context.Context, self, scratch string) isolation {
	if self == "" {
		return isolation{}
	}
	candidates := []isolation{
		{guarded: true, user: true, pid: true, mounts: true, network: true},
		{guarded: true, pid: true, mounts: true, network: true}, // root where user namespaces are refused
		{guarded: true, user: true, pid: true, network: true},   // kernels before 5.12
		{guarded: true, pid: true, network: true},
		{guarded: true},
	}
	for _, c := range candidates {
		probe := &session{Box: scratch, Dir: scratch, Probe: true}
		ctx, cancel := context.WithTimeout(ctx, grace)
		end, err := launch(ctx, c, self, probe, io.Discard, io.Discard)
		cancel()
		if err == nil && end == (outcome{}) {
			return c
		}
	}
	return isolation{}
}

// launch runs one session and returns when nothing of it is left. When ctx ends, the session gets SIGTERM, the time of
// grace, and SIGKILL; launch then returns the context's error.
func launch(ctx context.Context, iso isolation, self string, s *session, stdout, stderr io.Writer) (outcome, error) {
	if !iso.guarded {
		return launchGroup(ctx, s, stdout, stderr)
	}
	s.Loopback, s.Mounts = iso.network, iso.mounts
	orders, give, err := os.Pipe()
	if err != nil {
		return outcome{}, fmt.Errorf("start the guardian: %w", err)
	}
	answers, answer, err := os.Pipe()
	if err != nil {
		return outcome{}, fmt.Errorf("start the guardian: %w", err)
	}
	defer answers.Close()
	cmd := exec.Command(self)
	cmd.Args = []string{"adamant"}
	cmd.Dir = "/"
	cmd.Env = []string{guardVariable + "=1"}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.ExtraFiles = []*os.File{orders, answer} // descriptors 3 and 4
	cmd.SysProcAttr = namespaces(iso)
	cmd.WaitDelay = grace // something that escaped may hold the pipes
	err = cmd.Start()
	orders.Close()
	answer.Close()
	if err != nil {
		give.Close()
		return outcome{}, fmt.Errorf("start the guardian %s: %w", self, err)
	}
	return oversee(ctx, cmd, s, give, answers)
}

// oversee gives the guardian its session and waits for its end.
func oversee(ctx context.Context, cmd *exec.Cmd, s *session, give *os.File, answers io.Reader) (outcome, error) {
	stop := context.AfterFunc(ctx, func() {
		_, _ = give.Write([]byte{'T'}) // EPIPE: it has ended
		time.AfterFunc(grace+time.Second, func() { _ = cmd.Process.Kill() })
	})
	order, err := json.Marshal(s)
	if err == nil {
		_, err = give.Write(append(order, '\n'))
	}
	var text bytes.Buffer
	_, readErr := io.Copy(&text, io.LimitReader(answers, 1<<16))
	waitErr := cmd.Wait()
	stop()
	give.Close()
	if ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	var end outcome
	switch {
	case err != nil:
		return outcome{}, fmt.Errorf("hand the session to the guardian: %w", err)
	case readErr != nil:
		return outcome{}, fmt.Errorf("read the guardian's answer: %w", readErr)
	case json.Unmarshal(text.Bytes(), &end) != nil:
		return outcome{Failure: strings.TrimSpace(fmt.Sprintf("the guardian died without an answer (%v)", waitErr))}, nil
	}
	return end, nil
}

// namespaces are the clone flags and maps for an isolation.
func namespaces(iso isolation) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if iso.pid {
		attr.Cloneflags |= unix.CLONE_NEWPID | unix.CLONE_NEWIPC
	}
	if iso.mounts {
		attr.Cloneflags |= unix.CLONE_NEWNS
	}
	if iso.network {
		attr.Cloneflags |= unix.CLONE_NEWNET
	}
	if !iso.user {
		return attr
	}
	attr.Cloneflags |= unix.CLONE_NEWUSER
	attr.UidMappings = identityMap("/proc/self/uid_map", os.Geteuid())
	attr.GidMappings = identityMap("/proc/self/gid_map", os.Getegid())
	if os.Geteuid() == 0 {
		attr.GidMappingsEnableSetgroups = true
	} else {
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN}
	}
	return attr
}

// identityMap maps ids to themselves: all that this namespace has for root, one for anybody else.
func identityMap(file string, id int) []syscall.SysProcIDMap {
	own := []syscall.SysProcIDMap{{ContainerID: id, HostID: id, Size: 1}}
	text, err := os.ReadFile(file)
	if id != 0 || err != nil {
		return own
	}
	var all []syscall.SysProcIDMap
	for line := range strings.Lines(string(text)) {
		var inside, outside, size int
		if _, err := fmt.Sscan(line, &inside, &outside, &size); err == nil {
			all = append(all, syscall.SysProcIDMap{ContainerID: inside, HostID: inside, Size: size})
		}
	}
	return all
}
