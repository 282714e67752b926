// Package verify checks the whole history of a repository, offline, from any clone that has the kernel's references: that every
// commit on main was put there by the gate, under a verdict that allowed it and the approvals that it needed, and that the ledger,
// the transparency log and the attestations say the same.
//
// It promises that a history that it finds nothing against was landed commit by commit by whoever holds the gate's key, that each
// landing is in the signed ledger, and that nothing that an earlier run saw is gone. What it cannot know it says: a Problem names the
// commit or the line, what is wrong and what to do, under a code that stays.
//
// It never writes to the repository, never asks a network or a clock of its own, and never believes a document because it is there.
// It cannot tell whether the holder of the gate's key used it well, and without a pinned root it believes the first one it sees.
package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/trust"
)

// Options say what is verified and by what is known already.
type Options struct {
	Remote   string    // name of the remote whose references are verified; empty: the repository's own, else the only remote's
	From     git.OID   // commits up to this one were verified before; empty: from genesis
	Root     string    // fingerprint that the first root has to have; empty: the remembered one, else none
	All      bool      // also the source summaries, which are made of the decisions
	Memory   Memory    // of the run before
	Now      time.Time // expiry is told by it
	Progress func(stage string, done, total int)
}

// Report is what was found.
type Report struct {
	V         int             `json:"v"`
	Remote    string          `json:"remote,omitempty"`
	Main      git.OID         `json:"main"`
	Genesis   git.OID         `json:"genesis"` // the commit that verification began behind
	Commits   int             `json:"commits"` // that were checked
	Landings  int             `json:"landings"`
	Ledgers   []ledger.Ledger `json:"ledgers"`
	Bundles   int             `json:"bundles"`        // attestations that were verified
	Artifacts []Artifact      `json:"artifacts"`      // that were built from the commits, in their order
	Log       uint64          `json:"log"`            // leaves of the transparency log that were compared
	Root      string          `json:"root,omitempty"` // fingerprint of the first root
	Partial   bool            `json:"partial"`        // it ended at a failure before all commits and landings were looked at
	Failures  []Problem       `json:"failures"`       // any: it does not hold
	Warnings  []Problem       `json:"warnings"`       // what is not there yet, or not what it could be
	Memory    Memory          `json:"-"`              // to keep for the next run, if there is no failure
}

// Holds says that nothing was found against the history.
func (r *Report) Holds() bool { return len(r.Failures) == 0 }

// run is one verification under way.
type run struct {
	repo  *git.Repo
	opt   Options
	view  *view
	chain *trust.Chain        // nil: there is no trust root
	keys  map[string][]string // of each writer of the ledger

	leaves   map[[sha256.Size]byte]bool // of what the ledger says was signed
	attested map[git.OID]bool           // commits with a decision that holds
	grounds  map[git.OID]string         // of that decision

	mu     sync.Mutex // of the report's problems
	report *Report
	seen   *Sight
}

// Run verifies a repository. What is wrong with it is in the report; an error means that the answer is not known.
func Run(ctx context.Context, repo *git.Repo, opt Options) (*Report, error) {
	checked, err := git.Open(ctx, repo.GitDir(), git.WithNamesChecked())
	if err != nil {
		return nil, fmt.Errorf("verifying: %w", err)
	}
	defer checked.Close()
	r := &run{repo: checked, opt: opt, keys: map[string][]string{}, leaves: map[[sha256.Size]byte]bool{}, attested: map[git.OID]bool{}, grounds: map[git.OID]string{}, report: &Report{V: 1, Partial: true, Ledgers: []ledger.Ledger{}, Artifacts: []Artifact{}, Failures: []Problem{}, Warnings: []Problem{}}}
	if err := r.run(ctx); err != nil && !r.explains(ctx, err) {
		return nil, fmt.Errorf("verifying: %w", err)
	}
	r.report.Memory = r.newMemory()
	sortProblems(r.report.Failures)
	sortProblems(r.report.Warnings)
	return r.report, nil
}

// explains makes a problem of an error that the repository is to blame for.
func (r *run) explains(ctx context.Context, err error) bool {
	var alarm *ledger.Alarm
	var missing *git.MissingError
	var corrupt *git.CorruptError
	switch {
	case ctx.Err() != nil:
		return false
	case errors.As(err, &alarm):
		r.alarm(alarm)
	case errors.As(err, &missing), errors.As(err, &corrupt), errors.Is(err, git.ErrCommand):
		r.fail(Problem{Code: Unreadable, What: err.Error(), Do: "run git fsck: what is damaged or missing comes back from another clone or the mirror"})
	default:
		return false
	}
	return true
}

func (r *run) run(ctx context.Context) error {
	var err error
	r.view, err = find(ctx, r.repo, r.opt.Remote)
	if r.report.Remote = r.view.remote; err != nil {
		return err
	}
	if r.report.Main, err = r.repo.Ref(ctx, r.view.mainRef); err != nil {
		return err
	}
	if err := r.readRoot(ctx); err != nil {
		return err
	}
	rec, err := r.readLedger(ctx)
	if err != nil || rec == nil {
		return err
	}
	if r.report.Main == "" {
		r.fail(Problem{Code: MainMissing, What: "there is no " + r.view.mainRef, Do: doSync})
		return nil
	}
	if err := r.checkHistory(ctx, rec); err != nil {
		return err
	}
	return r.remember(ctx)
}

