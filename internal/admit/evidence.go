package admit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/build/sbom"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/trust/verify"
)

// evidence is what was verified about one artifact.
type evidence struct {
	builds   []*provenance // of builders, in the order in which they were stored
	sbom     bool
	scan     *scan    // the latest
	answers  [][]byte // OpenVEX documents
	rejected []Clause
	inputs   []attest.ResourceDescriptor // the bundles that counted
	read     []dependency
}

// dependency is a folder of attestations that was looked into, and what it was: another one may hold other evidence.
type dependency struct {
	subject string
	state   string
}

// provenance is what one signed statement says about how the artifact was built, beside what is known about its commit.
type provenance struct {
	statement *build.Statement
	target    manifest.Build
	signer    string
	level     int // that the signer may claim
	time      time.Time
	component string
	commit    string
	ours      bool
	landed    bool
	expected  bool
	gate      standing
}

// standing is what the gate signed about a commit.
type standing struct {
	decision   *attest.Decision
	level      int // SLSA Source level
	properties []string
}

// gather finds and verifies what is attested about an artifact, and about the commits that it is said to be built from.
func (a *Admitter) gather(ctx context.Context, req Request, v view, settings manifest.Environment) (*evidence, error) {
	e := &evidence{}
	stored, err := a.bundles(ctx, v, req.hex(), e)
	if err != nil {
		return nil, err
	}
	for _, b := range req.Bundles {
		stored = append(stored, b)
	}
	statements, err := e.verify(ctx, v.rules, stored, verify.Digest{Algorithm: attest.SHA256, Value: req.hex()})
	if err != nil {
		return nil, err
	}
	for _, s := range statements {
		e.take(v.rules, s)
	}
	for _, p := range e.builds {
		if err := a.examine(ctx, v, p, e); err != nil {
			return nil, err
		}
	}
	e.answer(req)
	slices.SortStableFunc(e.builds, func(p, q *provenance) int { return cmp.Compare(q.rank(settings), p.rank(settings)) })
	return e, nil
}

// bundles reads what is stored about a subject.
func (a *Admitter) bundles(ctx context.Context, v view, digest string, e *evidence) ([][]byte, error) {
	var entries []attest.Entry
	for _, ref := range v.heads.store {
		found, err := attest.Of(ctx, a.options.Repo, string(ref.OID), digest)
		if err != nil {
			return nil, err
		}
		entries = append(entries, found...)
	}
	e.read = append(e.read, dependency{digest, stateOf(entries)})
	entries = unique(entries)
	if len(entries) > maxBundles {
		e.reject(EvidenceLimit, fmt.Sprintf("%d bundles are stored about %.12s, at most %d are looked at: the latest", len(entries), digest, maxBundles), "")
		entries = entries[len(entries)-maxBundles:]
	}
	var out [][]byte
	for b, err := range attest.Load(ctx, a.options.Repo, entries) {
		if err != nil {
			return nil, err
		}
		out = append(out, b.Data)
	}
	return out, nil
}

// unique drops what several references hold, and what no clause asks for.
func unique(entries []attest.Entry) []attest.Entry {
	seen := map[git.OID]bool{}
	return slices.DeleteFunc(slices.Clone(entries), func(e attest.Entry) bool {
		beside := e.Kind == attest.KindAdmission || e.Kind == attest.KindSignature || e.Kind == attest.KindApproval
		again := seen[e.OID]
		seen[e.OID] = true
		return again || beside
	})
}

func stateOf(entries []attest.Entry) string {
	var out strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&out, "%s\n", e.OID)
	}
	return out.String()
}

// verified is a statement whose bundle holds.
type verified struct {
	verify.Result
	statement attest.Statement
}

