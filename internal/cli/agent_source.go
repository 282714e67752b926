package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/persona"
)

// open reads the agents that are to be examined: those of the revision that was named, else of the working tree, which is what
// one wants looked at before it is pushed, else of the branch that changes land on.
func (f *agentDoctorFlags) open(ctx context.Context, env *Env) (*roster, error) {
	if f.at != "" {
		return openRoster(ctx, env, f.repo, f.at)
	}
	repo, err := openRepo(ctx, env, f.repo)
	if err != nil {
		return nil, err
	}
	r := &roster{repo: repo}
	if repo.Bare() {
		err = r.read(ctx)
	} else {
		err = r.readWorktree(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	return r, nil
}

func (r *roster) readWorktree(ctx context.Context) error {
	tip, err := r.repo.Snapshot(ctx, git.Worktree)
	if err != nil {
		return judgeError(fmt.Errorf("reading the working tree: %w", err))
	}
	r.at, r.worktree = "the working tree", true
	return r.govern(ctx, tip)
}

// source says where the agents were read, and how those differ that work meanwhile: the landing branch's, of the kernel or else
// of this clone.
func (r *roster) source(ctx context.Context, kern *git.Repo) ailment {
	a := ailment{What: "agents", OK: true, Says: "as described in " + r.at}
	if !r.worktree {
		a.Says = "as described on " + r.at
		return a
	}
	landed, whose := &roster{repo: r.repo}, ""
	if kern != nil {
		landed.repo, whose = kern, " of the kernel"
	}
	if err := landed.read(ctx); err != nil {
		a.OK, a.Says, a.Do = false, a.Says+"; what agents work by cannot be read: "+err.Error(), "commit it on a branch that changes land on, or mend it there"
		return a
	}
	diff := differ(r.personas, landed.personas)
	if !reflect.DeepEqual(r.config.Spec.Gateway, landed.config.Spec.Gateway) {
		diff = append(diff, "spec.gateway is not the same")
	}
	if !reflect.DeepEqual(r.personas.Problems, landed.personas.Problems) {
		diff = append(diff, "other files cannot be read")
	}
	if len(diff) == 0 {
		a.Says += ", the same as on " + landed.at + whose
	} else {
		a.Says += "; until that lands, agents work by " + landed.at + whose + ": " + strings.Join(diff, "; ")
	}
	return a
}

// differ says which agents are otherwise there.
func differ(here, there *persona.Set) []string {
	known := map[string]persona.Persona{}
	for _, p := range there.List() {
		known[p.Name] = p
	}
	var missing, other, more []string
	for _, p := range here.List() {
		was, ok := known[p.Name]
		delete(known, p.Name)
		switch {
		case !ok:
			missing = append(missing, p.Name)
		case !reflect.DeepEqual(was, p):
			other = append(other, p.Name)
		}
	}
	for _, p := range there.List() { // in order
		if _, ok := known[p.Name]; ok {
			more = append(more, p.Name)
		}
	}
	var out []string
	for _, part := range []struct {
		text  string
		names []string
	}{{" not there", missing}, {" not the same", other}, {" there as well", more}} {
		if len(part.names) > 0 {
			verb := " is"
			if len(part.names) > 1 {
				verb = " are"
			}
			out = append(out, strings.Join(part.names, ", ")+verb+part.text)
		}
	}
	return out
}

// openKernel opens the kernel that the daemon serves, nil where there is none.
func (f *agentDoctorFlags) openKernel(ctx context.Context, env *Env) *git.Repo {
	dir, err := (&deskFlags{env: env, kernel: f.kernel}).folder(ctx)
	if err != nil {
		return nil
	}
	k, err := git.Open(ctx, filepath.Join(dir, "kernel.git"))
	if err != nil {
		return nil
	}
	return k
}
