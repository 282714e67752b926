package admit

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/build/sbom"
	"github.com/adamant-os/adamant/internal/build/vuln"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/trust/verify"
)

func TestAdmits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	digest := h.build("api", bench)
	d := h.decide(ask(digest))
	if !d.Allowed || len(d.Reasons) > 0 || codes(d.Warnings) != "SCAN_MISSING" {
		t.Fatal(asText(d))
	}
	if d.Component != "api" || d.Commit != string(h.built) || d.Builder != bench || d.BuildLevel != 1 || d.SourceLevel != 3 || d.Policy == "" || d.Trust == "" {
		t.Error(asText(d))
	}
	s := must(attest.ParseStatement(d.VSA))(t)
	v := must(attest.ParseSummary(s))(t)
	if !s.Subject[0].Has(attest.SHA256, digest) || v.VerificationResult != attest.Passed || strings.Join(v.VerifiedLevels, " ") != "SLSA_BUILD_LEVEL_1 SLSA_SOURCE_LEVEL_3" {
		t.Error(string(d.VSA))
	}
	if len(v.InputAttestations) != 3 || v.Policy.Digest[attest.SHA256] != d.Policy {
		t.Error(string(d.VSA))
	}
}

// TestRefuses has one case for each clause: what is wrong, and nothing else.
func TestRefuses(t *testing.T) {
	t.Parallel()
	const sum = "sha256:"
	cases := map[string]struct {
		admission string
		arrange   func(h *house) string // returns the digest; empty: that of a good build
		request   func(r *Request)
		want      string
	}{
		"nothing known":       {arrange: func(*house) string { return artifact("stranger") }, want: "PROVENANCE_MISSING"},
		"no such environment": {admission: "  admission: {environments: {staging: {}}}\n", want: "ENVIRONMENT_UNKNOWN"},
		"no digest":           {request: func(r *Request) { r.Digest = "sha256:abc" }, want: "REQUEST_INVALID"},
		"upper case":          {request: func(r *Request) { r.Digest = sum + strings.ToUpper(artifact("x")) }, want: "REQUEST_INVALID"},
		"no environment":      {request: func(r *Request) { r.Environment = "" }, want: "REQUEST_INVALID"},
		"too many bundles":    {request: func(r *Request) { r.Bundles = make([]json.RawMessage, maxBundles+1) }, want: "EVIDENCE_LIMIT"},
		"artifact revoked": {
			admission: "  admission: {revoked: [{digest: \"" + sum + artifact("api") + "\", reason: leak}]}\n", want: "REVOKED"},
		"builder revoked": {admission: "  admission: {revoked: [{builder: " + bench + ", reason: stolen}]}\n", want: "REVOKED"},
		"level too low":   {admission: "  admission: {environments: {prod: {buildLevel: 3}}}\n", want: "BUILDER_LEVEL"},
		"source too low": {
			admission: "  admission: {environments: {prod: {sourceLevel: 3}}}\n",
			arrange:   func(h *house) string { h.vouch(h.built, "allow", attest.SourceLevel2); return "" }, want: "SOURCE_LEVEL"},
		"signed by no builder": {arrange: func(h *house) string {
			d := artifact("x")
			const unknown = "https://adamant.dev/id/shop/builder/dedicated/stranger"
			h.put(h.provenance(h.record(d), unknown, unknown))
			return d
		}, want: "BUILDER_LEVEL BUILDER_UNKNOWN"},
		"signed by an agent": {arrange: func(h *house) string {
			d := artifact("x")
			h.put(h.provenance(h.record(d), forge, "https://adamant.dev/id/shop/agent/coder?task=1"))
			return d
		}, want: "BUILDER_LEVEL BUILDER_UNKNOWN"},
		"claims another builder": {
			admission: "  admission: {environments: {prod: {buildLevel: 3}}}\n",
			arrange: func(h *house) string {
				d := artifact("x")
				h.put(h.provenance(h.record(d), forge, bench))
				return d
			}, want: "BUILDER_LEVEL BUILDER_UNKNOWN"},
		"another component":  {request: func(r *Request) { r.Component = "web" }, want: "COMPONENT_MISMATCH"},
		"not for this place": {admission: "  admission: {environments: {prod: {components: [web]}}}\n", want: "COMPONENT_MISMATCH"},
		"another repository": {arrange: recorded(func(_ *house, r *build.Record) { r.Job.Repository = "shop2" }), want: "GATE_MISSING PARAMETER_MISMATCH SOURCE_LEVEL SOURCE_MISMATCH"},
		"a dirty work tree":  {arrange: recorded(func(_ *house, r *build.Record) { r.Job.Dirty = true }), want: "SOURCE_MISMATCH"},
		"a commit beside main": {arrange: recorded(func(h *house, r *build.Record) {
			c := git.NewCommit{Tree: h.tree(""), Parents: []git.OID{h.built}, Author: h.someone(), Committer: h.someone(), Message: "beside"}
			r.Job.Commit = must(h.repo.WriteCommit(h.t.Context(), c))(h.t)
			h.vouch(r.Job.Commit, "allow", attest.SourceLevel3)
		}), want: "GATE_MISSING PARAMETER_MISMATCH SOURCE_LEVEL SOURCE_UNLANDED"},
		"merged in, not landed": {arrange: recorded(func(h *house, r *build.Record) {
			side := git.NewCommit{Tree: h.tree(""), Parents: []git.OID{h.built}, Author: h.someone(), Committer: h.someone(), Message: "side"}
			r.Job.Commit = must(h.repo.WriteCommit(h.t.Context(), side))(h.t)
			side.Parents, side.Message = []git.OID{h.tip, r.Job.Commit}, "merge"
			h.move(must(h.repo.WriteCommit(h.t.Context(), side))(h.t))
		}), want: "GATE_MISSING PARAMETER_MISMATCH SOURCE_LEVEL SOURCE_UNLANDED"},
		"other parameters":    {arrange: recorded(func(_ *house, r *build.Record) { r.Job.Target.Env = map[string]string{"GOFLAGS": "-tags=backdoor"} }), want: "PARAMETER_MISMATCH"},
		"another target":      {arrange: recorded(func(_ *house, r *build.Record) { r.Job.Target.Name = "tool" }), want: "PARAMETER_MISMATCH"},
		"no word of the gate": {arrange: recorded(func(h *house, r *build.Record) { r.Job.Commit = h.land() }), want: "GATE_MISSING SOURCE_LEVEL"},
		"a word of somebody else": {arrange: recorded(func(h *house, r *build.Record) {
			r.Job.Commit = h.land()
			h.vouchAs(bench, r.Job.Commit, "allow", attest.SourceLevel3)
		}), want: "GATE_MISSING SOURCE_LEVEL"},
		"the gate said no": {arrange: func(h *house) string { h.vouch(h.built, "deny", attest.SourceLevel3); return "" }, want: "GATE_DENIED"},
		"not reproduced":   {admission: "  admission: {environments: {prod: {reproduced: true}}}\n", want: "NOT_REPRODUCED"},
		"the same run twice": {
			admission: "  admission: {environments: {prod: {reproduced: true}}}\n",
			arrange:   func(h *house) string { d := h.build("x", bench); h.build("x", forge); return d }, want: "NOT_REPRODUCED"},
		"no bill of materials": {admission: "  admission: {environments: {prod: {sbom: true}}}\n", want: "SBOM_MISSING"},
		"a bill by an agent": {
			admission: "  admission: {environments: {prod: {sbom: true}}}\n",
			arrange: func(h *house) string {
				d := h.build("x", bench)
				h.state("https://adamant.dev/id/shop/agent/coder", sbom.PredicateType, map[string]any{}, attest.SHA256, d)
				return d
			}, want: "SBOM_MISSING"},
		"no scan":                     {admission: scanned, want: "SCAN_MISSING"},
		"old scan":                    {admission: scanned, arrange: looked(vuln.Report{}, 25*time.Hour), want: "SCAN_STALE"},
		"blind scan":                  {admission: scanned, arrange: looked(vuln.Report{Missing: []string{"PyPI"}}, 0), want: "SCAN_MISSING"},
		"vulnerable":                  {admission: scanned, arrange: looked(found("high", vuln.Affected), 0), want: "VULNERABLE"},
		"who knows":                   {admission: scanned, arrange: looked(found("", vuln.Unknown), 0), want: "VULNERABLE"},
		"no scan asked, but critical": {arrange: looked(found("critical", vuln.Affected), 0), want: "VULNERABLE"},
		"an agent says it does not matter": {admission: scanned, arrange: func(h *house) string {
			d := looked(found("high", vuln.Affected), 0)(h)
			h.excuse("https://adamant.dev/id/shop/agent/coder", d)
			return d
		}, want: "VULNERABLE"},
		"the builder says it does not matter": {admission: scanned, arrange: func(h *house) string {
			d := looked(found("high", vuln.Affected), 0)(h)
			h.excuse(bench, d)
			return d
		}, want: "VULNERABLE"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			if c.admission != "" {
				h.configure(c.admission)
				h.land()
			}
			digest := ""
			if c.arrange != nil {
				digest = c.arrange(h)
			}
			if digest == "" {
				digest = h.build("api", bench)
			}
			r := ask(digest)
			if c.request != nil {
				c.request(&r)
			}
			d := h.decide(r)
			if d.Allowed || codes(d.Reasons) != c.want || len(d.VSA) > 0 {
				t.Errorf("%s, want %s", asText(d), c.want)
			}
			for _, reason := range d.Reasons {
				if reason.Message == "" {
					t.Errorf("%s says nothing", reason.Code)
				}
			}
		})
	}
}