// verify keeps what holds, and says of the rest why it does not.
func (e *evidence) verify(ctx context.Context, r *rules, bundles [][]byte, subject verify.Digest) ([]verified, error) {
	var out []verified
	var seen [][]byte
	for _, bundle := range bundles {
		if slices.ContainsFunc(seen, func(b []byte) bool { return bytes.Equal(b, bundle) }) {
			continue
		}
		seen = append(seen, bundle)
		result, err := r.verifier.Bundle(ctx, bundle, verify.Artifact{Digest: subject}, verify.Expect{})
		if refusal := (*verify.Refusal)(nil); errors.As(err, &refusal) {
			e.reject(Code(refusal.Code), refusal.Message, refusal.Next)
			continue
		}
		if err != nil {
			return nil, err
		}
		if result.Statement == nil {
			continue // a signature of the artifact itself says nothing about where it came from
		}
		statement, err := attest.ParseStatement(result.Statement)
		switch {
		case err != nil:
			e.reject(StatementInvalid, err.Error(), "")
		case !r.vouched(result):
			e.reject(Code(verify.SigIssuer), fmt.Sprintf("%s is vouched for by %s, which is not its issuer", result.Identity, result.Issuer), "")
		default:
			sum := sha256.Sum256(bundle)
			e.inputs = append(e.inputs, attest.ResourceDescriptor{URI: result.PredicateType, Digest: map[string]string{attest.SHA256: hexSum(sum[:])}})
			out = append(out, verified{result, statement})
		}
	}
	return out, nil
}

func (e *evidence) reject(code Code, message, next string) {
	e.rejected = append(e.rejected, Clause{code, message, next})
}

// vouched says that an identity of this repository was issued by this repository.
func (r *rules) vouched(v verify.Result) bool {
	repository := r.chain.Current().Repository
	id, err := trust.ParseIdentity(v.Identity)
	return err != nil || id.Repository == repository && v.Issuer == trust.Issuer(repository)
}

// The types of statements, and whose word counts.
func (e *evidence) take(r *rules, v verified) {
	level := r.chain.BuilderLevel(v.Identity)
	gate := v.Identity == trust.Gate(r.chain.Current().Repository).String()
	switch v.statement.PredicateType {
	case build.PredicateType:
		e.takeBuild(r, v, level)
	case sbom.PredicateType:
		if level < 1 && !gate {
			e.reject(SignerRole, fmt.Sprintf("%s may not state what an artifact is made of", v.Identity), "")
			return
		}
		e.sbom = true
	case ScanType:
		if level < 1 && !gate {
			e.reject(SignerRole, fmt.Sprintf("%s may not state what is known about an artifact", v.Identity), "")
			return
		}
		e.takeScan(v)
	default:
		if strings.HasPrefix(v.statement.PredicateType, vexType) {
			e.takeAnswer(r, v, gate)
		}
	}
}

func (e *evidence) takeBuild(r *rules, v verified, level int) {
	s, err := build.ReadStatement(v.Statement)
	if err != nil {
		e.reject(StatementInvalid, err.Error(), "build it with this version of adamant")
		return
	}
	target, err := s.Target()
	if err != nil {
		e.reject(StatementInvalid, err.Error(), "build it with this version of adamant")
		return
	}
	source := s.Predicate.BuildDefinition.ExternalParameters.Source
	e.builds = append(e.builds, &provenance{
		statement: s, target: target, signer: v.Identity, level: level, time: v.Time, component: cmp.Or(target.Component, target.Name),
		commit: source.Digest[attest.GitCommit], ours: r.owns(source.URI),
	})
}

// owns says that a source is this repository, at whatever branch.
func (r *rules) owns(uri string) bool {
	name := r.chain.Current().Repository
	for _, own := range []string{build.SourceURI(name, ""), attest.RepositoryURI(name)} {
		if rest, found := strings.CutPrefix(uri, own); found && (rest == "" || rest[0] == '@') {
			return true
		}
	}
	return false
}

// rank is how much a provenance has going for it: the one with most is judged.
func (p *provenance) rank(settings manifest.Environment) int {
	clauses := []bool{
		p.level >= 1 && p.statement.Predicate.RunDetails.Builder.ID == p.signer, p.ours && p.landed, p.gate.allowed(), p.level >= settings.BuildLevel,
		p.gate.level >= settings.SourceLevel, p.expected, !p.dirty(),
	}
	n := 0
	for _, met := range clauses {
		if met {
			n++
		}
	}
	return n
}

