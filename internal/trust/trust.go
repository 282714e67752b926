// Package trust is the signing side of a repository's own Sigstore: a certificate authority, a certificate transparency key, a
// timestamp authority and the key of a transparency log, in one folder of one process. docs/trust.md describes it,
// docs/formats/root.md specifies root.json.
//
// It promises that what Attest and SignBlob return is a bundle (Sigstore bundle v0.3) of a statement or a digest that was signed by
// a key that exists for ten minutes, certified for one identity, timestamped (RFC 3161) and in the log before the caller has it;
// that a verifier with trusted_root.json alone can check it offline; that rotation never makes an old bundle invalid; and that ReadRoot
// returns roots only whose every version is signed by the thresholds of itself and of the one before it.
//
// It never decides who may have which identity: whoever holds an Authority speaks for all of its repository. It never verifies bundles
// (internal/trust/verify does), never sends a key anywhere, and never writes outside its folder. A log, a CA and a clock in one hand
// prove nothing against that hand: see docs/threat-model.md.
package trust

import (
	"context"
	"time"

	"github.com/adamant-os/adamant/internal/tlog"
)

// Logger writes the canonical body of a hashedrekord entry to the transparency log and says where it is. It is there to stay when
// Log returns.
type Logger interface {
	Log(ctx context.Context, rekord []byte) (tlog.Entry, error)
}

// Options of an Authority.
type Options struct {
	Repository string           // Init only: the name in identities, certificates and root.json; see Identity.Check
	Now        func() time.Time // default time.Now
	// Published is the trusted_root.json that main has, nil when it has none. Keys that a rotation made are used once they are in it:
	// no verifier would know them before.
	Published []byte
}
