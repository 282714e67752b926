package api

import "encoding/json"

// The paths of what signs. There are signing keys after adamant trust init; before, the answer is 409.
const (
	PathSign   = "/v1/sign"   // POST Sign: Signed
	PathAttest = "/v1/attest" // POST Attest: Signed
)

// Sign asks for the signature of an artifact.
type Sign struct {
	As     string `json:"as"`     // identity, a URI: an operator or a builder/workstation; the gate and agents do not sign by request
	SHA256 string `json:"sha256"` // of the artifact, hex
	Keep   bool   `json:"keep,omitempty"`
}

// Attest asks for the signature of an in-toto statement.
type Attest struct {
	As        string          `json:"as"`
	Statement json.RawMessage `json:"statement"`
	Kind      string          `json:"kind,omitempty"` // a word of docs/formats/attestations.md, under which it is kept; empty: it is not kept
}

// Signed is what was signed: a Sigstore bundle v0.3, in the transparency log already.
type Signed struct {
	Bundle     json.RawMessage `json:"bundle"`
	Repository string          `json:"repository"`
	LogIndex   uint64          `json:"logIndex"`
}
