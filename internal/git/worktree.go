package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// onDisk names the settings that say how files lie on disk. They cannot make git run anything.
var onDisk = []string{"core.autocrlf", "core.eol", "core.filemode", "core.symlinks", "core.ignorecase",
	"core.precomposeunicode", "core.trustctime", "core.checkstat"}

// diskSettings reads the settings of onDisk as the user has them, and where the user's own ignore rules are.
func (r *Repo) diskSettings(ctx context.Context) ([][2]string, error) {
	ask := r.refs("config", "--null", "--show-scope", "--list")
	ask.env = append(r.userEnv[:len(r.userEnv):len(r.userEnv)], "GIT_DIR="+r.gitDir, "GIT_WORK_TREE="+r.temp)
	out, err := ask.output(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return chooseSettings(strings.Split(string(out), "\x00"), r.defaultExcludes()), nil
}

var plainValue = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]{0,16}$`) })

// chooseSettings picks from pairs of scope and "key\nvalue". Later ones win, as in git.
func chooseSettings(records []string, excludes string) [][2]string {
	chosen := [][2]string{{"core.safecrlf", "false"}}
	for pair := range slices.Chunk(records, 2) {
		if len(pair) < 2 {
			break
		}
		key, value, valued := strings.Cut(pair[1], "\n")
		if !valued {
			value = "true"
		}
		switch {
		case slices.Contains(onDisk, key) && plainValue().MatchString(value):
			chosen = append(chosen, [2]string{key, value})
		case key == "core.excludesfile" && (pair[0] == "global" || pair[0] == "system"):
			excludes = value
		}
	}
	if excludes != "" {
		chosen = append(chosen, [2]string{"core.excludesFile", excludes})
	}
	return chosen
}

// defaultExcludes is where git looks for the user's ignore rules when no setting names them.
func (r *Repo) defaultExcludes() string {
	if dir := lookup(r.userEnv, "XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "git", "ignore")
	}
	if home := lookup(r.userEnv, "HOME"); home != "" {
		return filepath.Join(home, ".config", "git", "ignore")
	}
	return ""
}

func lookup(environ []string, name string) string {
	for _, pair := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// listed is what ls-files says about one path of the working tree.
type listed struct {
	tag  byte // R removed, C changed, ? untracked
	mode Mode
	id   OID
	path string
}

// survey lists what differs between the index and the working tree. It runs no status inside submodules, which could
// execute what their configuration says: of a submodule only the commit it stands on counts.
func (ix *index) survey(ctx context.Context) ([]listed, error) {
	records, err := ix.list(ctx, "-t", "--stage", "--modified", "--deleted", "--others", "--exclude-standard", "--deduplicate")
	if err != nil {
		return nil, err
	}
	var found []listed
	for _, record := range records {
		entry, err := parseListed(record)
		if err != nil {
			return nil, err
		}
		if strings.IndexByte("RC?", entry.tag) >= 0 { // --stage lists the unchanged ones as well
			found = append(found, entry)
		}
	}
	return ix.unchangedLFS(ctx, dropShadowed(found))
}

// parseListed reads "? path" or "C mode oid stage\tpath".
func parseListed(record string) (listed, error) {
	bad := fmt.Errorf("git ls-files wrote %q", record)
	if len(record) < 3 || record[1] != ' ' {
		return listed{}, bad
	}
	entry := listed{tag: record[0], path: record[2:]}
	if entry.tag == '?' {
		return entry, nil
	}
	meta, path, ok := strings.Cut(record[2:], "\t")
	fields := strings.Split(meta, " ")
	if !ok || len(fields) != 3 {
		return listed{}, bad
	}
	entry.mode, entry.id, entry.path = Mode(fields[0]), OID(fields[1]), path
	return entry, nil
}

// dropShadowed keeps one record a path: a removed file is listed as changed too.
func dropShadowed(found []listed) []listed {
	removed := map[string]bool{}
	for _, entry := range found {
		if entry.tag == 'R' {
			removed[entry.path] = true
		}
	}
	return slices.DeleteFunc(found, func(e listed) bool { return e.tag == 'C' && removed[e.path] })
}

// addAll brings the private index up to the working tree.
func (ix *index) addAll(ctx context.Context) error {
	found, err := ix.survey(ctx)
	if err != nil {
		return err
	}
	var gone, there bytes.Buffer
	for _, entry := range found {
		switch {
		case entry.tag == 'R' || entry.tag == 'C' && ix.vanished(entry):
			fmt.Fprintf(&gone, "0 %s\t%s\x00", strings.Repeat("0", ix.repo.hexLen()), entry.path)
		default:
			there.WriteString(strings.TrimSuffix(entry.path, "/") + "\x00") // an untracked repository ends in a slash
		}
	}
	if err := ix.update(ctx, &gone, "--index-info"); err != nil {
		return err
	}
	return ix.update(ctx, &there, "--add", "--remove", "--replace", "--stdin")
}

func (ix *index) update(ctx context.Context, input *bytes.Buffer, args ...string) error {
	if input.Len() == 0 {
		return nil
	}
	c := ix.git(append([]string{"update-index", "-z"}, args...)...)
	c.stdin = input
	_, err := c.output(ctx)
	return err
}

// vanished says that a tracked path is now behind a symlink or a folder, so that the file itself is gone.
func (ix *index) vanished(entry listed) bool {
	for dir := filepath.Dir(filepath.FromSlash(entry.path)); dir != "."; dir = filepath.Dir(dir) {
		if info, err := os.Lstat(filepath.Join(ix.repo.root, dir)); err != nil || !info.IsDir() {
			return true
		}
	}
	info, err := os.Lstat(filepath.Join(ix.repo.root, filepath.FromSlash(entry.path)))
	return err != nil || info.IsDir() && entry.mode != ModeGitlink
}

// Dirty counts paths that differ from HEAD.
type Dirty struct {
	Staged    int // index against HEAD
	Modified  int // working tree against index, removed files included
	Untracked int // files that are neither tracked nor ignored
}

// Any says whether anything differs.
func (d Dirty) Any() bool { return d != Dirty{} }

// Changed compares HEAD, the index and the working tree by the rules of Snapshot, without writing to any of them.
func (r *Repo) Changed(ctx context.Context) (Dirty, error) {
	ix, err := r.openIndex(ctx, true)
	if err != nil {
		return Dirty{}, fmt.Errorf("looking for changes: %w", err)
	}
	dirty, err := ix.count(ctx)
	if err := errors.Join(err, ix.remove()); err != nil {
		return Dirty{}, fmt.Errorf("looking for changes: %w", err)
	}
	return dirty, nil
}

func (ix *index) count(ctx context.Context) (Dirty, error) {
	if err := ix.refuseUnmerged(ctx); err != nil {
		return Dirty{}, err
	}
	tree, err := ix.writeTree(ctx)
	if err != nil {
		return Dirty{}, err
	}
	head, err := ix.repo.headTree(ctx)
	if err != nil {
		return Dirty{}, err
	}
	staged, err := ix.repo.Diff(ctx, head, tree, DiffOptions{NoRenames: true})
	if err != nil {
		return Dirty{}, err
	}
	found, err := ix.survey(ctx)
	dirty := Dirty{Staged: len(staged)}
	for _, entry := range found {
		if entry.tag == '?' {
			dirty.Untracked++
		} else {
			dirty.Modified++
		}
	}
	return dirty, err
}

// headTree is the tree of HEAD, the empty one on an unborn branch.
func (r *Repo) headTree(ctx context.Context) (OID, error) {
	tree, err := r.ResolveTree(ctx, "HEAD")
	if errors.Is(err, ErrEmpty) {
		return r.EmptyTree(), nil
	}
	return tree, err
}
