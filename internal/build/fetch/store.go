package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/atomicfile"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// layer returns what a plan brings: from before, or now.
func (f *Fetcher) layer(ctx context.Context, p *plan) (Layer, error) {
	key, err := f.key(p)
	if err != nil {
		return Layer{}, err
	}
	record := filepath.Join(f.records, key+".json")
	if l, ok := f.known(record); ok {
		return l, nil
	}
	l, err := f.make(ctx, p)
	if err != nil {
		return Layer{}, err
	}
	text, err := json.Marshal(l)
	if err != nil {
		return Layer{}, err
	}
	return l, atomicfile.Write(record, text)
}

// key names all that decides what a plan brings.
func (f *Fetcher) key(p *plan) (string, error) {
	tool, err := f.tool(p.argv[0])
	if err != nil {
		return "", &Error{Path: p.lock, Reason: err.Error(), Do: "install it where sandboxes see it"}
	}
	text, err := json.Marshal([]any{1, p.ecosystem, p.lock, p.digest, p.project, p.argv, p.dir, p.env, p.out, p.use, tool, runtime.GOOS, runtime.GOARCH})
	return strings.TrimPrefix(digestOf(text), "sha256:"), err
}

// tool identifies a program: by where it lies, its size and time.
func (f *Fetcher) tool(name string) (string, error) {
	path, err := sandbox.Lookup(name, "", []string{"PATH=" + f.options.Path})
	if err != nil {
		return "", fmt.Errorf("%w (looked for in %s)", err, f.options.Path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d %d", path, info.Size(), info.ModTime().UnixNano()), nil
}

// known reads what was brought before. A damaged record, or one whose layer is gone, is none.
func (f *Fetcher) known(record string) (Layer, bool) {
	text, err := os.ReadFile(record)
	if err != nil {
		return Layer{}, false
	}
	var l Layer
	if json.Unmarshal(text, &l) != nil || len(l.Digest) != len("sha256:")+64 {
		return Layer{}, false
	}
	l.Dir = f.layerDir(l.Digest)
	info, err := os.Lstat(l.Dir)
	return l, err == nil && info.IsDir()
}

func (f *Fetcher) layerDir(digest string) string {
	return filepath.Join(f.layers, strings.ReplaceAll(digest, ":", "-"))
}

// make brings what a plan pins and puts it among the layers.
func (f *Fetcher) make(ctx context.Context, p *plan) (Layer, error) {
	out, err := os.MkdirTemp(f.layers, ".new-") // beside its last place: a read-only folder cannot change its parent
	if err != nil {
		return Layer{}, err
	}
	l, err := f.bring(ctx, p, out)
	if err != nil {
		return Layer{}, errors.Join(err, removeAll(out))
	}
	l.Ecosystem, l.Lock, l.LockDigest, l.Env = p.ecosystem, p.lock, p.digest, slices.Sorted(slices.Values(p.use))
	if err := f.publish(ctx, out, l); err != nil {
		return Layer{}, errors.Join(fmt.Errorf("keep what %s pins: %w", p.lock, err), removeAll(out))
	}
	return *l, nil
}

// publish seals a folder and gives it the name of its content. Who comes second finds it there.
func (f *Fetcher) publish(ctx context.Context, out string, l *Layer) error {
	err := seal(out)
	if err != nil {
		return err
	}
	if l.Digest, err = Digest(ctx, out); err != nil {
		return err
	}
	l.Dir = f.layerDir(l.Digest)
	if err := syncAll(out); err != nil {
		return err
	}
	err = os.Rename(out, l.Dir)
	if errors.Is(err, fs.ErrExist) {
		return removeAll(out)
	}
	return err
}
