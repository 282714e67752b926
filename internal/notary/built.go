package notary

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/ledger"
)

// KindBuilt is the kind of the ledger's entry that provenance was signed and kept.
const KindBuilt = "build.done"

// Built is the body of such an entry.
type Built struct {
	Builder   string    `json:"builder"`   // the identity that signed
	Artifacts []Subject `json:"artifacts"` // what the provenance is about
	Statement string    `json:"statement"` // sha256 of the provenance, hex
}

// Subject is an artifact.
type Subject struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// built records a build's end. It says what was claimed, by whom; whether it is true is for those who verify.
func (n Notary) built(ctx context.Context, builder, actor string, text []byte, s attest.Statement) error {
	sum := sha256.Sum256(text)
	body := Built{Builder: builder, Artifacts: []Subject{}, Statement: hex.EncodeToString(sum[:])}
	for _, subject := range s.Subject {
		body.Artifacts = append(body.Artifacts, Subject{Name: subject.Name, SHA256: subject.Digest[attest.SHA256]})
	}
	if _, err := n.Ledger.AppendSync(ctx, ledger.Record{Actor: actor, Kind: KindBuilt, Body: body}); err != nil {
		return fmt.Errorf("recording a build: %w", err)
	}
	return nil
}
