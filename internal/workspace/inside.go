package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// Sandbox makes sandboxes. In wraps the real one.
type Sandbox interface {
	Open(ctx context.Context, spec sandbox.Spec) (Cell, error)
}

// Cell is a sandbox that programs can be run in, one or several at a time.
type Cell interface {
	Run(ctx context.Context, cmd sandbox.Command) (sandbox.Exit, error)
	Close(ctx context.Context) error
}

// In lets pulls run in real sandboxes.
func In(sb *sandbox.Sandbox) Sandbox { return isolated{sb} }

type isolated struct{ *sandbox.Sandbox }

func (s isolated) Open(ctx context.Context, spec sandbox.Spec) (Cell, error) {
	cell, err := s.Sandbox.Open(ctx, spec)
	if err != nil {
		return nil, err
	}
	return isolatedCell{cell}, nil
}

type isolatedCell struct{ *sandbox.Cell }

func (c isolatedCell) Run(ctx context.Context, cmd sandbox.Command) (sandbox.Exit, error) {
	var copies sync.WaitGroup
	var readers, writers []*os.File
	redirect := func(to io.Writer) (io.Writer, error) {
		if to == nil {
			to = io.Discard
		}
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		readers, writers = append(readers, r), append(writers, w)
		copies.Go(func() {
			_, _ = io.Copy(to, r) // a writer that fails has had enough
			r.Close()             // and the program is told
		})
		return w, nil
	}
	var err1, err2, err3 error
	cmd.Stdout, err1 = redirect(cmd.Stdout)
	cmd.Stderr, err2 = redirect(cmd.Stderr)
	p, err := c.start(cmd, errors.Join(err1, err2))
	for _, w := range writers {
		err3 = errors.Join(err3, w.Close())
	}
	if err = errors.Join(err, err3); err != nil {
		copies.Wait()
		return sandbox.Exit{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Kill() }) // Wait says how it ended
	defer stop()
	exit, err := p.Wait()                          // does not wait for what was written
	late := time.AfterFunc(sandbox.Grace, func() { // something that it started holds on to its output
		for _, r := range readers {
			r.Close()
		}
	})
	defer late.Stop()
	copies.Wait()
	return exit, err
}

func (c isolatedCell) start(cmd sandbox.Command, err error) (*sandbox.Process, error) {
	if err != nil {
		return nil, err
	}
	return c.Start(cmd)
}

// seen is the cone that the agent's checkout has: its own sparse-checkout file says so when it made one, as data. An agent that
// narrowed its cone did not delete what is gone, and one that widened it may delete what it saw.
func (w *Workspace) seen() []string {
	root, err := os.OpenRoot(w.path("repo"))
	if err != nil {
		return w.Cone
	}
	defer root.Close()
	if cone, ok := coneOf(readData(root, ".git/info/sparse-checkout")); ok {
		return cone
	}
	return w.Cone
}

const dataLimit = 1 << 20 // bytes of a small file of the agent's

// readData reads a small file that the agent may have written; "" when it is not one.
func readData(root *os.Root, name string) string {
	f, err := openData(root, name)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, dataLimit+1))
	if err != nil || len(data) > dataLimit {
		return ""
	}
	return string(data)
}

// survey looks at what is new or changed before git reads any of it: too many files and too large ones end here.
func (p *pull) survey(ctx context.Context) error {
	limits := p.store.limits
	list := int64(limits.Files+1) * int64(limits.Path+1)
	out, err := p.git(ctx, list, "ls-files", "-z", "--sparse", "--others", "--modified", "--deduplicate", "--exclude-standard")
	if err != nil {
		return err
	}
	paths := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	if len(paths) > limits.Files || int64(len(out)) >= list {
		return p.tooMany(paths)
	}
	root, err := os.OpenRoot(p.path("repo"))
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range paths {
		info, err := root.Lstat(name)
		if err == nil && info.Mode().IsRegular() && info.Size() > limits.FileSize {
			return p.tooLarge(name, info.Size())
		}
	}
	return nil
}

func (p *pull) tooMany(paths []string) error {
	count := map[string]int{}
	for _, name := range paths {
		top, _, _ := strings.Cut(name, "/")
		count[top]++
	}
	most := slices.MaxFunc(paths, func(a, b string) int {
		return count[strings.Split(a, "/")[0]] - count[strings.Split(b, "/")[0]]
	})
	top, _, _ := strings.Cut(most, "/")
	return p.refuse(top, fmt.Sprintf("has most of more than %d changed files", p.store.limits.Files), "add what is generated to .gitignore, or delete it")
}