const scanned = "  admission: {environments: {prod: {vulnerabilities: {deny: high, maxAge: 24h}}}}\n"

// recorded states a build that is not as it should be.
func recorded(change func(*house, *build.Record)) func(*house) string {
	return func(h *house) string {
		digest := artifact("x")
		r := h.record(digest)
		change(h, r)
		h.put(h.provenance(r, bench, bench))
		return digest
	}
}

// looked states a build, and a scan that is some time ago.
func looked(report vuln.Report, ago time.Duration) func(*house) string {
	return func(h *house) string {
		digest := h.build("x", bench)
		if report.Findings == nil {
			report.Findings = []vuln.Finding{}
		}
		h.state(bench, ScanType, report, attest.SHA256, digest)
		h.now.Add(int64(ago / time.Second))
		return digest
	}
}

func found(severity string, status vuln.Status) vuln.Report {
	return vuln.Report{Findings: []vuln.Finding{{ID: "GO-2026-1", Package: "pkg:golang/example.com/m@v1.0.0", Name: "example.com/m", Version: "v1.0.0", Severity: severity, Status: status}}}
}

// excuse states that the vulnerability of found does not matter.
func (h *house) excuse(who, digest string) {
	h.t.Helper()
	h.state(who, vexType, map[string]any{
		"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": h.clock().Format(time.RFC3339),
		"statements": []any{map[string]any{"vulnerability": map[string]any{"name": "GO-2026-1"}, "products": []any{map[string]any{"@id": "sha256:" + digest}},
			"status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"}},
	}, attest.SHA256, digest)
}

