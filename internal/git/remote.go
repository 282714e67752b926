package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// RemoteRefs lists references of a remote, named as for Fetch, sorted by name. A pattern is a whole name, or one that ends in
// "/*". The object names have the length of the remote's format, which may not be r's.
func (r *Repo) RemoteRefs(ctx context.Context, remote string, patterns ...string) ([]Ref, error) {
	c, err := r.transfer(remote, false, patterns, []string{"ls-remote", "--refs", "--quiet"})
	if err != nil {
		return nil, fmt.Errorf("listing a remote's references: %w", err)
	}
	out, err := c.output(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the references of %s: %w", remote, err)
	}
	var refs []Ref
	for line := range strings.Lines(string(out)) {
		id, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if len(id) != 40 && len(id) != 64 || !isHex(id) || checkRefName(name) != nil {
			return nil, fmt.Errorf("listing the references of %s: git ls-remote wrote %q", remote, line)
		}
		refs = append(refs, Ref{Name: name, OID: OID(id)})
	}
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(refs), nil
}

// RemoveRemote forgets a remote of the repository's own configuration. Its references stay. One that is not there is no error.
func (r *Repo) RemoveRemote(ctx context.Context, name string) error {
	names, err := r.Remotes(ctx)
	if err != nil || !slices.Contains(names, name) {
		return err
	}
	if _, err := r.refs("config", "--local", "--remove-section", "remote."+name).output(ctx); err != nil {
		return fmt.Errorf("removing the remote %s: %w", name, err)
	}
	return nil
}

// FastForward moves the current branch and its working tree to a commit that descends from it, as git merge --ff-only does,
// for a user who asked for it: it is the one function that writes to a working tree. Files with changes of the user's are
// never overwritten: then it is an error and nothing moves. No hook runs.
func (r *Repo) FastForward(ctx context.Context, to OID) error {
	if err := r.check(to); err != nil {
		return err
	}
	if r.root == "" {
		return ErrBare
	}
	env := append(r.userEnv[:len(r.userEnv):len(r.userEnv)], settings([][2]string{{"core.hooksPath", "/dev/null"}, {"core.fsmonitor", "false"},
		{"merge.verifySignatures", "false"}, {"gc.auto", "0"}, {"maintenance.auto", "false"}})...)
	c := call{env: env, dir: r.root, args: []string{"merge", "--ff-only", "--quiet", "--no-stat", "--no-autostash", string(to)}}
	_, err := c.output(ctx)
	var failed *commandError
	if errors.As(err, &failed) {
		return fmt.Errorf("fast-forwarding to %s: %w", to.Short(), err)
	}
	return err
}