func (p *pull) tooLarge(name string, size int64) error {
	return p.refuse(name, fmt.Sprintf("has %d bytes, over the limit of %d", size, p.store.limits.FileSize), "delete it or add it to .gitignore")
}

func (p *pull) refuse(path, reason, do string) error {
	return &RefusedError{ID: p.ID, Path: path, Reason: reason, Do: do}
}

// refuseSaid explains why git inside did not record the result.
func (p *pull) refuseSaid(command, said string, exit sandbox.Exit) error {
	how := fmt.Sprintf("exit status %d", exit.Code)
	if exit.Signal != "" {
		how = exit.Signal
	}
	if exit.Cause != "" {
		how = "ended by the sandbox: " + string(exit.Cause)
	}
	for _, known := range complaints {
		if m := known.pattern().FindStringSubmatch(said); m != nil {
			return p.refuse(m[1], known.reason, known.do)
		}
	}
	return p.refuse("", fmt.Sprintf("git %s failed inside (%s): %s", command, how, strings.TrimSpace(said)), "look at it: adamant workspace shell "+p.ID)
}

// complaints are what git add says about paths that it does not take.
var complaints = [...]struct {
	pattern    func() *regexp.Regexp
	reason, do string
}{
	{sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^error: '(.*?)/?' does not have a commit checked out$`)
	}),
		"is a git repository of its own", "delete its .git, or the folder"},
	{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^error: (?:invalid|Invalid) path '(.*)'$`) }),
		"is a name that some system takes for .git", "rename it"},
	{sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^(?:error|warning): (?:open\("|could not open directory ')(.*?)/?["'](?:\))?: Permission denied$`)
	}), "cannot be read", "give its owner the right to: chmod u+rX"},
}

// record makes the result: a commit of the checkout on base, at the one reference. git commit makes it, since git write-tree
// gives a sparse index up.
func (p *pull) record(ctx context.Context) error {
	if _, err := p.git(ctx, sayLimit, "add", "--all", "--sparse"); err != nil {
		return err
	}
	_, err := p.git(ctx, sayLimit, "commit", "--quiet", "--no-verify", "--allow-empty", "--no-status", "--cleanup=verbatim", "--message=result")
	return err
}

// fetch takes the one reference out, from an upload-pack inside.
func (p *pull) fetch(ctx context.Context) (err error) {
	fromR, fromW, err := os.Pipe()
	if err != nil {
		return err
	}
	toR, toW, err := os.Pipe()
	if err != nil {
		return errors.Join(err, fromR.Close(), fromW.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := &meter{to: fromW, limit: p.store.limits.Bytes}
	say := &capped{left: sayLimit}
	ended := make(chan error, 1)
	go func() {
		exit, err := p.cell.Run(ctx, sandbox.Command{Argv: []string{"git", "upload-pack", "--strict", pullInside}, Dir: Repo, Env: insideEnv(),
			Stdin: toR, Stdout: m, Stderr: say})
		if err == nil && exit != (sandbox.Exit{}) {
			err = p.refuseSaid("upload-pack", say.String(), exit)
		}
		ended <- errors.Join(err, fromW.Close(), toR.Close())
	}()
	err = p.repo.FetchPipe(ctx, fromR, toW, []string{"+" + resultRef + ":" + resultRef})
	err = errors.Join(err, toW.Close(), fromR.Close())
	if err != nil {
		cancel()
	}
	inside := <-ended
	p.result.Bytes = m.n.Load()
	switch {
	case p.result.Bytes > m.limit:
		return p.refuse("", fmt.Sprintf("it has more than %d bytes", m.limit), "delete what is large or add it to .gitignore")
	case err != nil:
		return p.explainFetch(err)
	}
	return inside
}

// meter passes bytes on until there are too many.
type meter struct {
	to    io.Writer
	n     atomic.Int64
	limit int64
}

func (m *meter) Write(b []byte) (int, error) {
	if m.n.Add(int64(len(b))) > m.limit {
		return 0, fs.ErrInvalid
	}
	return m.to.Write(b)
}

var fsckSaid = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`error: object ([0-9a-f]+): (\w+): (.*)`)
})

// explainFetch tells objects that git refuses from a fetch that failed.
func (p *pull) explainFetch(err error) error {
	if m := fsckSaid().FindStringSubmatch(err.Error()); m != nil {
		return p.refuse("", fmt.Sprintf("object %s: %s (%s)", git.OID(m[1]).Short(), m[3], m[2]), "look at it: adamant workspace shell "+p.ID)
	}
	return err
}
