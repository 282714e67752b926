package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var (
	// ErrEmpty says that the current branch has no commit yet.
	ErrEmpty = errors.New("the current branch has no commit yet")
	// ErrBadRevision is wrapped by the error for a revision that is refused unread or means two things.
	ErrBadRevision = errors.New("bad revision")
)

// Resolve returns the commit that rev names: any revision git understands that names one object. A revision that is not
// there is a *MissingError. One whose name means two references (a branch, a tag, a remote's branch) with different objects is
// refused (ErrBadRevision): a tag called main could otherwise stand in for the base. HEAD of an unborn branch is ErrEmpty.
func (r *Repo) Resolve(ctx context.Context, rev string) (OID, error) {
	return r.resolve(ctx, rev, "commit")
}

// ResolveTree returns the tree that rev names, directly or through a commit or tag. Errors are Resolve's.
func (r *Repo) ResolveTree(ctx context.Context, rev string) (OID, error) {
	return r.resolve(ctx, rev, "tree")
}

func (r *Repo) resolve(ctx context.Context, rev, kind string) (OID, error) {
	if err := checkRevision(rev); err != nil {
		return "", err
	}
	from := r.refPool
	if r.isOID(rev) {
		from = r.objectPool
	}
	answers, err := from.info(ctx, candidates(rev, kind))
	if err != nil {
		return "", fmt.Errorf("resolving %q: %w", rev, err)
	}
	id, err := choose(rev, kind, answers)
	if err != nil || id != "" {
		return id, err
	}
	if rev == "HEAD" || rev == "@" {
		if _, err := r.HeadBranch(ctx); err != nil {
			return "", err
		}
	}
	return "", r.missing(rev)
}

