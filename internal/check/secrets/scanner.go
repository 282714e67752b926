package secrets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/finding"
)

// Scanner finds credentials in single texts, for callers that have no two sides of a change. It is safe for concurrent use.
type Scanner struct{ engine *engine }

// Secret is a credential that a text holds. It does not repeat it.
type Secret struct {
	Rule, Title  string
	Severity     finding.Severity
	Line, Column int
	InSource     bool   // a comment on the line says that it is none
	ID           string // tells it from others; stays in memory, since it could confirm a guess
	short        string
}

// NewScanner makes a scanner of the built-in rules and those of .gitleaks.toml in a tree. A broken configuration is not used.
func NewScanner(ctx context.Context, base builtin.Tree) (*Scanner, error) {
	config, _, err := readConfigs(ctx, builtin.Input{Base: base, Merged: base})
	if err != nil {
		return nil, err
	}
	if config == nil {
		return &Scanner{builtinEngine()}, nil
	}
	return &Scanner{newEngine(append(config.rules, keep(builtinRules(), config.disabled)...), config.allow)}, nil
}

// Scan returns the credentials in a text, by position.
func (s *Scanner) Scan(path string, text []byte) ([]Secret, error) {
	hits, err := s.engine.scan(path, text)
	if err != nil {
		return nil, fmt.Errorf("secrets: scan %s: %w", path, err)
	}
	file := builtin.File{Path: path, Text: text}
	out := make([]Secret, len(hits))
	for i, hit := range hits {
		value := text[hit.start:hit.end]
		sum := sha256.Sum256(value)
		out[i] = Secret{Rule: Name + "/" + hit.rule.id, Title: hit.rule.title, Severity: severityOf(hit), InSource: hit.inSource,
			ID: hex.EncodeToString(sum[:]), short: digest(hit.rule.id, value)}
		out[i].Line, out[i].Column = file.Position(hit.start)
	}
	return out, nil
}

// InHistory is the rule of credentials that a commit of the change holds and its result does not.
const InHistory = Name + "/in-history"

// Finding says that a commit holds the credential at path, where the result of the change no longer has it.
func (s Secret) Finding(path, commit string, number int) finding.Finding {
	f := finding.Finding{
		Rule: InHistory, Severity: s.Severity, Path: path, Line: s.Line, Column: s.Column, Tool: "adamant", State: finding.New,
		Message:     fmt.Sprintf("%s in commit %.12s: taken out later, but whoever has the commit can use it", s.Title, commit),
		Fix:         fmt.Sprintf("revoke it where it was issued, then take it out of the commit: git rebase -i %.12s^, or squash the branch", commit),
		Fingerprint: finding.Fingerprint(InHistory, s.Rule+" "+s.short, "", number),
	}
	if s.InSource {
		f.Suppress = "inSource"
	}
	return f
}
