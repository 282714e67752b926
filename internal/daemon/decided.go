package daemon

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// decided is the verdict by which a commit lands now, as the ledger keeps it. It is not allowed when the instant of the step that
// wanted to land it is over: an approval lapsed, or its key was revoked.
func (d *Daemon) decided(c change.Change, a *gate.Assessment, commit git.OID) (kernel.Decision, bool, error) {
	v := change.Verdict(d.counted(c.State), a, d.now())
	digest, err := gate.VerdictDigest(v)
	if err != nil {
		return kernel.Decision{}, false, err
	}
	out := kernel.Decision{Change: c.ID, Commit: commit, Head: git.OID(a.Head), Assessment: a.Digest, Level: a.Level.String(), Mode: v.Merge.Mode,
		Approvals: []kernel.Counted{}, SoakStart: v.SoakStart, At: v.Now, Decision: v.Decision, Verdict: digest}
	for _, approval := range v.Approvals {
		text, err := approval.Statement.Text()
		if err != nil {
			return out, false, err
		}
		sum := sha256.Sum256([]byte(text))
		out.Approvals = append(out.Approvals, kernel.Counted{Statement: hex.EncodeToString(sum[:]), Void: approval.Void})
	}
	return out, v.Decision == gate.Allow, nil
}