// readLedger verifies the ledger, replays it and holds the log to it, side by side. It is nil when the ledger does not hold: behind it
// nothing can be said, and what the others found says the same.
func (r *run) readLedger(ctx context.Context) (*record, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	beside := r.beside()
	var rec *record
	var found error
	var group sync.WaitGroup
	group.Go(func() { rec, found = beside.readRecord(ctx) })
	before := len(r.report.Failures)
	err := r.checkLedger(ctx)
	holds := err == nil && len(r.report.Failures) == before
	if !holds {
		cancel()
	}
	group.Wait()
	if !holds {
		return nil, err
	}
	r.join(beside)
	return rec, found
}

// beside is a run whose findings are kept apart until they are joined.
func (r *run) beside() *run {
	return &run{repo: r.repo, opt: r.opt, view: r.view, chain: r.chain, keys: r.keys, leaves: r.leaves, report: &Report{}, seen: &Sight{}}
}

func (r *run) join(other *run) {
	r.report.Failures = append(r.report.Failures, other.report.Failures...)
	r.report.Warnings = append(r.report.Warnings, other.report.Warnings...)
	r.report.Log, r.sight().Log = other.report.Log, other.seen.Log
}

// checkHistory goes from genesis to main's tip.
func (r *run) checkHistory(ctx context.Context, rec *record) error {
	r.report.Genesis = cmp.Or(r.opt.From, r.genesis(), rec.created())
	if r.report.Genesis == "" {
		r.fail(Problem{Code: LedgerMissing, What: "the ledger does not say where main began", Do: doSync})
		return nil
	}
	l, err := r.readLine(ctx, r.report.Genesis, r.report.Main)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		r.fail(Problem{Code: GenesisMissing, Commit: r.report.Genesis, What: err.Error(), Do: doSync})
		return nil
	}
	if err != nil || !r.descends(l) {
		return err
	}
	r.report.Commits = len(l.commits)
	r.checkShape(l)
	covered, err := r.cover(ctx, rec, l)
	if err != nil {
		return err
	}
	r.checkCommits(l, covered)
	r.checkExpiry(l, covered)
	all := cases(l, covered)
	if err := r.checkAttestations(ctx, rec, all); err != nil {
		return err
	}
	err = r.checkVerdicts(ctx, rec, all)
	r.report.Partial = err != nil
	return err
}

// genesis is where the trust root says that verification begins.
func (r *run) genesis() git.OID {
	if r.chain == nil {
		return ""
	}
	return git.OID(r.chain.Current().Genesis.Commit)
}

// descends demands that main comes from where verification begins.
func (r *run) descends(l *line) bool {
	if len(l.commits) > 0 && slices.Contains(l.commits[0].parents, l.base) || r.report.Main == l.base {
		return true
	}
	r.fail(Problem{Code: GenesisMissing, Commit: r.report.Main, What: fmt.Sprintf("main is %s, which does not descend from %s", r.report.Main.Short(), l.base.Short()), Do: doSync})
	return false
}

// checkLedger verifies the ledgers, and that they hold what was seen.
func (r *run) checkLedger(ctx context.Context) error {
	seen := r.was().Ledger
	if len(r.view.sources)+len(seen.Writers) == 0 {
		return r.noLedger(ctx)
	}
	policy, err := r.policy()
	if err != nil {
		return err
	}
	r.progress("ledger", 0, 1)
	report, err := ledger.VerifySources(ctx, r.repo, r.view.sources, seen, policy)
	if err != nil {
		return err
	}
	r.report.Ledgers = report.Ledgers
	for _, l := range report.Ledgers {
		r.keys[l.Writer] = l.Keys
	}
	for _, a := range report.Alarms {
		r.alarm(a)
	}
	r.sight().Ledger = report.Seen
	return nil
}

// noLedger tells a clone that never synced, which only has to, from one whose ledger is gone.
func (r *run) noLedger(ctx context.Context) error {
	refs, err := r.repo.Refs(ctx, r.view.prefix)
	if err != nil {
		return err
	}
	p := Problem{Code: LedgerMissing, Place: r.view.prefix + "ledger/", What: "there is no ledger", Do: "run: adamant sync; if it stays, " + doRestore}
	switch {
	case len(refs) > 0:
	case r.view.remote == "":
		p.What = "there is no ledger here: this repository has not synced with its kernel"
		p.Do = "run: adamant sync (or adamant sync REMOTE, for a remote that is the kernel or its mirror), and verify again"
	default:
		p.What = "there is no ledger here: nothing was synced from " + r.view.remote
		p.Do = "run: adamant sync " + r.view.remote + ", and verify again"
	}
	r.fail(p)
	return nil
}

// alarm reports an alarm of the ledger under its kind.
func (r *run) alarm(a *ledger.Alarm) {
	r.fail(Problem{Code: LedgerCode(a.Kind), Place: a.Place.String(), What: a.What, Do: a.Do})
}

// signers says why a key may not have signed what an entry says landed; empty when it may.
func (r *run) signers(key string, e ledger.Entry) string {
	if r.chain != nil {
		return r.gateKey(key, e.Time)
	}
	if slices.Contains(r.keys[e.Writer], key) {
		return ""
	}
	return "which is not the gate's"
}

func (r *run) fail(p Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Failures = append(r.report.Failures, p)
}

func (r *run) warn(p Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Warnings = append(r.report.Warnings, p)
}

func (r *run) progress(stage string, done, total int) {
	if r.opt.Progress != nil {
		r.opt.Progress(stage, done, total)
	}
}

// sortProblems gives one order, whoever found what first.
func sortProblems(list []Problem) {
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(string(a.Commit), string(b.Commit)), strings.Compare(a.Place, b.Place), strings.Compare(a.What, b.What))
	})
}
