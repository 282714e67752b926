package daemon

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
)

// troupe is a workforce that plays: what an attempt writes is scripted, the commits are real. It is as idempotent as the interface
// asks for, and notes what it was asked.
type troupe struct {
	gitDir string
	play   func(a task.Attempt) scene
	ledger thought.Appender // nil = nothing that is done goes on record

	mu      sync.Mutex
	running map[string]task.RunningAttempt
	cancel  map[string]chan string
	seen    []task.Attempt
	at      int // attempts under way: one that has ended is in running until the daemon has taken its outcome
	most    int // of them at a time
	done    chan task.Outcome
	lines   chan task.Line
	ended   chan struct{}
	works   sync.WaitGroup // attempts that still write
}

// scene is one attempt: files to write ("" removes one), how it ends, and what it waits for before. Secret leaves no record.
type scene struct {
	secret  bool
	write   map[string]string
	outcome task.Outcome
	until   <-chan struct{}
	takes   time.Duration
}

var (
	opus = task.Model{Family: "claude", Name: "claude-opus", Temperature: -1}
	gpt  = task.Model{Family: "gpt", Name: "gpt-large", Temperature: -1}
)

func newTroupe(gitDir string, play func(task.Attempt) scene) *troupe {
	return &troupe{gitDir: gitDir, play: play, running: map[string]task.RunningAttempt{}, cancel: map[string]chan string{}, done: make(chan task.Outcome),
		lines: make(chan task.Line, 100), ended: make(chan struct{})}
}

func (tr *troupe) Start(_ context.Context, a task.Attempt) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if _, ok := tr.running[a.ID]; ok {
		return nil
	}
	tr.seen = append(tr.seen, a)
	tr.running[a.ID] = task.RunningAttempt{ID: a.ID, Task: a.Task, Role: a.Role, Agent: a.Agent, Since: time.Now(), Doing: "edit docs/a.md", Turn: 3}
	tr.at++
	tr.most = max(tr.most, tr.at)
	stop := make(chan string, 1)
	tr.cancel[a.ID] = stop
	tr.works.Go(func() { tr.run(a, stop) })
	return nil
}

func (tr *troupe) run(a task.Attempt, stop <-chan string) {
	s := tr.play(a)
	select {
	case tr.lines <- task.Line{Time: time.Now(), Task: a.Task, Attempt: a.ID, Kind: "tool", Text: "edit"}:
	case <-tr.ended:
		return
	}
	o := s.outcome
	select {
	case <-wait(s.until):
		time.Sleep(s.takes)
		o = tr.finish(a, s)
	case why := <-stop:
		o.Finish, o.Why = task.FinishCancelled, why
	case <-tr.ended:
		return
	}
	o.Attempt, o.Task = a.ID, a.Task
	tr.mu.Lock()
	tr.at--
	tr.mu.Unlock()
	select {
	case tr.done <- o:
	case <-tr.ended:
		return
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	delete(tr.running, a.ID)
}

func wait(c <-chan struct{}) <-chan struct{} {
	if c != nil {
		return c
	}
	now := make(chan struct{})
	close(now)
	return now
}

func (tr *troupe) finish(a task.Attempt, s scene) task.Outcome {
	o := s.outcome
	o.Finish = cmp.Or(o.Finish, task.FinishDone)
	if len(s.write) > 0 {
		head, err := tr.commit(a, s.write)
		if err != nil {
			return task.Outcome{Finish: task.FinishFailed, Why: err.Error()}
		}
		o.Head = head
	}
	if o.Models == nil {
		o.Models = []task.Model{opus}
		if a.Role == task.RoleReviewer {
			o.Models = []task.Model{gpt}
		}
	}
	if tr.ledger != nil && !s.secret {
		if err := tr.record(a, s, o); err != nil {
			return task.Outcome{Finish: task.FinishFailed, Why: err.Error()}
		}
	}
	o.Spent = task.Spent{NanoUSD: 20_000_000, Tokens: 1000, Requests: 3, Seconds: 1}
	return o
}

// record puts on record what an attempt did, as the gateway would have seen it.
func (tr *troupe) record(a task.Attempt, s scene, o task.Outcome) error {
	ctx := context.Background()
	r := thought.NewRecorder(tr.ledger, thought.NewRedactor(), thought.Who{Agent: a.Agent, Role: a.Role, Task: a.Task, Attempt: a.ID, Change: a.Change, Feature: a.Feature}, nil)
	x := thought.Exchange{Seq: 1, Start: time.Now(), Model: o.Models[0].Name, Family: o.Models[0].Family, Temperature: o.Models[0].Temperature, Text: "I do as I was told."}
	for _, path := range slices.Sorted(maps.Keys(s.write)) {
		x.Calls = append(x.Calls, thought.Call{ID: path, Tool: "write", Args: fmt.Appendf(nil, `{"path":%q}`, path), Valid: true})
	}
	if err := r.Exchange(ctx, x); err != nil {
		return err
	}
	return r.End(ctx, thought.Result{Time: time.Now(), Tree: "-", Head: o.Head, Files: slices.Sorted(maps.Keys(s.write)), Why: o.Finish})
}

// commit writes files on an attempt's base, with plain git.
func (tr *troupe) commit(a task.Attempt, files map[string]string) (git.OID, error) {
	dir, err := os.MkdirTemp("", "troupe")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	run := func(in string, args ...string) (string, error) {
		cmd := exec.Command("git", append([]string{"--git-dir", tr.gitDir}, args...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_INDEX_FILE=" + filepath.Join(dir, "index"),
			"GIT_AUTHOR_NAME=coder", "GIT_AUTHOR_EMAIL=coder@localhost", "GIT_COMMITTER_NAME=adamant", "GIT_COMMITTER_EMAIL=adamant@localhost"}
		cmd.Stdin = strings.NewReader(in)
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
		return strings.TrimSpace(string(out)), err
	}
	if _, err := run("", "read-tree", string(a.Base)); err != nil {
		return "", err
	}
	for path, text := range files {
		if text == "" {
			if _, err := run("0 "+strings.Repeat("0", 40)+"\t"+path+"\n", "update-index", "--index-info"); err != nil {
				return "", err
			}
			continue
		}
		blob, err := run(text, "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		if _, err := run("", "update-index", "--add", "--cacheinfo", "100644,"+blob+","+path); err != nil {
			return "", err
		}
	}
	tree, err := run("", "write-tree")
	if err != nil {
		return "", err
	}
	head, err := run(a.Title+"\n\nAttempt "+a.ID+".\n", "commit-tree", tree, "-p", string(a.Base))
	return git.OID(head), err
}

func (tr *troupe) Running() []task.RunningAttempt {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var out []task.RunningAttempt
	for _, r := range tr.running {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b task.RunningAttempt) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (tr *troupe) Cancel(_ context.Context, id, why string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if stop, ok := tr.cancel[id]; ok {
		select {
		case stop <- why:
		default:
		}
	}
}

func (tr *troupe) Done() <-chan task.Outcome { return tr.done }
func (tr *troupe) Lines() <-chan task.Line   { return tr.lines }

// Close waits for attempts that are writing into the kernel's repository, which the test removes next.
func (tr *troupe) Close() {
	close(tr.ended)
	tr.works.Wait()
}

// attempts are those that were started so far.
func (tr *troupe) attempts() []task.Attempt {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Clone(tr.seen)
}
