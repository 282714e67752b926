package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/trust"
	bundles "github.com/adamant-os/adamant/internal/trust/verify"
)

// Artifact is a file that was built from a commit of main, by its provenance and the ledger.
type Artifact struct {
	Name    string   `json:"name"`
	SHA256  string   `json:"sha256"`
	Commit  git.OID  `json:"commit"`
	Change  string   `json:"change"` // as which the commit landed
	Target  string   `json:"target"` // of adamant.yaml
	Builder string   `json:"builder"`
	Level   int      `json:"level"`   // SLSA Build level that the newest root lets the builder claim
	Besides []string `json:"besides"` // what else is attested about it, and holds: sbom, vulnerabilities ...
}

// buildEntry is what the ledger says of a build.
type buildEntry struct {
	notary.Built
	entry ledger.Entry // without its body
}

// witness is a bundle about something else than a commit of main.
type witness struct {
	attest.Entry
	bundles.Result
	statement attest.Statement
	holds     bool
}

// others are the bundles about what is no commit, such as artifacts. Those about commits that main does not hold say nothing here.
func others(list []attest.Entry, nth map[string]int) []witness {
	var out []witness
	for _, e := range list {
		if _, landed := nth[e.Subject]; !landed && e.Kind != attest.KindDecision && e.Kind != attest.KindSource && e.Kind != attest.KindApproval {
			out = append(out, witness{Entry: e})
		}
	}
	return out
}

// checkArtifacts verifies what is attested beside the gate's decisions, and finds which artifact came from which commit.
func (r *run) checkArtifacts(ctx context.Context, verifier *bundles.Verifier, all []witness, nth map[string]int, rec *record, commits []landed, stored bool) error {
	err := r.each(ctx, "artifacts", len(all), bundleBatch, func(ctx context.Context, from, to int) error {
		some := all[from:to]
		plain := make([]attest.Entry, len(some))
		for i, w := range some {
			plain[i] = w.Entry
		}
		i := 0
		for b, err := range attest.Load(ctx, r.repo, plain) {
			if err == nil {
				err = r.checkWitness(ctx, verifier, b, &some[i])
			}
			if err != nil {
				return err
			}
			i++
		}
		return nil
	})
	if err != nil {
		return err
	}
	c := collection{run: r, builds: rec.builds, stored: stored, commits: commits, nth: nth, levels: map[string]int{}, found: map[string]bool{}, seen: map[string]bool{}}
	c.collect(all)
	return nil
}

// checkWitness verifies one bundle, and that the ledger has its signature.
func (r *run) checkWitness(ctx context.Context, verifier *bundles.Verifier, b attest.Bundle, w *witness) error {
	var about bundles.Artifact
	if b.Kind == attest.KindSignature {
		about.Digest = bundles.Digest{Algorithm: attest.SHA256, Value: b.Subject}
	}
	var err error
	w.Result, err = verifier.Bundle(ctx, b.Data, about, bundles.Expect{})
	if refused := (*bundles.Refusal)(nil); errors.As(err, &refused) {
		r.fail(w.problem(string(refused.Code), "%v", refused))
		return nil
	}
	if err != nil {
		return err
	}
	if w.Statement != nil {
		if w.statement, err = attest.ParseStatement(w.Statement); err != nil || !slices.Contains(w.statement.Digests(), w.Subject) {
			r.fail(w.problem(string(bundles.DigestMismatch), "it is not about %.12s", w.Subject))
			return nil
		}
	}
	repository := r.chain.Current().Repository
	id, err := trust.ParseIdentity(w.Identity)
	ours := err == nil && id.Repository == repository
	switch {
	case ours && w.Issuer != trust.Issuer(repository):
		r.fail(w.problem(string(bundles.SigIssuer), "%s is vouched for by %s, which is not its issuer", w.Identity, w.Issuer))
	case ours && !r.leaves[w.Leaf]:
		p := w.problem(AttestationUnrecorded, "it was signed as %s, and the ledger does not have the signature", w.Identity)
		p.Do = "somebody else signs with the keys of this repository: adamant trust rotate, and " + doRestore
		r.fail(p)
	default:
		w.holds = true
	}
	return nil
}

func (w *witness) problem(code, format string, args ...any) Problem {
	return Problem{Code: code, Place: fmt.Sprintf("%s of %.12s, number %d", w.Kind, w.Subject, w.Seq), What: fmt.Sprintf(format, args...), Do: doRestore}
}

// collection makes artifacts of what was verified.
type collection struct {
	*run
	builds  map[string]buildEntry // by the sha256 of the provenance
	stored  bool                  // there are attestations
	commits []landed
	nth     map[string]int  // of the commits
	levels  map[string]int  // by artifact: the highest level that a builder of it could ever claim
	found   map[string]bool // provenance, by its sha256; refused provenance by "refused " and its subject
	seen    map[string]bool // artifacts that are listed, with their provenance
}

func (c *collection) collect(all []witness) {
	for i := range all {
		switch w := &all[i]; {
		case !w.holds:
			c.found["refused "+w.Subject] = true
		case w.PredicateType == build.PredicateType:
			c.provenance(w)
		}
	}
	for i := range all {
		if w := &all[i]; w.holds && w.PredicateType == attest.SummaryType {
			c.summary(w)
		}
	}
	c.lost()
	c.besides(all)
	slices.SortFunc(c.report.Artifacts, func(a, b Artifact) int {
		return cmp.Or(cmp.Compare(c.nth[string(a.Commit)], c.nth[string(b.Commit)]), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Name, b.Name), cmp.Compare(a.SHA256, b.SHA256), cmp.Compare(a.Builder, b.Builder))
	})
}

