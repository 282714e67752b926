// Package notary signs on request: artifacts and in-toto statements, for whoever owns a kernel. A daemon answers such requests on its
// socket; where none runs, Open takes the kernel for one signature.
//
// It promises that what it returns is in the transparency log and, if asked to be kept, in refs/adamant/attestations before it returns;
// and that the identities that mean more than "the account that owns this kernel" are nobody's to ask for: the gate's, an agent's, a
// dedicated builder's. For that one it signs what the builder's own key signed before (Certify).
//
// It never judges what it signs: of a statement it reads what it is about, to keep it under those subjects and, for provenance, to write
// build.done. A signature as operator/<name> or builder/workstation/<name> says that the account which owns the kernel asked, under a name
// that it chose, and when: not who sat there, and nothing about whether it is true.
package notary

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/trust"
)

// The paths of the requests on the daemon's socket.
const (
	PathSign   = "/v1/sign"   // POST Blob: Signed
	PathAttest = "/v1/attest" // POST Statement: Signed
)

// Blob asks for the signature of an artifact.
type Blob struct {
	As     string `json:"as" doc:"operator/<name> or builder/workstation/<name>"`
	SHA256 string `json:"sha256" doc:"of the artifact, lower-case hex"`
	Keep   bool   `json:"keep,omitempty" doc:"also in refs/adamant/attestations"`
}

// Statement asks for the signature of an in-toto statement.
type Statement struct {
	As        string          `json:"as" doc:"operator/<name> or builder/workstation/<name>"`
	Statement json.RawMessage `json:"statement"`
	Kind      string          `json:"kind,omitempty" doc:"under which it is kept in refs/adamant/attestations; empty: it is not kept"`
}

// Signed is what was signed.
type Signed struct {
	Identity string          `json:"identity"`
	Issuer   string          `json:"issuer"`
	Bundle   json.RawMessage `json:"bundle"` // Sigstore bundle v0.3
}

// RefusedError says why something is not signed, whoever asks again.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return "not signed: " + e.Why }

// Notary signs with what it is made of.
type Notary struct {
	Authority *trust.Authority
	Log       trust.Logger
	Store     *attest.Store
	Ledger    *ledger.Writer // gets an entry of each build
}

// Sign signs an artifact.
func (n Notary) Sign(ctx context.Context, b Blob) (Signed, error) {
	who, err := n.who(b.As)
	if err != nil {
		return Signed{}, err
	}
	var digest [32]byte
	if raw, err := hex.DecodeString(b.SHA256); err != nil || copy(digest[:], raw) != len(digest) || hex.EncodeToString(digest[:]) != b.SHA256 {
		return Signed{}, &RefusedError{fmt.Sprintf("%q is no SHA-256 in lower-case hex", b.SHA256)}
	}
	bundle, err := n.Authority.SignBlob(ctx, n.Log, who, digest)
	if err == nil && b.Keep {
		err = n.Store.Put(ctx, bundle, []string{b.SHA256}, attest.KindSignature)
	}
	return signed(who, bundle, err)
}

// Attest signs a statement.
func (n Notary) Attest(ctx context.Context, s Statement) (Signed, error) {
	who, err := n.who(s.As)
	if err != nil {
		return Signed{}, err
	}
	statement, err := attest.ParseStatement(s.Statement)
	if err != nil {
		return Signed{}, &RefusedError{err.Error()}
	}
	bundle, err := n.attest(ctx, who, s, statement)
	return signed(who, bundle, err)
}

// Certify signs the provenance of a dedicated builder as that builder. Whose it is has been checked: builder.Certified says who.
func (n Notary) Certify(ctx context.Context, who trust.Identity, provenance json.RawMessage) (Signed, error) {
	if who.Role != trust.RoleBuilder || who.Mode != trust.BuilderDedicated {
		return Signed{}, &RefusedError{who.String() + " is no dedicated builder"}
	}
	statement, err := attest.ParseStatement(provenance)
	if err != nil {
		return Signed{}, &RefusedError{err.Error()}
	}
	as := string(who.Role) + "/" + who.Mode + "/" + who.Name
	bundle, err := n.attest(ctx, who, Statement{As: as, Statement: provenance, Kind: string(attest.KindProvenance)}, statement)
	return signed(who, bundle, err)
}

func (n Notary) attest(ctx context.Context, who trust.Identity, s Statement, statement attest.Statement) ([]byte, error) {
	bundle, err := n.Authority.Attest(ctx, n.Log, who, s.Statement)
	if err == nil && s.Kind != "" {
		err = n.Store.Put(ctx, bundle, nil, attest.Kind(s.Kind))
	}
	if err == nil && attest.Kind(s.Kind) == attest.KindProvenance {
		err = n.built(ctx, who.String(), s.As, s.Statement, statement)
	}
	return bundle, err
}

func signed(who trust.Identity, bundle []byte, err error) (Signed, error) {
	if err != nil {
		return Signed{}, err
	}
	return Signed{Identity: who.String(), Issuer: trust.Issuer(who.Repository), Bundle: bundle}, nil
}

// who refuses the names that stand for what only the daemon or another machine does.
func (n Notary) who(as string) (trust.Identity, error) {
	who, err := trust.Within(n.Authority.Repository(), as)
	if errors.Is(err, trust.ErrIdentity) {
		return who, &RefusedError{err.Error() + "; want operator/<name> or builder/workstation/<name>"}
	}
	if err != nil {
		return who, err
	}
	if who.Role == trust.RoleOperator || who.Role == trust.RoleBuilder && who.Mode == trust.BuilderWorkstation {
		return who, nil
	}
	return who, &RefusedError{fmt.Sprintf("nobody may ask to sign as %s: it signs what it does itself", who)}
}
