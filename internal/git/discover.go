package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

var (
	// ErrNotRepository is wrapped by Open's error for a folder that is in no repository.
	ErrNotRepository = errors.New("not a git repository")
	// ErrUnsafe is wrapped by Open's error for a repository of another owner that the user has not declared safe.
	ErrUnsafe = errors.New("the repository belongs to another user")
)

// discover asks git for the repository that dir lies in. This one command sees the user's configuration, for safe.directory.
func (r *Repo) discover(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("opening %s: %w", dir, err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return fmt.Errorf("opening a repository: %w", err)
	}
	ask := call{env: r.userEnv, dir: dir, args: []string{"rev-parse", "--show-object-format",
		"--is-bare-repository", "--is-shallow-repository", "--absolute-git-dir"}}
	out, err := ask.output(ctx)
	if err != nil {
		return explainOpen(dir, err)
	}
	answers := strings.SplitN(strings.TrimSuffix(string(out), "\n"), "\n", 4)
	if len(answers) != 4 {
		return fmt.Errorf("opening %s: git rev-parse answered %q", dir, out)
	}
	r.format, r.shallow, r.gitDir = answers[0], answers[2] == "true", filepath.FromSlash(answers[3])
	if r.format != "sha1" && r.format != "sha256" {
		return fmt.Errorf("opening %s: object format %q is not known", dir, r.format)
	}
	if answers[1] != "true" {
		r.root = findRoot(dir, r.gitDir)
	}
	return r.inspect()
}

func explainOpen(dir string, err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "dubious ownership"):
		return fmt.Errorf("opening %s: %w; if you trust it, run: git config --global --add safe.directory '%s'", dir, ErrUnsafe, dir)
	case strings.Contains(text, "not a git repository"):
		return fmt.Errorf("opening %s: %w", dir, ErrNotRepository)
	}
	return fmt.Errorf("opening %s: %w", dir, err)
}

// findRoot goes upward from dir to the folder whose .git is gitDir. "" means that there is none.
func findRoot(dir, gitDir string) string {
	for {
		if found, err := resolveDotGit(dir); err == nil && found == gitDir {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// resolveDotGit returns the directory that dir/.git is or names.
func resolveDotGit(dir string) (string, error) {
	path := filepath.Join(dir, ".git")
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().IsRegular() {
		if path, err = readPointer(path, "gitdir: "); err != nil {
			return "", err
		}
	}
	return filepath.EvalSymlinks(path)
}

// readPointer reads a file that names a path relative to its folder.
func readPointer(file, prefix string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	target, ok := strings.CutPrefix(strings.TrimRight(string(data), "\r\n"), prefix)
	if !ok {
		return "", fmt.Errorf("%s does not start with %q", file, prefix)
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(file), target)
	}
	return target, nil
}

// inspect looks at the files of the git directory that no command tells about.
func (r *Repo) inspect() error {
	r.commonDir = r.gitDir
	common, err := readPointer(filepath.Join(r.gitDir, "commondir"), "")
	switch {
	case err == nil:
		r.commonDir = filepath.Clean(common)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("opening %s: %w", r.gitDir, err)
	}
	store := filepath.Join(r.commonDir, "objects")
	r.objects = []string{store}
	filtered, err := filepath.Glob(filepath.Join(escapeGlob(store), "pack", "*.promisor"))
	if err != nil {
		return fmt.Errorf("opening %s: %w", r.gitDir, err)
	}
	r.partial = len(filtered) > 0
	return nil
}

var globEscaper = strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`)

// escapeGlob makes a path match only itself.
func escapeGlob(path string) string {
	if filepath.Separator == '\\' {
		return globEscaper.Replace(path)
	}
	return globEscaper.Replace(strings.ReplaceAll(path, `\`, `\\`))
}
