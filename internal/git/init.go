package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/adamant-os/adamant/internal/atomicfile"
)

// InitOptions says how a bare repository is made.
type InitOptions struct {
	Format  string      // object format, "sha1" (default) or "sha256"
	Branch  string      // what HEAD names, default "main"
	Config  [][2]string // settings beyond the format's, as {"gc.auto", "0"}
	Private bool        // files 0600 and folders 0700, whatever the umask
}

// InitBare makes a bare repository at dir, or brings the settings of the one there up to opt, and opens it. No template,
// hook or user setting gets into it. A repository of another object format at dir is an error.
func InitBare(ctx context.Context, dir string, opt InitOptions, options ...Option) (*Repo, error) {
	if opt.Format == "" {
		opt.Format = "sha1"
	}
	if opt.Branch == "" {
		opt.Branch = "main"
	}
	if err := initBare(ctx, dir, opt); err != nil {
		return nil, fmt.Errorf("making the repository %s: %w", dir, err)
	}
	r, err := Open(ctx, dir, options...)
	if err != nil {
		return nil, err
	}
	if r.format != opt.Format || !r.Bare() {
		return nil, errors.Join(fmt.Errorf("%s is not a bare %s repository", dir, opt.Format), r.Close())
	}
	return r, nil
}

func initBare(ctx context.Context, dir string, opt InitOptions) error {
	if err := checkRefName("refs/heads/" + opt.Branch); err != nil {
		return err
	}
	text, err := configText(opt)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); errors.Is(err, fs.ErrNotExist) {
		if err := create(ctx, dir, opt); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if have, err := os.ReadFile(filepath.Join(dir, "config")); err == nil && differsInFormat(string(have), opt.Format) {
		return fmt.Errorf("it exists with another object format than %s", opt.Format)
	}
	return replaceFile(filepath.Join(dir, "config"), text)
}

// differsInFormat looks at a config that this package or git init wrote.
func differsInFormat(text, format string) bool {
	text = strings.ReplaceAll(strings.ToLower(text), `"`, "")
	return strings.Contains(text, "objectformat = sha256") != (format == "sha256")
}

// create runs git init beside the place and renames the result there, so that a half-made repository is never found.
func create(ctx context.Context, dir string, opt InitOptions) error {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp) // what is left when something failed
	shared := "--shared=umask"
	if opt.Private {
		shared = "--shared=0600"
	} else if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	c := call{env: append(baseEnv(os.Environ(), temp), settings(overrides)...), dir: parent, args: []string{
		"init", "--quiet", "--bare", "--template=", shared, "--object-format=" + opt.Format,
		"--initial-branch=" + opt.Branch, "--", temp}}
	if _, err := c.output(ctx); err != nil {
		return err
	}
	return os.Rename(temp, dir)
}

// configText renders the whole configuration of the repository.
func configText(opt InitOptions) (string, error) {
	var b strings.Builder
	version := "0"
	if opt.Format == "sha256" {
		version = "1"
	}
	pairs := [][2]string{{"core.repositoryFormatVersion", version}, {"core.bare", "true"}, {"core.filemode", "true"}}
	if opt.Format == "sha256" {
		pairs = append(pairs, [2]string{"extensions.objectFormat", "sha256"})
	}
	if opt.Private {
		pairs = append(pairs, [2]string{"core.sharedRepository", "0600"})
	}
	for _, pair := range append(pairs, opt.Config...) {
		section, key, ok := strings.Cut(pair[0], ".")
		if !ok || strings.ContainsAny(pair[0], " \"\n[]=\\") || strings.ContainsAny(pair[1], "\n\x00") || strings.Contains(key, ".") {
			return "", fmt.Errorf("%q = %q is not a plain setting", pair[0], pair[1])
		}
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(pair[1])
		fmt.Fprintf(&b, "[%s]\n\t%s = \"%s\"\n", section, key, value)
	}
	return b.String(), nil
}

// replaceFile writes a file beside its place, syncs and renames it. Equal content is left alone.
func replaceFile(path, text string) error {
	if have, err := os.ReadFile(path); err == nil && string(have) == text {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return atomicfile.SyncDir(filepath.Dir(path))
}
