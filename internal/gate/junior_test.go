package gate

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/source"
)

// drawMade draws a change that an agent made: from a mended comment to whatever else, with all that gates could ask for.
func drawMade(t *rapid.T, config json.RawMessage, tier persona.Tier) *facts.Input {
	in := &facts.Input{APIVersion: facts.APIVersion, Now: noon, Config: config, Policy: facts.Policy{Engine: "x"},
		Change: facts.Change{Head: "h", Base: "b", MergedTree: "m", Target: "main", Agent: "pupil", Role: "coder", Personas: true,
			Persona: &facts.Persona{Source: "p", Role: "coder", Writes: true, Tier: string(tier)}}}
	for i := range rapid.IntRange(1, 3).Draw(t, "files") {
		in.Files = append(in.Files, facts.File{Path: fmt.Sprintf("docs/%d.md", i), Status: "modified", Mode: "100644", OldMode: "100644", Before: "1", After: fmt.Sprint(i),
			Class:  rapid.SampledFrom([]string{source.ClassDoc, source.ClassTest, source.ClassSource}).Draw(t, "class"),
			Effect: rapid.SampledFrom([]string{source.EffectNone, source.EffectFormat, source.EffectComment, source.EffectDoc}).Draw(t, "effect")})
	}
	for _, check := range []string{"lint", "spelling", "links", "unit", "snapshot", "vulnerabilities", "integration", "regression", "policy", "quality"} {
		in.Evidence = append(in.Evidence, facts.Evidence{Check: check, Kind: check, State: facts.Passed, ObservedAt: noon})
	}
	return in
}

// TestNoJuniorLandsWithoutApproval draws changes that land by themselves when an agent of tier standard makes them: made by a junior,
// none does, and each does once the operator approved it.
func TestNoJuniorLandsWithoutApproval(t *testing.T) {
	t.Parallel()
	config, err := manifest.CanonicalJSON(manifest.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	assessor, err := NewAssessor(t.Context(), config, facts.Policy{Engine: "x"})
	if err != nil {
		t.Fatal(err)
	}
	free, long := 0, noon.Add(-1000*time.Hour)
	decide := func(t *rapid.T, in *facts.Input, approvals []Approval) *Verdict {
		a, err := assessor.Assess(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return Decide(a, Standing{Change: "c1", Now: noon, SoakStart: &long, Approvals: approvals})
	}
	rapid.Check(t, func(t *rapid.T) {
		in := drawMade(t, config, persona.Standard)
		if decide(t, in, nil).Decision != Allow {
			return
		}
		free++
		in.Change.Persona.Tier = string(persona.Junior)
		waits := decide(t, in, nil)
		if waits.Decision != Hold {
			t.Fatalf("a junior's change: %s", waits.Decision)
		}
		s := Draft(waits, nil)
		s.Nonce, s.At, s.Expires = strings.Repeat("0a", 16), noon, noon.Add(time.Hour)
		if v := decide(t, in, []Approval{{By: "ada", Key: "k", Method: MethodSSH, At: noon, Statement: s}}); v.Decision != Allow {
			t.Fatalf("approved: %s %+v", v.Decision, v.Reasons)
		}
		in.Change.Persona = nil // nobody says what it is
		if v := decide(t, in, nil); v.Decision != Hold {
			t.Fatalf("an unknown agent's change: %s", v.Decision)
		}
	})
	if free == 0 {
		t.Error("no change was drawn that lands by itself: nothing was tested")
	}
}