func (p *provenance) dirty() bool {
	return p.statement.Predicate.BuildDefinition.ExternalParameters.Dirty
}

func (s standing) allowed() bool { return s.decision != nil && s.decision.Allowed() }

// chosen is the provenance that is judged, nil when there is none.
func (e *evidence) chosen() *provenance {
	if len(e.builds) == 0 {
		return nil
	}
	return e.builds[0]
}

// examine finds out about the commit that an artifact is said to be built from.
func (a *Admitter) examine(ctx context.Context, v view, p *provenance, e *evidence) error {
	if p.landed = v.line.commits[git.OID(p.commit)]; !p.landed || !p.ours {
		return nil // nothing else about it matters
	}
	var err error
	if p.expected, err = a.declared(ctx, p); err != nil {
		return err
	}
	stored, err := a.bundles(ctx, v, p.commit, e)
	if err != nil {
		return err
	}
	statements, err := e.verify(ctx, v.rules, stored, verify.Digest{Algorithm: attest.GitCommit, Value: p.commit})
	if err != nil {
		return err
	}
	for _, s := range statements {
		e.takeStanding(v.rules, s, p)
	}
	return nil
}

// declared says that the target was built as adamant.yaml of its commit declares it.
func (a *Admitter) declared(ctx context.Context, p *provenance) (bool, error) {
	data, err := readFile(ctx, a.options.Repo, git.OID(p.commit), facts.ConfigPath)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	config, problems := manifest.LoadRepository(facts.ConfigPath, data)
	if len(problems) > 0 {
		return false, nil
	}
	for _, t := range config.Spec.Build {
		if t.Name != p.target.Name {
			continue
		}
		whole, err := build.Complete(t)
		if err != nil {
			return false, nil //nolint:nilerr // a target that cannot be built was not built as declared
		}
		want, err := manifest.CanonicalJSON(whole)
		if err != nil {
			return false, err
		}
		have, err := manifest.CanonicalJSON(p.target)
		return err == nil && bytes.Equal(want, have), err
	}
	return false, nil
}

// takeStanding takes what the gate, and nobody else, says about a commit. The last word counts.
func (e *evidence) takeStanding(r *rules, v verified, p *provenance) {
	repository := r.chain.Current().Repository
	kind := v.statement.PredicateType
	if kind != attest.DecisionType && kind != attest.SummaryType {
		return
	}
	if v.Identity != trust.Gate(repository).String() {
		e.reject(SignerRole, fmt.Sprintf("%s may not state what the gate decided", v.Identity), "")
		return
	}
	if kind == attest.DecisionType {
		d, err := attest.ParseDecision(v.statement)
		switch {
		case err != nil:
			e.reject(StatementInvalid, err.Error(), "")
		case d.Commit == p.commit && d.Repository == repository && d.Target == kernel.RefMain:
			p.gate.decision = &d
		}
		return
	}
	s, err := attest.ParseSummary(v.statement)
	if err != nil {
		e.reject(StatementInvalid, err.Error(), "")
		return
	}
	p.gate.level, p.gate.properties = 0, nil
	if s.VerificationResult == attest.Passed && strings.HasPrefix(s.ResourceURI, attest.RepositoryURI(repository)) {
		p.gate.level, p.gate.properties = sourceLevel(s.VerifiedLevels), s.VerifiedLevels
	}
}

func sourceLevel(levels []string) int {
	for n, name := range []string{attest.SourceLevel3, attest.SourceLevel2, attest.SourceLevel1} {
		if slices.Contains(levels, name) {
			return 3 - n
		}
	}
	return 0
}

// reproduced says that this artifact came out of two builds of one commit and target.
func (e *evidence) reproduced(p *provenance) bool {
	runs := map[string]bool{}
	for _, q := range e.builds {
		if q.level >= 1 && q.commit == p.commit && q.target.Name == p.target.Name {
			runs[q.statement.Predicate.RunDetails.Metadata.InvocationID] = true
		}
	}
	return len(runs) > 1
}
