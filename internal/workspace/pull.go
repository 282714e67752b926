package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// resultRef is the one reference that is fetched from a pull.
const resultRef = "refs/adamant/result"

// Result is what was pulled.
type Result struct {
	Tree  git.OID // what lies in the checkout, in kernel.git
	Head  git.OID // the commit on the quarantine reference: Tree on base, the same for the same content
	Files int     // changed against base; 0 = nothing was
	Bytes int64   // that came out of the sandbox
}

// RefusedError says why what lies in a checkout cannot be a result.
type RefusedError struct {
	ID     string
	Path   string // from the top of the checkout, empty where no one path is to blame
	Reason string
	Do     string // what to do about it
}

func (e *RefusedError) Error() string {
	at := ""
	if e.Path != "" {
		at = fmt.Sprintf("%q ", e.Path)
	}
	return fmt.Sprintf("the result of workspace %s is refused: %s%s; %s", e.ID, at, e.Reason, e.Do)
}

// Pull brings what lies in the checkout into kernel.git, at Quarantine. The kernel must be held. What cannot be stored safely
// is a *RefusedError, and nothing of it is kept. The agent should not run meanwhile: what it writes may or may not be in it.
func (w *Workspace) Pull(ctx context.Context, sb Sandbox) (Result, error) {
	var result Result
	err := w.pulled(ctx, sb, func(ctx context.Context, p *pull) error {
		result = p.result
		return p.keep(ctx)
	})
	if err != nil {
		return Result{}, fmt.Errorf("pulling the result of workspace %s: %w", w.ID, err)
	}
	return result, nil
}

// Examine pulls what lies in the checkout as Pull does, and lends it in a repository of this call to fn instead of keeping it.
func (w *Workspace) Examine(ctx context.Context, sb Sandbox, fn func(ctx context.Context, repo *git.Repo, r Result) error) error {
	err := w.pulled(ctx, sb, func(ctx context.Context, p *pull) error { return fn(ctx, p.repo, p.result) })
	if err != nil {
		return fmt.Errorf("looking at the result of workspace %s: %w", w.ID, err)
	}
	return nil
}

// pull is one pull: a git directory for the inside, a repository for what comes out.
type pull struct {
	*Workspace
	dir    string
	cone   []string // what the agent sees
	repo   *git.Repo
	cell   Cell
	result Result
}

func (w *Workspace) pulled(ctx context.Context, sb Sandbox, use func(context.Context, *pull) error) (err error) {
	if w.Readonly {
		return errors.New("it is read-only and has no result")
	}
	release, err := w.Use()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	lock, err := filelock.Open(w.path("pull.lock"), filelock.Wait) // one at a time
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	limits := w.store.limits
	ctx, cancel := context.WithTimeoutCause(ctx, limits.Time, &RefusedError{ID: w.ID, Reason: "it took longer than " + limits.Time.String(),
		Do: "remove what is large from the checkout, or add it to .gitignore"})
	defer cancel()
	p := &pull{Workspace: w, dir: w.path("pull")}
	if err := p.prepare(ctx); err != nil {
		return errors.Join(err, p.close())
	}
	err = p.run(ctx, sb)
	if err == nil {
		err = p.examine(ctx)
	}
	if err == nil {
		err = use(ctx, p)
	}
	return errors.Join(err, p.close())
}

// prepare makes both repositories, after removing what a killed pull left.
func (p *pull) prepare(ctx context.Context) error {
	if err := errors.Join(removeAll(p.dir), os.Mkdir(p.dir, 0o700)); err != nil {
		return err
	}
	p.cone = p.seen()
	if err := p.makeInside(ctx); err != nil {
		return err
	}
	main := p.store.kernel.Main()
	repo, err := git.InitBare(ctx, filepath.Join(p.dir, "out.git"), git.InitOptions{Format: main.ObjectFormat(), Config: [][2]string{
		{"gc.auto", "0"}, {"fetch.fsckObjects", "true"}, {"core.fsync", "none"}}})
	if err != nil {
		return err
	}
	p.repo = repo
	if err := writeAlternates(repo, main); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(repo.CommonDir(), "refs", "heads", "base"), []byte(p.Base+"\n"), 0o600) // so that git asks for what is new
}

// makeInside writes the git directory that git inside the sandbox records the result with. The agent has never seen it.
func (p *pull) makeInside(ctx context.Context) error {
	index, err := p.index(ctx)
	if err != nil {
		return err
	}
	inside := filepath.Join(p.dir, "git")
	err = repository{
		config: pullConfig(p.store.kernel.Main().ObjectFormat(), len(p.cone) > 0), head: "ref: " + resultRef + "\n", index: index, cone: p.cone,
		refs:       map[string]git.OID{resultRef: p.Base},
		alternates: p.alternates(p.path("")), exclude: excludeLines(p.excluded),
	}.write(inside)
	if err != nil {
		return err
	}
	return p.give(inside)
}

