// Package judge takes a change from a repository to a verdict: it finds base and head, collects facts, runs built-in and
// declared checks and asks the gate. Everything that needs git, processes or a clock happens here, so that the gate stays a
// function. It never judges a change by what the change carries, and never writes to the repository.
package judge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/check"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/risk/history"
)

// Places are the folders of this user that adamant may use. All may be deleted at any time.
type Places struct {
	Cache string // results and indexes
	State string // keys of the caches
	Data  string // outside data, such as OSV records, and kernels; no check sees it

	Kernel string // folder of the kernel that runs; no check sees it
}

// Request says what to judge and how.
type Request struct {
	Base   string // revision; "" = the branch changes land on
	Target string // name of the branch it wants to land on; "" = Base
	// By is who made the change, when a door knows that; nil believes its trailers.
	By       *facts.Identity
	Head     string // revision; "" = HEAD
	Snapshot string // "", staged or worktree: judge what is not committed yet
	// Run selects declared checks: nil = those the gates want, an empty list = none, otherwise by name; RunAll = every one.
	Run      []string
	Evidence []string // values of --evidence
	// Proof answers for declared checks that were run for this change elsewhere; nil = none.
	Proof *Proof
	// Fresh runs declared checks although their results are known.
	Fresh     bool
	SoakStart *time.Time
	Now       time.Time
	Jobs      int
	Places    Places
	Getenv    func(string) string
	Version   string // adamant's own
	Progress  func(string)
	Render    facts.Render // of kustomizations; nil leaves them out
}

// RunAll in Request.Run asks for every declared check, wanted or not.
const RunAll = "all"

// Outcome is a verdict and the document it follows from.
type Outcome struct {
	Verdict    *gate.Verdict
	Input      *facts.Input
	Configured bool // the repository has an adamant.yaml at base
}

// UsageError is the caller's to mend: a revision that does not exist, a configuration that cannot be read.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Run judges one change.
func Run(ctx context.Context, repo *git.Repo, req Request) (*Outcome, error) {
	ends, err := resolve(ctx, repo, req)
	if err != nil {
		return nil, err
	}
	if err := survey(ctx, repo, req, &ends); err != nil {
		return nil, err
	}
	assessor, collected, err := prepare(ctx, repo, req, ends)
	if err != nil {
		return nil, err
	}
	c := &courtroom{req: req, repo: repo, assessor: assessor, collected: collected}
	assessment, err := c.hear(ctx)
	if err != nil {
		return nil, err
	}
	verdict := gate.Decide(assessment, gate.Standing{SoakStart: req.SoakStart, Now: req.Now})
	return &Outcome{Verdict: verdict, Input: collected.Input, Configured: ends.Governance.Configured}, nil
}

