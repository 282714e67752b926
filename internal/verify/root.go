package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/trust"
)

const rootFileLimit = 4 << 20

// readRoot reads the trust root from main's tip and holds it to what is pinned and to what was seen.
func (r *run) readRoot(ctx context.Context) error {
	if r.report.Main == "" {
		return nil
	}
	chain, err := trust.ReadRoot(func(name string) ([]byte, error) { return r.rootFile(ctx, name) })
	var refused *trust.RootError
	switch {
	case errors.As(err, &refused) && refused.Code == trust.CodeRootMissing && !r.rootExpected():
		r.warn(Problem{Code: refused.Code, Commit: r.report.Main, What: "main has no trust root: the first key that signed is believed, and there are no attestations",
			Do: "adamant trust init"})
		return nil
	case errors.As(err, &refused):
		r.fail(Problem{Code: refused.Code, Commit: r.report.Main, Place: trust.Dir + "/" + refused.File, What: refused.Error(), Do: doRestore})
		return nil
	case err != nil:
		return err
	}
	r.chain, r.report.Root = chain, chain.Fingerprint
	r.checkRoot(chain)
	return nil
}

func (r *run) rootFile(ctx context.Context, name string) ([]byte, error) {
	id, err := r.repo.Lookup(ctx, r.report.Main, trust.Dir+"/"+name)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	return r.repo.Blob(ctx, id, rootFileLimit)
}

// rootExpected says that there was a root before, or has to be one.
func (r *run) rootExpected() bool { return r.opt.Root != "" || r.was().Root != "" }

// was is what the run before saw.
func (r *run) was() Sight { return r.opt.Memory.Views[r.view.remote] }

func (r *run) checkRoot(chain *trust.Chain) {
	now, place := chain.Current(), trust.Dir+"/"+trust.FileRoot
	pinned := r.opt.Root
	if pinned == "" {
		pinned = r.was().Root
	}
	switch {
	case pinned != "" && pinned != chain.Fingerprint:
		r.fail(Problem{Code: RootChanged, Commit: r.report.Main, Place: place, What: fmt.Sprintf("the first root has the fingerprint %s; it has to be %s", chain.Fingerprint, pinned), Do: doRestore})
	case now.Version < r.was().RootVersion:
		r.fail(Problem{Code: RootRolledBack, Commit: r.report.Main, Place: place, What: fmt.Sprintf("the root has version %d; version %d was seen", now.Version, r.was().RootVersion), Do: doRestore})
	case !r.opt.Now.IsZero() && !r.opt.Now.Before(now.Expires):
		r.warn(Problem{Code: RootExpired, Commit: r.report.Main, Place: place, What: "the root expired at " + stamp(now.Expires), Do: doRenew})
	}
	r.sight().Root, r.sight().RootVersion = chain.Fingerprint, now.Version
}

const doRenew = "adamant trust rotate --renew none makes the next version, which vouches for what landed in between, too"

// checkExpiry reports what landed behind the newest root's end: no root vouches for it. What landed before holds for ever.
func (r *run) checkExpiry(l *line, covered []*move) {
	if r.chain == nil {
		return
	}
	expires := r.chain.Current().Expires
	var late []git.OID
	for i, m := range covered {
		if m != nil && !m.entry.Time.Before(expires) {
			late = append(late, l.commits[i].oid)
		}
	}
	if len(late) > 0 {
		r.fail(Problem{Code: RootExpired, Commit: late[0], Place: trust.Dir + "/" + trust.FileRoot, Do: doRenew,
			What: fmt.Sprintf("the root expired at %s, and %d commits landed after that, from %s on", stamp(expires), len(late), late[0].Short())})
	}
}

// policy is who may sign the ledger: the gate's keys of the root, else whoever signs first.
func (r *run) policy() (ledger.Policy, error) {
	var p ledger.Policy
	if r.chain == nil {
		return p, nil
	}
	for _, k := range r.chain.Current().Keys {
		if _, gate := r.chain.GateKey(k.ID); !gate {
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(k.Public))
		if err != nil {
			return p, fmt.Errorf("reading the key %s of the root: %w", k.ID, err)
		}
		p.Keys = append(p.Keys, key)
	}
	return p, nil
}

// gateKey says why a key of the root may not have signed what landed at an instant; empty when it may.
func (r *run) gateKey(id string, at time.Time) string {
	key, ok := r.chain.GateKey(id)
	switch {
	case !ok:
		return "which the trust root does not give to the gate"
	case !key.ValidAt(at):
		return "which was not the gate's at " + stamp(at)
	}
	return ""
}
