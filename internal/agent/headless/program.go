// Package headless is what the runners of other people's CLIs share: it finds where a CLI is installed, shows that place inside
// the sandbox, and asks it for its version. It knows no CLI, writes nothing, and starts a program only to ask for its version.
package headless

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
)

// Root is the folder inside the sandbox below which CLIs are shown that are no part of the system.
const Root = "/opt/agents"

// Program is a CLI as it is installed on this machine, and as it is started inside the sandbox.
type Program struct {
	Path   string        // the file on the host, symbolic links followed
	Argv   []string      // how it is started inside: the interpreter, if it is a script, and the program
	Mounts []agent.Mount // what must be shown for that; nothing of what the system itself shows
}

// NotInstalledError says that a CLI is not on this machine.
type NotInstalledError struct {
	Command string
	Install string // the command that installs it, empty = not known
}

func (e *NotInstalledError) Error() string {
	text := fmt.Sprintf("%s is not installed (not found in PATH)", e.Command)
	if e.Install != "" {
		text += "; install it with `" + e.Install + "`, or name the program in the persona's spec.command"
	}
	return text
}

// Find finds a command by its name in PATH, or by its absolute path.
func Find(command string) (Program, error) {
	found, err := exec.LookPath(command)
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			return Program{}, &NotInstalledError{Command: command}
		}
		return Program{}, fmt.Errorf("find %s: %w", command, err)
	}
	file, err := resolve(found)
	if err != nil {
		return Program{}, fmt.Errorf("find %s: %w", command, err)
	}
	p := Program{Path: file}
	inside := p.show(file, "cli")
	interpreter, err := interpreterOf(file)
	if err != nil {
		return Program{}, fmt.Errorf("find %s: %w", command, err)
	}
	if interpreter == "" {
		p.Argv = []string{inside}
		return p, nil
	}
	if interpreter, err = resolve(interpreter); err != nil {
		return Program{}, fmt.Errorf("find what runs %s: %w", command, err)
	}
	p.Argv = []string{p.show(interpreter, path.Base(interpreter)), inside}
	return p, nil
}

func resolve(file string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(file)
}

// show mounts what belongs to a file below Root/name, unless the system shows it anyway, and returns the file's path inside.
func (p *Program) show(file, name string) string {
	if ofSystem(file) {
		return file
	}
	source := packageRoot(file)
	target := path.Join(Root, name, filepath.Base(source))
	p.Mounts = append(p.Mounts, agent.Mount{Source: source, Target: target})
	return target + strings.TrimPrefix(filepath.ToSlash(file), filepath.ToSlash(source))
}

// ofSystem reports whether every sandbox shows a file: the system's own programs.
func ofSystem(file string) bool {
	for _, folder := range []string{"/usr/", "/bin/", "/sbin/", "/lib"} {
		if strings.HasPrefix(file, folder) {
			return true
		}
	}
	return false
}

// packageRoot is what must be shown so that a file runs: of a package of Node's the whole store that its dependencies are in,
// else the file alone.
func packageRoot(file string) string {
	slashed := filepath.ToSlash(file)
	for _, store := range []string{"/.pnpm/", "/node_modules/"} {
		if i := strings.Index(slashed, store); i >= 0 {
			return filepath.FromSlash(slashed[:i+len(store)-1])
		}
	}
	return file
}

// maxShebang is how much of a script's first line the system reads.
const maxShebang = 256

// interpreterOf is the program that a script's first line names, found in PATH where it says env; empty for other files.
func interpreterOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, maxShebang))
	if err != nil {
		return "", err
	}
	line, ok := bytes.CutPrefix(head, []byte("#!"))
	if !ok {
		return "", nil
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) > 0 && path.Base(words[0]) == "env" {
		words = words[1:]
		for len(words) > 0 && (strings.HasPrefix(words[0], "-") || strings.Contains(words[0], "=")) {
			words = words[1:]
		}
	}
	if len(words) == 0 {
		return "", errors.New("its first line names no interpreter")
	}
	found, err := exec.LookPath(words[0])
	if err != nil {
		return "", fmt.Errorf("%s, which runs it, is not installed: %w", words[0], err)
	}
	return found, nil
}
