package admit

import (
	"crypto/sha256"
	"slices"
	"strings"
)

// KindDecided is the kind of the ledger's entry that a daemon decided.
const KindDecided = "admit.decided"

// Decided is the body of such an entry: what was asked, and what was answered by which rules. docs/formats/ledger.md describes it.
type Decided struct {
	Digest      string   `json:"digest"` // sha256:HEX
	Environment string   `json:"environment"`
	Asked       string   `json:"asked,omitempty"` // component that the request named
	Given       []string `json:"given,omitempty"` // SHA-256 of the bundles that came with it, hex, sorted
	Allowed     bool     `json:"allowed"`
	Codes       []Code   `json:"codes"`               // of the reasons, sorted; empty when allowed
	Warnings    []Code   `json:"warnings"`            // of the warnings, sorted
	Component   string   `json:"component,omitempty"` // what it is by its provenance
	Commit      string   `json:"commit,omitempty"`
	Builder     string   `json:"builder,omitempty"`
	Policy      string   `json:"policy,omitempty"`
	Trust       string   `json:"trust,omitempty"`
}

// Decided is what the ledger keeps of an answer. It is false for a request that could not be answered at all.
func (d Decision) Decided(r Request) (Decided, bool) {
	out := Decided{Digest: r.Digest, Environment: r.Environment, Asked: r.Component, Allowed: d.Allowed, Codes: codesOf(d.Reasons), Warnings: codesOf(d.Warnings),
		Commit: d.Commit, Builder: d.Builder, Policy: d.Policy, Trust: d.Trust}
	for _, b := range r.Bundles {
		sum := sha256.Sum256(b)
		out.Given = append(out.Given, hexSum(sum[:]))
	}
	slices.Sort(out.Given)
	if d.Builder != "" {
		out.Component = d.Component
	}
	return out, len(r.problems()) == 0
}

// Question is what an entry answers: the same for the same request.
func (d Decided) Question() [4]string {
	return [4]string{d.Digest, d.Environment, d.Asked, strings.Join(d.Given, " ")}
}

func codesOf(clauses []Clause) []Code {
	codes := make([]Code, 0, len(clauses))
	for _, c := range clauses {
		codes = append(codes, c.Code)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