// summary holds the gate's word about an artifact to what its builders may claim.
func (c *collection) summary(w *witness) {
	s, err := attest.ParseSummary(w.statement)
	if err != nil || w.Identity != trust.Gate(c.chain.Current().Repository).String() {
		return // it is nobody's word that counts
	}
	for _, name := range s.VerifiedLevels {
		level, claims := strings.CutPrefix(name, "SLSA_BUILD_LEVEL_")
		if n, err := strconv.Atoi(level); claims && (err != nil || n > c.levels[w.Subject]) {
			c.fail(w.problem(LevelExceeded, "it claims %s, and the root lets no builder of the artifact claim more than level %d", name, c.levels[w.Subject]))
		}
	}
}

// lost reports builds whose provenance is gone: it was kept before the ledger said so.
func (c *collection) lost() {
	for _, digest := range slices.Sorted(maps.Keys(c.builds)) {
		b := c.builds[digest]
		refused := slices.ContainsFunc(b.Artifacts, func(s notary.Subject) bool { return c.found["refused "+s.SHA256] })
		if c.found[digest] || refused {
			continue
		}
		p := Problem{Code: AttestationMissing, Place: b.entry.Place.String(), What: fmt.Sprintf("the provenance %.12s by %s, which the ledger says was kept, is not here", digest, b.Builder), Do: doSync}
		if c.stored {
			c.fail(p)
		} else {
			c.warn(p)
		}
	}
}

// besides says of each artifact what else is attested about it.
func (c *collection) besides(all []witness) {
	kinds := map[string][]string{}
	for i := range all {
		if w := &all[i]; w.holds && w.PredicateType != build.PredicateType && !slices.Contains(kinds[w.Subject], string(w.Kind)) {
			kinds[w.Subject] = append(kinds[w.Subject], string(w.Kind))
		}
	}
	for i := range c.report.Artifacts {
		a := &c.report.Artifacts[i]
		a.Besides = append(a.Besides, kinds[a.SHA256]...)
		slices.Sort(a.Besides)
	}
}

// provenance takes an artifact from its provenance, where the ledger has it and it leads to a commit of main.
func (c *collection) provenance(w *witness) {
	digest := digestOf(string(w.Statement))
	c.found[digest] = true
	now, ever := c.level(w.Identity)
	c.levels[w.Subject] = max(c.levels[w.Subject], ever)
	entry, recorded := c.builds[digest]
	s, err := build.ReadStatement(w.Statement)
	id, foreign := trust.ParseIdentity(w.Identity)
	again := "adamant build makes the artifact again, with provenance"
	switch {
	case ever == 0 && foreign == nil && id.Role == trust.RoleBuilder:
		c.fail(w.problem(BuilderUnknown, "it is provenance by %s, a builder that no version of the root knows", w.Identity))
	case ever == 0:
		c.note(w, BuilderUnknown, again, "it is provenance by %s, who is no builder", w.Identity)
	case err != nil:
		c.note(w, ArtifactUnplaced, again, "%v", err)
	case s.Predicate.RunDetails.Builder.ID != w.Identity:
		c.fail(w.problem(AttestationMismatch, "it says that %s built, and %s signed", s.Predicate.RunDetails.Builder.ID, w.Identity))
	case !recorded || entry.Builder != w.Identity:
		c.note(w, AttestationUnrecorded, again, "the ledger does not have the build that it is about; it may have been cut off")
	default:
		if now == 0 {
			c.note(w, BuilderRevoked, again, "the newest root does not know its builder, %s, any more", w.Identity)
		}
		c.place(w, s, now)
	}
}

func (c *collection) note(w *witness, code, do, format string, args ...any) {
	p := w.problem(code, format, args...)
	p.Do = do
	c.warn(p)
}

// level is what the newest root lets a builder claim, and the most that any version did.
func (c *collection) level(builder string) (now, ever int) {
	for _, root := range c.chain.Roots {
		now = root.BuilderLevel(builder)
		ever = max(ever, now)
	}
	return now, ever
}

// place finds the commit.
func (c *collection) place(w *witness, s *build.Statement, level int) {
	asked := s.Predicate.BuildDefinition.ExternalParameters
	commit := asked.Source.Digest[attest.GitCommit]
	i, landed := c.nth[commit]
	own := build.SourceURI(c.chain.Current().Repository, "")
	rest, ours := strings.CutPrefix(asked.Source.URI, own)
	target, err := s.Target()
	switch {
	case err != nil || !ours || rest != "" && rest[0] != '@':
		c.note(w, ArtifactUnplaced, "nothing, if that is right", "it is about an artifact of %s", asked.Source.URI)
		return
	case asked.Dirty:
		c.note(w, ArtifactUnplaced, "build a commit", "it is about an artifact of a work tree that no history holds")
		return
	case !landed && c.opt.From == "":
		c.note(w, ArtifactUnplaced, "nothing, if that is right", "it is about an artifact of commit %.12s, which the gate did not land on main", commit)
		return
	case !landed:
		return // it may be from before
	}
	for _, subject := range s.Subject {
		if key := subject.Digest[attest.SHA256] + commit + w.Identity + target.Name; subject.Digest[attest.SHA256] == w.Subject && !c.seen[key] {
			c.seen[key] = true
			c.report.Artifacts = append(c.report.Artifacts, Artifact{Name: subject.Name, SHA256: w.Subject, Commit: c.commits[i].oid, Change: c.commits[i].decision.Change,
				Target: target.Name, Builder: w.Identity, Level: level, Besides: []string{}})
		}
	}
}
