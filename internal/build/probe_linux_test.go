package build

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// probes are what a hostile build tries. Each returns nil when it got through. What they need to know of the host comes in TARGET, as
// an attacker might have found it out.
var probes = map[string]func(target string) error{
	"network":                 dial("tcp"),
	"loopback":                dial("tcp"),
	"socket file":             dial("unix"),
	"abstract socket":         dial("unix"),
	"host files":              readSecret,
	"files of another build":  readSecrets,
	"temporary files":         readSecret,
	"/proc":                   func(pid string) error { return readSecret("/proc/" + pid + "/environ") },
	"ptrace":                  trace,
	"signals":                 signal,
	"keyring":                 readKey,
	"System V shared memory":  readSegment,
	"shared memory file":      readSecret,
	"inherited descriptors":   readDescriptors,
	"fake provenance":         writeOver,
	"the builder's own files": writeBelow,
	"poisoned cache":          poisonCache,
	"processes left behind":   leave,
}

// probe plays one attack and leaves what came of it as the build's artifact.
func probe(name string) {
	result := "breach"
	if err := probes[name](os.Getenv("TARGET")); err != nil {
		result = "held: " + err.Error()
	}
	if err := os.WriteFile(filepath.Join(os.Getenv("OUT"), "result"), []byte(result), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func dial(network string) func(string) error {
	return func(target string) error {
		conn, err := net.DialTimeout(network, target, time.Minute)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// readSecret succeeds when a file holds the secret.
func readSecret(path string) error {
	text, err := os.ReadFile(path)
	if err == nil && !bytes.Contains(text, []byte("secret")) {
		err = errors.New("there is no secret in it")
	}
	return err
}

func readSecrets(pattern string) error {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		return errors.Join(err, errors.New("none is seen"))
	}
	return readSecret(paths[0])
}

func trace(target string) error {
	pid, err := strconv.Atoi(target)
	if err != nil {
		return err
	}
	return unix.PtraceSeize(pid) // it is let go of when this process ends
}

func signal(target string) error {
	pid, err := strconv.Atoi(target)
	if err != nil {
		return err
	}
	return unix.Kill(pid, unix.SIGWINCH)
}

func readKey(string) error {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_SESSION_KEYRING, "user", "adamant-build-test", 0)
	if err != nil {
		return err
	}
	_, err = unix.KeyctlBuffer(unix.KEYCTL_READ, id, make([]byte, 64), 0)
	return err
}

func readSegment(target string) error {
	id, err := strconv.Atoi(target)
	if err != nil {
		return err
	}
	text, err := unix.SysvShmAttach(id, 0, unix.SHM_RDONLY)
	if err == nil && !bytes.Contains(text, []byte("secret")) {
		err = errors.New("it is another segment")
	}
	return err
}

func readDescriptors(string) error {
	for fd := 3; fd < 64; fd++ {
		text := make([]byte, 64)
		if n, err := unix.Pread(fd, text, 0); err == nil && bytes.Contains(text[:n], []byte("secret")) {
			return nil
		}
	}
	return errors.New("none of them holds a secret")
}

// writeOver writes a provenance of its own to where the true one will lie.
func writeOver(path string) error { return os.WriteFile(path, []byte(`{"_type":"fake"}`), 0o644) }

// writeBelow leaves a file in the builder's folder, where later builds would find it.
func writeBelow(dir string) error { return os.WriteFile(filepath.Join(dir, "planted"), nil, 0o644) }

// poisonCache replaces what is in the cache, as the host's user would see it. Inside it works either way: the test looks at the host.
func poisonCache(string) error {
	return errors.Join(os.WriteFile(filepath.Join(os.Getenv("GOCACHE"), "ab", "object"), []byte("poison"), 0o644),
		os.WriteFile(filepath.Join(os.Getenv("GOCACHE"), "ab", "planted"), []byte("poison"), 0o644))
}

// leave starts a program that wants to outlive the build: in a session of its own, deaf to what can be ignored.
func leave(mark string) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/bash", "-c", `trap "" TERM HUP INT; exec -a "$0" sleep 300`, mark)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = null, null, null
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	for range 30_000 { // until it has its name
		if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid)); err == nil && bytes.HasPrefix(line, []byte(mark)) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("it does not start")
}

// drainTo keeps a listener answering.
func drainTo(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "secret")
		conn.Close()
	}
}