// index is the one of the checkout as it was made, or one of the cone that the agent made of it.
func (p *pull) index(ctx context.Context) ([]byte, error) {
	if strings.Join(p.cone, "\n") == strings.Join(p.Cone, "\n") {
		return os.ReadFile(p.path("index"))
	}
	files, err := p.store.kernel.Repo().Cone(ctx, p.Head, p.cone)
	if err != nil {
		return nil, err
	}
	return files.Index(p.store.kernel.Main().ObjectFormat(), func(git.Entry) git.FileStat { return git.FileStat{} })
}

// excludeLines renders paths for info/exclude.
func excludeLines(paths []string) []string {
	lines := make([]string, len(paths))
	for i, p := range paths {
		lines[i] = "/" + escapeGlob(p)
	}
	return lines
}

// keep stores the result in kernel.git, on the disk, and moves the quarantine reference to it.
func (p *pull) keep(ctx context.Context) error {
	kernel := p.store.kernel
	if _, err := kernel.Repo().Copy(ctx, p.repo, p.result.Head); err != nil {
		return err
	}
	old, err := kernel.Ref(ctx, p.Quarantine())
	if err != nil || old == p.result.Head {
		return err
	}
	return kernel.UpdateRefs(ctx, []git.RefUpdate{{Name: p.Quarantine(), Old: old, New: p.result.Head}})
}

func (p *pull) close() error {
	var errs []error
	if p.repo != nil {
		errs = append(errs, p.repo.Close())
	}
	return errors.Join(append(errs, removeAll(p.dir))...)
}

// run records the result inside the sandbox and fetches it from there.
func (p *pull) run(ctx context.Context, sb Sandbox) error {
	cell, err := sb.Open(ctx, p.spec())
	if err != nil {
		return err
	}
	p.cell = cell
	err = p.survey(ctx)
	if err == nil {
		err = p.record(ctx)
	}
	if err == nil {
		err = p.fetch(ctx)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return errors.Join(err, cell.Close(context.WithoutCancel(ctx)))
}

// spec is the sandbox of a pull: the checkout read-only, nothing of the agent's home, nothing of the network.
func (p *pull) spec() sandbox.Spec {
	limits := sandbox.DefaultLimits()
	limits.Wall = p.store.limits.Time
	return sandbox.Spec{
		Dir: Repo, Identity: p.Identity, Limits: limits,
		Mounts: append([]sandbox.Mount{
			{Source: p.path("repo"), Target: Repo},
			{Source: filepath.Join(p.dir, "git"), Target: pullInside, Writable: true},
		}, p.stores()...),
	}
}

// insideEnv is all that git sees of the world inside.
func insideEnv() []string {
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C", "TZ=UTC",
		"GIT_DIR=" + pullInside, "GIT_WORK_TREE=" + Repo, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_NO_REPLACE_OBJECTS=1", "GIT_LITERAL_PATHSPECS=1", "GIT_ALLOW_PROTOCOL=none",
		"GIT_AUTHOR_NAME=adamant", "GIT_AUTHOR_EMAIL=adamant@localhost", "GIT_AUTHOR_DATE=@1 +0000",
		"GIT_COMMITTER_NAME=adamant", "GIT_COMMITTER_EMAIL=adamant@localhost", "GIT_COMMITTER_DATE=@1 +0000"}
}

const sayLimit = 4 << 10 // bytes of what git inside says that are kept

// git runs git inside and returns the first limit bytes that it writes.
func (p *pull) git(ctx context.Context, limit int64, args ...string) (string, error) {
	out, say := &capped{left: limit}, &capped{left: sayLimit}
	exit, err := p.cell.Run(ctx, sandbox.Command{Argv: append([]string{"git"}, args...), Dir: Repo, Env: insideEnv(), Stdout: out, Stderr: say})
	switch {
	case err != nil:
		return "", fmt.Errorf("git %s in the sandbox: %w", args[0], err)
	case exit != (sandbox.Exit{}):
		return "", p.refuseSaid(args[0], say.String(), exit)
	}
	return out.String(), nil
}

// capped keeps the first bytes written to it and drops the rest.
type capped struct {
	strings.Builder
	left int64
	over bool
}

func (c *capped) Write(b []byte) (int, error) {
	keep := b[:min(int64(len(b)), max(c.left, 0))]
	c.over = c.over || len(keep) < len(b)
	c.left -= int64(len(keep))
	_, _ = c.Builder.Write(keep) // to memory
	return len(b), nil
}

var _ io.Writer = (*capped)(nil)