// survey reads the governance while git takes the snapshot and compares it, or head, with base. What is wrong with the governance is told first.
func survey(ctx context.Context, repo *git.Repo, req Request, ends *facts.Options) error {
	base, err := repo.Commit(ctx, ends.Base)
	if err != nil {
		return fmt.Errorf("reading base: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	opt := *ends
	group.Go(func() error { return compare(ctx, repo, &opt) })
	side, governance, err := governanceOf(ctx, repo, base.Tree)
	if err == nil {
		err = unknownChecks(req.Run, governance.Config.Spec.Checks)
	}
	if err != nil {
		cancel()
		_ = group.Wait() // it was told to stop
		return err
	}
	err = group.Wait()
	*ends = opt
	ends.Governance, ends.BaseSide, ends.Now = governance, side, req.Now
	return err
}

// prepare compiles the constitution while it collects the facts and runs the built-in checks: on two cores, the time of the
// longer one.
func prepare(ctx context.Context, repo *git.Repo, req Request, ends facts.Options) (*gate.Assessor, *facts.Collected, error) {
	group, gctx := errgroup.WithContext(ctx)
	var assessor *gate.Assessor
	looked := make(chan []string, 1) // the kinds of documents, once they are known
	group.Go(func() (err error) {
		if assessor, err = assessorFor(ctx, ends.Comparison.LikelyKinds(), ends.Governance); err != nil {
			return err
		}
		select {
		case kinds := <-looked:
			if !assessor.Covers(kinds) { // the names of the files promised others
				assessor, err = assessorFor(ctx, kinds, ends.Governance)
			}
			return err
		case <-gctx.Done():
			return nil // the error is another's
		}
	})
	var collected *facts.Collected
	group.Go(func() error {
		past, err := history.Open(gctx, repo, ends.Base, history.Options{
			CacheDir: req.Places.Cache,
			Warn:     func(err error) { req.Progress(err.Error()) },
			Progress: func(n int) { req.Progress(fmt.Sprintf("reading history: %d changes", n)) },
		})
		if err != nil {
			return err
		}
		ends.History = past.History
		if collected, err = facts.Collect(gctx, repo, ends); err != nil {
			return err
		}
		looked <- policy.KindsOf(collected.Input)
		if err := ObserveAPI(gctx, collected); err != nil {
			return err
		}
		if err := ObserveReach(gctx, repo, collected, req.Places, req.Progress); err != nil {
			return err
		}
		if err := RunBuiltin(gctx, collected, req.Places); err != nil {
			return err
		}
		return searchHistory(gctx, repo, collected)
	})
	return assessor, collected, group.Wait()
}

// resolve finds the two commits to judge.
func resolve(ctx context.Context, repo *git.Repo, req Request) (facts.Options, error) {
	opt := facts.Options{Source: "range", Render: req.Render}
	if req.Head != "" && req.Snapshot != "" {
		return opt, &UsageError{errors.New("--head cannot be combined with --staged or --worktree")}
	}
	target := req.Base
	if target == "" {
		var err error
		if target, err = targetBranch(ctx, repo, req); err != nil {
			return opt, err
		}
	}
	opt.Target, opt.By = target, req.By
	if req.Target != "" {
		opt.Target = req.Target
	}
	var err error
	if opt.Base, err = commit(ctx, repo, target, "base"); err != nil {
		return opt, err
	}
	switch req.Snapshot {
	case "":
		head := req.Head
		if head == "" {
			head = "HEAD"
		}
		opt.Head, err = commit(ctx, repo, head, "head")
	case "staged", "worktree":
		opt.Source = req.Snapshot // taken while the governance is read
	default:
		err = fmt.Errorf("unknown snapshot %q", req.Snapshot)
	}
	return opt, err
}

// compare takes the snapshot that was asked for and compares it, or the head, with base.
func compare(ctx context.Context, repo *git.Repo, opt *facts.Options) (err error) {
	if opt.Head == "" {
		kind := git.Staged
		if opt.Source == "worktree" {
			kind = git.Worktree
		}
		if opt.Head, err = repo.Snapshot(ctx, kind); err != nil {
			return err
		}
	}
	opt.Comparison, err = facts.Compare(ctx, repo, *opt)
	return err
}

// targetBranch is the branch the change wants to land on. What is staged or in the working tree of that very branch is
// judged against its last commit. Commits on it that are not pushed are judged against the remote's: against itself, a
// branch has no change to judge and would pass.
func targetBranch(ctx context.Context, repo *git.Repo, req Request) (string, error) {
	branch, current, err := repo.Branches(ctx)
	if err != nil {
		return "", &UsageError{fmt.Errorf("finding the branch that changes land on: %w; name it with --base", err)}
	}
	if req.Snapshot != "" || req.Head != "" && req.Head != "HEAD" && req.Head != branch {
		return branch, nil
	}
	if current == "" {
		current, err = repo.HeadBranch(ctx)
	}
	if err != nil || current != branch && req.Head != branch {
		return branch, err
	}
	var missing *git.MissingError
	if _, err := repo.Resolve(ctx, "origin/"+branch); err == nil {
		return "origin/" + branch, nil
	} else if !errors.As(err, &missing) {
		return "", fmt.Errorf("resolving origin/%s: %w", branch, err)
	}
	return branch, nil
}

func commit(ctx context.Context, repo *git.Repo, rev, what string) (git.OID, error) {
	oid, err := repo.Resolve(ctx, rev)
	var missing *git.MissingError
	if errors.As(err, &missing) {
		return "", &UsageError{fmt.Errorf("%s: %w", what, err)}
	}
	if err != nil {
		return "", fmt.Errorf("resolving %s %q: %w", what, rev, err)
	}
	return oid, nil
}

// GovernanceAt lists a commit's tree and reads what changes to it are judged by.
func GovernanceAt(ctx context.Context, repo *git.Repo, commit git.OID) (*facts.Side, *facts.Governance, error) {
	c, err := repo.Commit(ctx, commit)
	if err != nil {
		return nil, nil, err
	}
	return governanceOf(ctx, repo, c.Tree)
}

func governanceOf(ctx context.Context, repo *git.Repo, tree git.OID) (*facts.Side, *facts.Governance, error) {
	side, err := facts.NewSide(ctx, repo, tree, facts.BlobLimit)
	if err != nil {
		return nil, nil, err
	}
	governance, err := Governance(ctx, side)
	return side, governance, err
}

// GovernanceDigest names what changes to a commit are judged by, as assessments of them will (gate.Assessment.Governance).
func GovernanceDigest(ctx context.Context, repo *git.Repo, commit git.OID) (string, error) {
	_, g, err := GovernanceAt(ctx, repo, commit)
	if err != nil {
		return "", err
	}
	return gate.GovernanceDigest(g.Raw, g.Policy), nil
}

// Governance reads what changes to a tree are judged by, and completes it: checks that the configuration does not declare
// are detected, at base as everything else.
func Governance(ctx context.Context, side *facts.Side) (*facts.Governance, error) {
	g, err := facts.ReadGovernance(ctx, side, policy.Version())
	if err != nil {
		return nil, err
	}
	if len(g.Config.Spec.Checks) > 0 {
		return g, nil
	}
	config := g.Config
	config.Spec.Checks, _ = check.Detect(side.Paths(), func(path string) ([]byte, error) { return side.Read(ctx, path) })
	return g, g.SetConfig(config)
}

// Assessor compiles a governance.
func Assessor(ctx context.Context, g *facts.Governance) (*gate.Assessor, error) {
	return assessorFor(ctx, nil, g)
}

// assessorFor compiles what can say something about documents of some kinds first.
func assessorFor(ctx context.Context, kinds []string, g *facts.Governance) (*gate.Assessor, error) {
	a, err := gate.NewAssessorFor(ctx, kinds, g.Raw, g.Policy)
	if err != nil {
		return nil, &UsageError{err}
	}
	return a, nil
}

// courtroom is one judgement under way.
type courtroom struct {
	req       Request
	repo      *git.Repo
	assessor  *gate.Assessor
	collected *facts.Collected
}

// hear runs the checks and assesses the change. The first assessment, without evidence, says which gates are wanted.
func (c *courtroom) hear(ctx context.Context) (*gate.Assessment, error) {
	in := c.collected.Input
	if err := c.architecture(ctx); err != nil {
		return nil, err
	}
	if err := InUse(ctx, c.repo, c.collected, c.req.Places, c.req.Progress); err != nil {
		return nil, err
	}
	if err := c.succession(ctx); err != nil {
		return nil, err
	}
	if err := c.importEvidence(ctx); err != nil {
		return nil, err
	}
	plan, err := c.plan(ctx)
	if err != nil {
		return nil, err
	}
	if in.Change.MergedTree == "" {
		return plan, gate.Seal(plan, in)
	}
	known := len(in.Evidence)
	if c.req.Run == nil {
		if err := c.askSonarQube(ctx, plan); err != nil {
			return nil, err
		}
	}
	if wanted := c.proven(c.wanted(plan), plan.Level); len(wanted) > 0 {
		if err := c.runDeclared(ctx, wanted, plan.Level); err != nil {
			return nil, err
		}
	}
	if len(in.Evidence) == known {
		return plan, gate.Seal(plan, in)
	}
	if plan, err = c.replan(ctx, plan); err != nil {
		return nil, err
	}
	return plan, gate.Seal(plan, in)
}

// wanted selects the declared checks to run: those that were asked for by name, or those that answer for a gate that is
// still open.
func (c *courtroom) wanted(plan *gate.Assessment) []manifest.Check {
	config := c.assessor.Config()
	if c.req.Run != nil {
		return slices.DeleteFunc(slices.Clone(config.Spec.Checks), func(k manifest.Check) bool {
			return !slices.Contains(c.req.Run, k.Name) && !slices.Contains(c.req.Run, RunAll)
		})
	}
	var open []string
	for _, g := range plan.Gates {
		if g.State == gate.Pending {
			open = append(open, g.Name)
		}
	}
	return gate.Wanted(config, open)
}

// unknownChecks are the names asked for that no declared check has.
func unknownChecks(run []string, checks []manifest.Check) error {
	for _, name := range run {
		if name != RunAll && !slices.ContainsFunc(checks, func(k manifest.Check) bool { return k.Name == name }) {
			var known []string
			for _, k := range checks {
				known = append(known, k.Name)
			}
			return &UsageError{fmt.Errorf("--run: no check is named %q; there are %s", name, strings.Join(known, ", "))}
		}
	}
	return nil
}

func (c *courtroom) runDeclared(ctx context.Context, wanted []manifest.Check, level risk.Level) error {
	runner, err := c.runner()
	if err != nil {
		return err
	}
	selected, err := c.affectedTests(ctx, wanted)
	if err != nil {
		return err
	}
	job := check.Job{
		Affected: selected, Merged: check.TreeOf(c.repo, c.collected.Merged.Tree()), Base: check.TreeOf(c.repo, c.collected.Base.Tree()),
		Changed: c.collected.Input.Files, BaseTests: level >= risk.Medium, Overlay: overlay(c.collected),
	}
	evidence, findings, err := runner.Run(ctx, wanted, job)
	if err != nil {
		return fmt.Errorf("running checks: %w", err)
	}
	c.collected.Input.Evidence = append(c.collected.Input.Evidence, evidence...)
	addFindings(ctx, c.collected.Input, c.collected.Merged, findings)
	noteTools(c.collected, findings, true)
	return nil
}

func (c *courtroom) runner() (*check.Runner, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding adamant's own executable, which isolates checks: %w", err)
	}
	p := c.req.Places
	cache, err := check.OpenCache(p.Cache+"/checks", p.State, checkCacheBytes)
	if err != nil {
		c.req.Progress("no result cache: " + err.Error())
		cache = nil
	}
	return &check.Runner{
		Scratch: p.Cache + "/scratch", State: p.Cache + "/runs", Cache: cache, Fresh: c.req.Fresh, Symbol: symbols(), Path: c.req.Getenv("PATH"), Home: c.req.Getenv("HOME"),
		Hide:   p.private(),
		Getenv: c.req.Getenv, Self: self, Engine: c.req.Version, Jobs: c.req.Jobs, Now: func() time.Time { return c.req.Now },
		Progress: func(e check.Event) { c.req.Progress(eventText(e)) },
	}, nil
}

// private are the folders with keys, and sockets that obey whoever owns them.
func (p Places) private() []string {
	return slices.DeleteFunc([]string{p.Data, p.Kernel}, func(dir string) bool { return dir == "" })
}

const checkCacheBytes = 256 << 20

func eventText(e check.Event) string {
	text := e.Check + ": " + e.Step
	if e.State != "" {
		text += " " + e.State
	}
	if e.Step == "working" {
		text += " for " + e.Duration.Round(time.Second).String()
		if e.Note != "" {
			text += ": " + e.Note
		}
		return text
	}
	if e.Duration > 0 {
		text += " in " + e.Duration.Round(time.Millisecond).String()
	}
	return text
}
