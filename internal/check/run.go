package check

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Runner runs declared checks on this machine. Scratch, State, Path and Now are required.
type Runner struct {
	// Scratch is the folder that checkouts are made in, outside every repository; what crashed runs left there is removed.
	Scratch string
	// State is a folder of this user for setup results and logs.
	State string
	// Cache keeps results; nil runs everything.
	Cache *Cache
	// Fresh runs everything too, and the cache has the new results afterwards.
	Fresh bool
	// Path is the search path for commands. Relative entries are ignored.
	Path string
	// Home is the user's home folder. Checks are pointed at toolchain managers in it and kept from the credentials in it.
	Home string
	// Hide are more folders that no check sees: the kernel's, with its keys and its daemon's socket.
	Hide []string
	// Getenv reads adamant's own environment, for PassEnv and for the proxy and registry variables that setup gets.
	Getenv func(string) string
	// Self is an executable whose main calls sandbox.Init before anything else: adamant itself. Empty = no isolation (network: open).
	Self string
	// Engine is adamant's version, a part of every cache key.
	Engine string
	// Jobs is how many checks run at once; less than 1 means 1.
	Jobs int
	// Now dates the evidence. How long things take, and how old files are, is measured by the machine's own clock.
	Now func() time.Time
	// Symbol names what encloses a finding, for its fingerprint; may be nil.
	Symbol finding.Symbol
	// Progress, when set, is told about each step, one call at a time.
	Progress func(Event)
}

// run is one call of Run.
type run struct {
	*Runner
	job Job
	workshop

	mu       sync.Mutex
	versions map[string]string
	listings map[string][]git.Entry
	boxes    int

	setupMu    sync.Mutex
	progressMu sync.Mutex
}

// result is what a check yields.
type result struct {
	Evidence facts.Evidence    `json:"evidence"`
	Findings []finding.Finding `json:"findings,omitempty"`
	fleeting bool              // a part of it is no result: it is not kept
}

// Run runs checks on job and returns one piece of evidence a check, in the order given, and what they found. An error means
// that adamant or the machine failed, or that ctx ended: then nothing was decided.
func (r *Runner) Run(ctx context.Context, checks []manifest.Check, job Job) ([]facts.Evidence, []finding.Finding, error) {
	state := r.newRun(job)
	results, err := state.all(ctx, checks)
	if err = errors.Join(err, state.close()); err != nil {
		return nil, nil, err
	}
	evidence := make([]facts.Evidence, len(results))
	var findings []finding.Finding
	for i, res := range results {
		evidence[i] = res.Evidence
		findings = append(findings, res.Findings...)
	}
	finding.Sort(findings)
	return evidence, findings, nil
}

func (r *Runner) newRun(job Job) *run {
	return &run{Runner: r, job: job, versions: map[string]string{}, listings: map[string][]git.Entry{}}
}

func (r *run) all(ctx context.Context, checks []manifest.Check) ([]result, error) {
	results := make([]result, len(checks))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, r.Jobs))
	for i := range checks {
		group.Go(func() error {
			var err error
			results[i], err = r.check(ctx, &checks[i])
			if err != nil {
				return fmt.Errorf("check %s: %w", checks[i].Name, err)
			}
			return nil
		})
	}
	return results, group.Wait()
}

// check answers for one check: not affected, from the cache, or by running it.
func (r *run) check(ctx context.Context, c *manifest.Check) (result, error) {
	begin := time.Now()
	res := result{Evidence: facts.Evidence{Check: c.Name, Kind: c.Kind, Source: facts.SourceLocal, ObservedAt: r.Now().UTC().Truncate(time.Second)}}
	if err := ctx.Err(); err != nil {
		return res, err
	}
	s := selected(c, &r.job)
	if !s.run {
		res.Evidence.State, res.Evidence.Reason = facts.NotAffected, s.why
		r.done(res, "", 0)
		return res, nil
	}
	p, err := r.plan(ctx, c, s)
	if err != nil {
		return res, err
	}
	kept, ok, err := r.answer(ctx, p)
	if err != nil {
		return res, err
	}
	if ok {
		kept.Evidence.Selection = s.evidence(c)
		r.done(kept, "", 0)
		return kept, nil
	}
	res.Evidence.Selection = s.evidence(c)
	log := newTranscript(logHalf)
	stop := r.reassure(c.Name, begin, log)
	err = r.execute(ctx, p, &res, log)
	stop()
	if err != nil {
		return res, err
	}
	elapsed := time.Since(begin)
	res.Evidence.DurationMS, res.Evidence.Digest = elapsed.Milliseconds(), p.key
	r.keep(p, res)
	file, err := r.writeLog(c.Name, log)
	if err != nil { // the result stands without it
		r.tell(Event{Check: c.Name, Step: "unlogged", Note: err.Error()})
	}
	r.done(res, file, elapsed)
	return res, nil
}

