package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
)

// keyError says why there is no key. It never holds one.
type keyError struct {
	provider, why string
	err           error
}

func (e *keyError) Error() string {
	text := fmt.Sprintf("the key of provider %s: %s", e.provider, e.why)
	if e.err != nil {
		text += ": " + e.err.Error()
	}
	return text
}

func (e *keyError) Unwrap() error { return e.err }

// keyring holds a provider's key. It reads it anew for each request, so a renewed key needs no restart; what a command prints is
// kept for a few minutes.
type keyring struct {
	provider         manifest.Provider
	home, repository string
	getenv           func(string) string
	now              func() time.Time

	mu      sync.Mutex
	printed string
	since   time.Time
}

// printedFor is how long what a command printed is used.
const printedFor = 5 * time.Minute

// commandTime is how long a command may take.
const commandTime = 30 * time.Second

// maxKey is the most bytes a key, or a file of a login, may have.
const maxKey = 64 << 10

func (k *keyring) fail(why string, err error) error { return &keyError{k.provider.Name, why, err} }

// sign puts the key on a request. Agent is the User-Agent of who asked: a login serves its own client only.
func (k *keyring) sign(ctx context.Context, r *http.Request, agent string) error {
	switch k.provider.Login {
	case "claude":
		return k.signClaude(r, agent)
	case "chatgpt":
		return k.signChatGPT(r, agent)
	}
	if k.provider.Key == nil {
		return nil
	}
	key, err := k.read(ctx)
	if err != nil {
		return err
	}
	if k.provider.API == "anthropic" {
		r.Header.Set("X-Api-Key", key)
		return nil
	}
	r.Header.Set("Authorization", "Bearer "+key)
	return nil
}

// read finds the key.
func (k *keyring) read(ctx context.Context) (string, error) {
	var data []byte
	var err error
	switch place := k.provider.Key; {
	case place.Env != "":
		data = []byte(k.getenv(place.Env))
		if len(data) == 0 {
			return "", k.fail(fmt.Sprintf("the variable %s is empty; set it for the daemon", place.Env), nil)
		}
	case place.File != "":
		data, err = k.file(place.File)
	default:
		data, err = k.command(ctx, place.Command)
	}
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(data))
	if key == "" || strings.ContainsAny(key, "\r\n\x00") {
		return "", k.fail("want one line", nil)
	}
	return key, nil
}

// file reads a file that nobody else may read, outside the repository.
func (k *keyring) file(name string) ([]byte, error) {
	path := name
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		if k.home == "" {
			return nil, k.fail(name+": there is no home", nil)
		}
		path = filepath.Join(k.home, rest)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, k.fail("opening "+name, errors.Unwrap(err))
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, k.fail(name, err)
	case !info.Mode().IsRegular():
		return nil, k.fail(name+" is no file", nil)
	case info.Mode().Perm()&0o077 != 0:
		return nil, k.fail(fmt.Sprintf("others may read %s (%04o); run: chmod 600 %s", name, info.Mode().Perm(), name), nil)
	case k.inRepository(path):
		return nil, k.fail(name+" is in the repository, where keys never are", nil)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKey+1))
	if err == nil && len(data) > maxKey {
		err = errors.New("it is larger than 64 KiB")
	}
	if err != nil {
		return nil, k.fail("reading "+name, err)
	}
	return data, nil
}

func (k *keyring) inRepository(path string) bool {
	if k.repository == "" {
		return false
	}
	root, err1 := filepath.EvalSymlinks(k.repository)
	real, err2 := filepath.EvalSymlinks(path)
	if err1 != nil || err2 != nil {
		return true // it cannot be told
	}
	rel, err := filepath.Rel(root, real)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// command runs a program that prints the key.
func (k *keyring) command(ctx context.Context, argv []string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.printed != "" && k.now().Sub(k.since) < printedFor {
		return []byte(k.printed), nil
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = k.home
	cmd.WaitDelay = 10 * time.Second
	var out, errs cut
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, k.fail(fmt.Sprintf("running %s (%s)", argv[0], clip(errs.String())), err)
	}
	k.printed, k.since = out.String(), k.now()
	return []byte(k.printed), nil
}

// forget drops what a command printed: the provider did not take it.
func (k *keyring) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.printed = ""
}

// cut keeps the first bytes of an output.
type cut struct{ bytes.Buffer }

func (c *cut) Write(p []byte) (int, error) {
	if room := maxKey - c.Len(); room > 0 {
		c.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