// TestAllows has what the cases above lack.
func TestAllows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		admission string
		arrange   func(h *house) string
	}{
		"dedicated builder": {"  admission: {environments: {prod: {buildLevel: 3}}}\n", func(h *house) string { return h.build("x", forge) }},
		"the better of two": {"  admission: {environments: {prod: {buildLevel: 3}}}\n", func(h *house) string { h.build("x", bench); return h.build("x", forge) }},
		"reproduced": {"  admission: {environments: {prod: {reproduced: true}}}\n", func(h *house) string {
			d := h.build("x", bench)
			r := h.record(d)
			r.Job.Invocation = "run-2"
			h.put(h.provenance(r, forge, forge))
			return d
		}},
		"bill of materials": {"  admission: {environments: {prod: {sbom: true}}}\n", func(h *house) string {
			d := h.build("x", bench)
			h.state(bench, sbom.PredicateType, map[string]any{}, attest.SHA256, d)
			return d
		}},
		"recent scan":  {scanned, looked(vuln.Report{}, 23*time.Hour)},
		"mild finding": {scanned, looked(found("medium", vuln.Affected), 0)},
		"answered": {scanned, func(h *house) string {
			d := looked(found("high", vuln.Affected), 0)(h)
			h.excuse("https://adamant.dev/id/shop/operator/ada", d)
			return d
		}},
		"the last look counts": {scanned, func(h *house) string {
			d := looked(found("high", vuln.Affected), time.Hour)(h)
			h.state(bench, ScanType, vuln.Report{Findings: []vuln.Finding{}}, attest.SHA256, d)
			return d
		}},
		"junk beside it": {"", func(h *house) string {
			d := h.build("x", bench)
			other := newHouse(h.t)
			h.put(other.provenance(other.record(d), bench, bench)) // same names, other keys
			return d
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.configure(c.admission)
			h.land()
			if d := h.decide(ask(c.arrange(h))); !d.Allowed {
				t.Error(asText(d))
			}
		})
	}
}

// TestBundleThatComesAlong: what is presented counts like what is stored, and what is broken says why.
func TestBundleThatComesAlong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	digest := artifact("x")
	bundle := h.provenance(h.record(digest), bench, bench)
	r := ask(digest)
	r.Bundles = []json.RawMessage{bundle, bundle}
	if d := h.decide(r); !d.Allowed {
		t.Error(asText(d))
	}
	foreign := newHouse(t)
	for name, c := range map[string]struct {
		bundle []byte
		want   string
	}{
		"text":           {[]byte(`"junk"`), "BUNDLE_MALFORMED PROVENANCE_MISSING"},
		"other keys":     {foreign.provenance(foreign.record(digest), bench, bench), "PROVENANCE_MISSING ROOT_UNKNOWN"},
		"other artifact": {h.provenance(h.record(artifact("y")), bench, bench), "DIGEST_MISMATCH PROVENANCE_MISSING"},
	} {
		r.Bundles = []json.RawMessage{c.bundle}
		if d := h.decide(r); d.Allowed || codes(d.Reasons) != c.want {
			t.Errorf("%s: %s", name, asText(d))
		}
	}
}