// plan is all that decides a check's result, and its digest.
type plan struct {
	check     *manifest.Check // with the tests that were selected in its command
	declared  *manifest.Check
	selection selection
	setup     setup
	tools     []string
	key       string
}

func (r *run) plan(ctx context.Context, c *manifest.Check, s selection) (*plan, error) {
	expanded := *c
	expanded.Command = expand(c.Command, s, c.Directory, nil)
	p := &plan{check: &expanded, declared: c, selection: s}
	var err error
	if len(c.Setup) > 0 {
		if p.setup, err = r.setupOf(ctx, c, r.toolchain(ctx, wordsOf(c.Setup))); err != nil {
			return nil, err
		}
	}
	p.tools = r.toolchain(ctx, words(c))
	return p, nil
}

// answer looks a plan's result up. What passed without network stands, whatever this system allows now. Anything else is
// looked for under the isolation there is now, which takes a process to find out.
func (r *run) answer(ctx context.Context, p *plan) (kept result, ok bool, err error) {
	if r.Self != "" {
		if p.key, err = r.key(ctx, p, networkNone); err != nil {
			return kept, false, err
		}
		if kept, ok = r.recall(p); ok && kept.Evidence.State == facts.Passed {
			return kept, true, nil
		}
	}
	if err := r.probe(ctx); err != nil {
		return kept, false, err
	}
	if p.key, err = r.key(ctx, p, r.network()); err != nil {
		return kept, false, err
	}
	kept, ok = r.recall(p)
	return kept, ok, nil
}

// key digests everything the result depends on. What only a run of this change's base can show (its tests, its findings,
// the lines it added) is part of it too.
func (r *run) key(ctx context.Context, p *plan, network string) (string, error) {
	c := p.check
	inputs := any(r.job.Merged.ID())
	if len(c.Inputs) > 0 {
		files, err := r.files(ctx, r.job.Merged)
		if err != nil {
			return "", err
		}
		if inputs, err = matching(files, c.Inputs); err != nil {
			return "", fmt.Errorf("inputs: %w", err)
		}
	}
	var base any
	if r.job.Base != nil && reportsFindings(c) {
		base = r.job.Base.ID()
	}
	var edits []Overlay
	if r.wantsBaseTests(c) {
		edits = append([]Overlay{{}}, r.job.Overlay...) // an empty overlay differs from none asked for
	}
	var lines any
	if reportsCoverage(c) {
		lines = changedLines(r.job.Changed)
	}
	return digest([]any{
		"check/v1", c, inputs, r.declaredEnv(c), p.tools, cleanPath(r.Path), p.setup.digest, r.Engine, network, base, edits, lines,
	})
}

// What a command can reach, as evidence says it.
const (
	networkNone = "none"
	networkOpen = "open"
)

func (r *run) network() string {
	if r.sandbox.Report().Net {
		return networkNone
	}
	return networkOpen
}

// files lists a tree, once a run.
func (r *run) files(ctx context.Context, tree Tree) ([]git.Entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if files, ok := r.listings[tree.ID()]; ok {
		return files, nil
	}
	files, err := tree.Files(ctx)
	if err != nil {
		return nil, fmt.Errorf("list tree %s: %w", tree.ID(), err)
	}
	r.listings[tree.ID()] = files
	return files, nil
}

// newBox makes the next box of this run.
func (r *run) newBox() (*box, error) {
	r.mu.Lock()
	r.boxes++
	name := fmt.Sprintf("box-%d", r.boxes)
	r.mu.Unlock()
	return newBox(filepath.Join(r.dir.path, name))
}

func (r *run) tell(e Event) {
	if r.Progress == nil {
		return
	}
	r.progressMu.Lock()
	defer r.progressMu.Unlock()
	r.Progress(e)
}

const reassureEvery = 30 * time.Second

// reassure says from time to time that a check is still working, and on what, until stop is called.
func (r *run) reassure(check string, begin time.Time, log *transcript) (stop func()) {
	ticker, quit, ended := time.NewTicker(reassureEvery), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case now := <-ticker.C:
				r.tell(Event{Check: check, Step: "working", Duration: now.Sub(begin), Note: lastLine(log.Bytes())})
			case <-quit:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(quit)
		<-ended
	}
}

func (r *run) done(res result, log string, elapsed time.Duration) {
	e := res.Evidence
	r.tell(Event{Check: e.Check, Step: "done", State: e.State, Source: e.Source, Duration: elapsed, Log: log, Note: e.Reason})
}