// checkRevision refuses what cannot be a revision or could be taken for something else.
func checkRevision(rev string) error {
	switch {
	case rev == "":
		return fmt.Errorf("%w: it is empty", ErrBadRevision)
	case len(rev) > 4096:
		return fmt.Errorf("%w: it is longer than 4096 bytes", ErrBadRevision)
	case rev[0] == '-':
		return fmt.Errorf("%w: %q starts with a dash", ErrBadRevision, rev)
	case strings.ContainsFunc(rev, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return fmt.Errorf("%w: %q holds a control character", ErrBadRevision, rev)
	}
	return nil
}

// places are where git looks for a short reference name.
var places = []string{"refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"}

// candidates are the names to look up for one revision: peeled, as it is, and the references its first word can mean.
func candidates(rev, kind string) []string {
	names := []string{rev + "^{" + kind + "}", rev}
	if strings.Contains(rev, ":") { // a path or a search: nothing can be added behind it
		names[0] = rev
	}
	word := rev
	if end := strings.IndexAny(rev, "^~@:"); end >= 0 {
		word = rev[:end]
	}
	if word == "" {
		return names
	}
	for _, place := range places {
		names = append(names, fmt.Sprintf(place, word)+"^{}")
	}
	return names
}

// choose picks the object from the answers to candidates; "" means that nothing has the name.
func choose(rev, kind string, answers []answer) (OID, error) {
	peeled, plain := answers[0], answers[1]
	if err := agree(rev, answers[2:]); err != nil {
		return "", err
	}
	switch {
	case peeled.ambiguous || plain.ambiguous:
		return "", fmt.Errorf("%w: %q is short for more than one object", ErrBadRevision, rev)
	case peeled.info.Type == kind:
		return peeled.info.OID, nil
	case kind == "tree" && plain.info.Type == "commit": // the commit is here, its tree is not
		return "", nil
	case !plain.info.Missing:
		return "", fmt.Errorf("%w: %q is a %s, not a %s", ErrBadRevision, rev, plain.info.Type, kind)
	}
	return "", nil
}

// agree refuses a name that means several references with different objects.
func agree(rev string, meanings []answer) error {
	var first OID
	for _, meaning := range meanings {
		id := meaning.info.OID
		if id == "" || id == first {
			continue
		}
		if first != "" {
			return fmt.Errorf("%w: %q names more than one reference; write it in full, as in refs/heads/main", ErrBadRevision, rev)
		}
		first = id
	}
	return nil
}

// info looks names up in one round.
func (p *pool) info(ctx context.Context, names []string) ([]answer, error) {
	requests := make([]string, len(names))
	for i, name := range names {
		requests[i] = "info " + name
	}
	answers := make([]answer, len(names))
	err := p.ask(ctx, requests, func(i int, out *bufio.Reader) error {
		var err error
		answers[i], err = readAnswer(out, names[i])
		return err
	})
	return answers, err
}

// HeadBranch names the current branch; "" when HEAD is detached. On an unborn branch its name comes with ErrEmpty.
func (r *Repo) HeadBranch(ctx context.Context) (string, error) {
	out, err := r.refs("symbolic-ref", "--quiet", "HEAD").output(ctx)
	if saidNo(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading HEAD: %w", err)
	}
	ref := strings.TrimSuffix(string(out), "\n")
	name := strings.TrimPrefix(ref, "refs/heads/")
	found, err := r.listRefs(ctx, ref)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return name, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	return name, nil
}

// DefaultBranch names the branch that changes land on, in a form that Resolve takes: the branch origin/HEAD points to,
// else main, else master, else the current one. Where the local branch does not exist, the name starts with "origin/".
func (r *Repo) DefaultBranch(ctx context.Context) (string, error) {
	name, _, err := r.Branches(ctx)
	return name, err
}

const origin = "refs/remotes/origin/"

// Branches returns the default branch and the current one, in one run of git where it can: current is empty when HEAD is
// detached or on a branch without a commit; HeadBranch tells which.
func (r *Repo) Branches(ctx context.Context) (landing, current string, err error) {
	refs, err := r.listRefs(ctx, "refs/heads", origin+"HEAD", origin+"main", origin+"master")
	if err != nil {
		return "", "", err
	}
	for name, ref := range refs {
		if ref.head {
			current = strings.TrimPrefix(name, "refs/heads/")
		}
	}
	names := []string{"main", "master"}
	if target, ok := strings.CutPrefix(refs[origin+"HEAD"].symbolic, origin); ok {
		names = []string{target, "main", "master"}
		if err := r.addRef(ctx, refs, origin+target); err != nil {
			return "", "", err
		}
	}
	for _, name := range names {
		if _, ok := refs["refs/heads/"+name]; ok {
			return name, current, nil
		}
		if _, ok := refs[origin+name]; ok {
			return "origin/" + name, current, nil
		}
	}
	if current != "" {
		return current, current, nil
	}
	name, err := r.HeadBranch(ctx)
	if err == nil && name == "" {
		err = errors.New("no default branch: there is no origin/HEAD, main or master, and HEAD is detached; name the base")
	}
	return name, "", err
}

// addRef looks for a reference that was not asked for, where its local branch cannot stand in for it.
func (r *Repo) addRef(ctx context.Context, refs map[string]ref, name string) error {
	if _, ok := refs["refs/heads/"+strings.TrimPrefix(name, origin)]; ok {
		return nil
	}
	if _, ok := refs[name]; ok {
		return nil
	}
	found, err := r.listRefs(ctx, name)
	maps.Copy(refs, found)
	return err
}

// ref is a reference and what it points to.
type ref struct {
	id       OID
	symbolic string // the reference a symbolic one names
	head     bool   // HEAD is on it
}

// listRefs returns the references at or below the given names.
func (r *Repo) listRefs(ctx context.Context, under ...string) (map[string]ref, error) {
	args := append([]string{"for-each-ref", "--format=%(refname)%00%(objectname)%00%(symref)%00%(HEAD)", "--"}, under...)
	out, err := r.refs(args...).output(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing references: %w", err)
	}
	found := map[string]ref{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(fields) != 4 {
			return nil, fmt.Errorf("listing references: git for-each-ref wrote %q", line)
		}
		found[fields[0]] = ref{id: OID(fields[1]), symbolic: fields[2], head: fields[3] == "*"}
	}
	return found, nil
}

// Config returns a value of the repository's own configuration: not the user's, and without includes.
func (r *Repo) Config(ctx context.Context, key string) (string, bool, error) {
	if strings.HasPrefix(key, "-") {
		return "", false, fmt.Errorf("%q is not the name of a setting", key)
	}
	out, err := r.refs("config", "--local", "--no-includes", "--null", "--get", key).output(ctx)
	switch {
	case saidNo(err):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("reading the setting %q: %w", key, err)
	}
	return strings.TrimSuffix(string(out), "\x00"), true, nil
}

// Remotes lists the names of the repository's remotes, sorted.
func (r *Repo) Remotes(ctx context.Context) ([]string, error) {
	out, err := r.refs("config", "--local", "--no-includes", "--null", "--name-only", "--get-regexp", `^remote\..*\.url$`).output(ctx)
	if err != nil && !saidNo(err) {
		return nil, fmt.Errorf("listing remotes: %w", err)
	}
	var names []string
	for key := range strings.SplitSeq(string(out), "\x00") {
		if name := strings.TrimSuffix(strings.TrimPrefix(key, "remote."), ".url"); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// SetRemote adds a remote to the repository's own configuration, or gives it another URL. Its branches are fetched into
// refs/remotes/<name>/.
func (r *Repo) SetRemote(ctx context.Context, name, url string) error {
	if name == "" || strings.ContainsAny(name, ".\n*/") || strings.HasPrefix(name, "-") || strings.ContainsAny(url, "\n\x00") {
		return fmt.Errorf("%q cannot be the name of a remote with URL %q", name, url)
	}
	for _, setting := range [][2]string{{"url", url}, {"fetch", "+refs/heads/*:refs/remotes/" + name + "/*"}} {
		if _, err := r.refs("config", "--local", "remote."+name+"."+setting[0], setting[1]).output(ctx); err != nil {
			return fmt.Errorf("setting the remote %s: %w", name, err)
		}
	}
	return nil
}
