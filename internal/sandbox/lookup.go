package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Lookup finds the program that name means with the PATH of env, or relative to dir. The error is a *NotFoundError.
func Lookup(name, dir string, env []string) (string, error) {
	if runtime.GOOS == "windows" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", &NotFoundError{name + " is not installed (not found in PATH)"}
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
	return "", &NotFoundError{name + " is not installed (not found in PATH)"}
}

func startable(path, name string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &NotFoundError{name + " does not exist"}
	case err != nil:
		return &NotFoundError{fmt.Sprintf("%s cannot be used: %v", name, err)}
	case info.IsDir() || info.Mode()&0o111 == 0:
		return &NotFoundError{name + " is not an executable file"}
	}
	return nil
}

// startError turns the error of starting a program that exists into one that says what is missing.
func startError(name string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOENT):
		return &NotFoundError{name + " cannot be started: its interpreter is not installed"}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, exec.ErrNotFound), errors.Is(err, syscall.ENOEXEC):
		return &NotFoundError{fmt.Sprintf("%s cannot be started: %v", name, err)}
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