// TestRulesOfTheRepository: they add, and see what is documented.
func TestRulesOfTheRepository(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.files[".adamant/policy/admission.rego"] = `package adamant.admission

deny contains {"code": "AGENT_BUILT", "message": sprintf("agent %s wrote it", [input.gate.agent]), "next": "review it"} if {
	input.environment == "prod"
	input.gate.agent != ""
}
`
	h.land()
	digest := h.build("x", bench)
	if d := h.decide(ask(digest)); d.Allowed || codes(d.Reasons) != "AGENT_BUILT" {
		t.Error(asText(d))
	}
	if d := h.decide(Request{Digest: "sha256:" + digest, Environment: "test"}); !d.Allowed {
		t.Error(asText(d))
	}
}

// TestNothingDecided: what cannot be read admits nothing.
func TestNothingDecided(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *house){
		"no root":      func(h *house) { delete(h.files, trust.Dir+"/"+trust.FileRoot) },
		"edited root":  func(h *house) { h.files[trust.Dir+"/"+trust.FileTrustedRoot] += " " },
		"broken rules": func(h *house) { h.files[".adamant/policy/a.rego"] = "package adamant.admission\n\ndeny contains {" },
		"failing rule": func(h *house) {
			h.files[".adamant/policy/a.rego"] = "package adamant.admission\n\ndeny contains 1 if to_number(input.digest) == 1\n"
		},
		"broken yaml": func(h *house) { h.files[".adamant/adamant.yaml"] += "nonsense: true\n" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			digest := h.build("x", bench)
			change(h)
			h.land()
			if d, err := h.admitter().Decide(t.Context(), ask(digest)); err == nil {
				t.Error(asText(d))
			}
		})
	}
}

// TestPinnedRoot: who pins a fingerprint is not fooled by another root.
func TestPinnedRoot(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := ask(h.build("x", bench))
	a := h.admitter()
	must(a.Decide(t.Context(), r))(t)
	a = h.admitter()
	a.options.Root = strings.Repeat("0", 64)
	if d, err := a.Decide(t.Context(), r); err == nil {
		t.Error(asText(d))
	}
}

// TestFind: a clone that has synced goes by what it fetched, never by its own main.
func TestFind(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if v := must(Find(t.Context(), h.repo, ""))(t); v.Main != refMain || v.Store[0] != attest.Ref {
		t.Error(v)
	}
	clone := must(git.InitBare(t.Context(), filepath.Join(t.TempDir(), "clone"), git.InitOptions{}))(t)
	t.Cleanup(func() { _ = clone.Close() })
	tip := must(h.repo.Ref(t.Context(), attest.Ref))(t)
	must(clone.Copy(t.Context(), h.repo, tip, h.tip))(t)
	fetch := func(remote string) {
		err := clone.UpdateRefs(t.Context(), []git.RefUpdate{
			{Name: "refs/adamant-remote/" + remote + "/attestations", New: tip}, {Name: "refs/adamant-remote/" + remote + "/main", New: h.tip},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fetch("adamant")
	v := must(Find(t.Context(), clone, ""))(t)
	if v.Main != "refs/adamant-remote/adamant/main" || v.Store[0] != "refs/adamant-remote/adamant/attestations" {
		t.Error(v)
	}
	a := New(Options{Repo: clone, View: v, Now: h.clock})
	if d := must(a.Decide(t.Context(), ask(artifact("x"))))(t); d.Allowed || codes(d.Reasons) != "PROVENANCE_MISSING" {
		t.Error(asText(d))
	}
	fetch("other")
	if _, err := Find(t.Context(), clone, ""); err == nil {
		t.Error("nobody chose between two remotes")
	}
	if v := must(Find(t.Context(), clone, "other"))(t); v.Main != "refs/adamant-remote/other/main" {
		t.Error(v)
	}
}

// TestVouched: an identity of this repository counts from this repository's issuer, and from no other that the root may know.
func TestVouched(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := must(readRules(t.Context(), h.repo, h.tip, nil))(t)
	for _, c := range []struct {
		identity, issuer string
		want             bool
	}{
		{bench, "https://adamant.dev/issuer/shop", true},
		{bench, "https://token.example.com", false},
		{"https://adamant.dev/id/web/builder/workstation/bench", "https://adamant.dev/issuer/web", false},
		{"https://github.com/o/r/.github/workflows/b.yml@refs/heads/main", "https://token.actions.githubusercontent.com", true},
	} {
		if got := r.vouched(verify.Result{Identity: c.identity, Issuer: c.issuer}); got != c.want {
			t.Errorf("%s by %s: %v", c.identity, c.issuer, got)
		}
	}
}
