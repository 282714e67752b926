package risk

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

// changed makes a file of the class that its path has.
func changed(path string) facts.File {
	language, class := source.Classify(path, []byte("text\n"), nil)
	return facts.File{Path: path, Status: "modified", Mode: "100644", Language: language, Class: class, Effect: source.EffectCode}
}

func with(f facts.File, edit func(*facts.File)) facts.File {
	edit(&f)
	return f
}

func coded(path string, delta source.Delta) facts.File {
	return with(changed(path), func(f *facts.File) { f.Code = &delta })
}

func versions(path, name, from, to, step string) facts.File {
	return with(changed(path), func(f *facts.File) {
		f.Versions = &source.Versions{Changes: []source.VersionChange{{Name: name, Old: from, New: to, Step: step}}}
	})
}

func levelOf(reasons []Reason) Level {
	level := Trivial
	for _, r := range reasons {
		level = max(level, r.Level)
	}
	return level
}

func TestFloorOfFiles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		file facts.File
		want Level
		rule string // that must be among the reasons
	}{
		{"code", changed("pkg/parse.go"), Low, "code/changed"},
		{"comment only", with(changed("pkg/parse.go"), func(f *facts.File) { f.Effect = source.EffectComment }), Trivial, ""},
		{"prose", with(changed("docs/guide.md"), func(f *facts.File) { f.Effect = source.EffectDoc }), Trivial, ""},
		{"new tests", changed("pkg/parse_test.go"), Low, "tests/changed"},
		{"agent instructions as prose", with(changed("AGENTS.md"), func(f *facts.File) { f.Effect = source.EffectDoc }), High, "agent/instructions"},
		{"agent instructions moved away", with(changed("docs/old.md"), func(f *facts.File) {
			f.OldPath, f.OldClass, f.Effect = "AGENTS.md", source.ClassAgentInstruction, source.EffectDoc
		}), High, "agent/instructions"},
		{"agent settings", changed(".claude/settings.json"), High, "agent/instructions"},

		{"gate configuration, comment only", with(changed(".adamant/adamant.yaml"), func(f *facts.File) { f.Effect = source.EffectComment }), Critical, "governance/configuration"},
		{"trust root", changed(".adamant/trust/root.json"), Critical, "governance/trust"},
		{"marks", changed(".adamant/ratchets/lint.json"), Critical, "governance/marks"},
		{"policy, effect unknown", changed(".adamant/policy/deny.rego"), Critical, "governance/policy"},
		{"policy at the root", changed("policy/deny.rego"), Critical, "governance/policy"},
		{"policy moved away", with(changed("attic/deny.txt"), func(f *facts.File) { f.OldPath = "policy/deny.rego" }), Critical, "governance/policy"},
		{"policy test", changed(".adamant/policy/deny_test.rego"), High, "governance/policy-test"},
		{"waiver", changed(".adamant/waivers/w1.yaml"), High, "governance/waivers"},
		{"something else of the kernel", changed(".adamant/new-thing.yaml"), High, "governance/other"},
		{"incident", with(changed("docs/incidents/2026-01.md"), func(f *facts.File) { f.Effect = source.EffectDoc }), High, "governance/incidents"},
		{"rules of another engine", changed("access/rules.cedar"), High, "governance/rules"},
		{"settings of the forge", changed(".github/settings.yml"), High, "governance/rules"},
		{"workflow", changed(".github/workflows/ci.yml"), High, "governance/workflows"},
		{"workflow, comment only", with(changed(".github/workflows/ci.yml"), func(f *facts.File) { f.Effect = source.EffectComment }), Trivial, ""},
		{"linter settings", changed(".golangci.yml"), High, "governance/linters"},
		{"test runner", changed("jest.config.js"), High, "governance/test-runner"},
		{"makefile", changed("Makefile"), High, "governance/scripts"},
		{"attributes", changed("lib/.gitattributes"), High, "governance/attributes"},
		{"editor", changed(".gitignore"), Low, "config/editor"},
		{"settings", changed("config/limits.yaml"), Medium, "config/changed"},
		{"container", changed("Dockerfile"), Medium, "infrastructure/changed"},
		{"vendored", changed("vendor/example.com/x/x.go"), Medium, "code/generated"},
		{"unknown sort", changed("data/model.xyz"), Medium, "file/unknown"},

		{"authentication", changed("internal/auth/check.go"), High, "sensitive/authentication"},
		{"authentication in a name", changed("web/LoginForm.tsx"), High, "sensitive/authentication"},
		{"joined word", changed("modules/basicauth/hash.go"), High, "sensitive/authentication"},
		{"author", changed("blog/author.go"), Low, "code/changed"},
		{"authority", changed("dns/authority_list.go"), Low, "code/changed"},
		{"tokenizer", changed("parse/tokenizer.go"), Low, "code/changed"},
		{"secretary", changed("staff/secretary.py"), Low, "code/changed"},
		{"titles", changed("ui/titles.go"), Low, "code/changed"},
		{"test of authentication", changed("internal/auth/check_test.go"), Low, "tests/changed"},
		{"prose on authentication", with(changed("docs/auth.md"), func(f *facts.File) { f.Effect = source.EffectDoc }), Trivial, ""},
		{"encryption", changed("lib/tls/config.py"), High, "sensitive/encryption"},
		{"access rights", changed("src/rbac/roles.ts"), High, "sensitive/iam"},
		{"billing", changed("app/billing/invoice.rb"), High, "sensitive/billing"},
		{"starts to import", coded("pkg/x.go", source.Delta{Sensitive: []string{"crypto/tls"}, ImportsAdded: []string{"crypto/tls"}}), High, "sensitive/import"},
		{"imports anyway", coded("pkg/x.go", source.Delta{Sensitive: []string{"crypto/tls"}}), Medium, "sensitive/importer"},
		{"imports a digest", coded("pkg/x.go", source.Delta{Sensitive: []string{"crypto/sha256"}, ImportsAdded: []string{"crypto/sha256"}}), Low, "code/changed"},

		{"export removed", coded("pkg/x.go", source.Delta{ExportsRemoved: []string{"Open"}}), High, "interface/exports"},
		{"export changed", coded("pkg/x.go", source.Delta{ExportsChanged: []string{"Open"}}), High, "interface/exports"},
		{"export of internal code changed", coded("internal/x/x.go", source.Delta{ExportsChanged: []string{"Open"}}), Medium, "interface/exports"},
		{"export added", coded("pkg/x.go", source.Delta{ExportsAdded: []string{"Open"}}), Low, "code/changed"},
		{"schema", changed("api/service.proto"), High, "interface/schema"},
		{"new schema", with(changed("api/service.proto"), func(f *facts.File) { f.Status = "added" }), Medium, "interface/schema"},
		{"migration", with(changed("db/migrations/0001_users.sql"), func(f *facts.File) { f.Status = "added" }), High, "data/migration"},
		{"private key", changed("deploy/id_ed25519"), High, "keys/material"},

		{"test removed", coded("a_test.go", source.Delta{TestsBefore: 3, TestsAfter: 2, TestsRemoved: []string{"TestA"}}), High, "tests/removed"},
		{"test renamed", coded("a_test.go", source.Delta{TestsBefore: 3, TestsAfter: 3, TestsRemoved: []string{"TestA"}}), Low, "tests/changed"},
		{"test emptied", coded("a_test.go", source.Delta{TestsBefore: 3, TestsAfter: 3, TestsEmptied: []string{"TestA"}}), High, "tests/emptied"},
		{"test skipped", coded("a_test.go", source.Delta{SkipsAdded: []source.Mark{{Line: 7, Text: "t.Skip()"}}}), High, "tests/skipped"},
		{"fewer assertions", coded("a_test.go", source.Delta{TestsBefore: 1, TestsAfter: 1, AssertsBefore: 4, AssertsAfter: 2}), Medium, "tests/fewer-assertions"},
		{"suppression", coded("pkg/x.go", source.Delta{SuppressionsAdded: []source.Mark{{Line: 3, Text: "//nolint"}}}), Medium, "code/suppression"},

		{"patch of a dependency", versions("go.mod", "example.com/x", "v1.2.3", "v1.2.4", source.StepPatch), Low, "dependencies/patch"},
		{"minor of a dependency", versions("go.mod", "example.com/x", "v1.2.3", "v1.3.0", source.StepMinor), Medium, "dependencies/minor"},
		{"major of a dependency", versions("go.mod", "example.com/x", "v1.2.3", "v2.0.0", source.StepMajor), High, "dependencies/major"},
		{"lock file alone", changed("package-lock.json"), Medium, "dependencies/lock-only"},
		{"unread manifest", changed("pom.xml"), Medium, "dependencies/manifest"},

		{"picture", with(changed("logo.png"), func(f *facts.File) { f.Unread = facts.UnreadBinary }), Low, "unread/binary"},
		{"executable", with(changed("tool"), func(f *facts.File) { f.Unread, f.Mode = facts.UnreadBinary, "100755" }), Medium, "unread/executable"},
		{"too large", with(changed("docs/a.md"), func(f *facts.File) { f.Unread, f.Effect = facts.UnreadTooLarge, source.EffectDoc }), Medium, "unread/file"},
		{"submodule", with(changed("third"), func(f *facts.File) { f.Unread = facts.UnreadSubmodule }), Medium, "unread/submodule"},
		{"symlink out of the tree", with(changed("a/link"), func(f *facts.File) { f.Symlink = "../../etc/passwd" }), High, "file/symlink"},
		{"symlink in the tree", with(changed("pkg/link.go"), func(f *facts.File) { f.Symlink = "../pkg/x.go" }), Low, "code/changed"},
		{"terraform file removed", with(changed("infra/db.tf"), func(f *facts.File) { f.Status = "deleted" }), Critical, "infrastructure/destroyed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			reasons := Floor(&facts.Input{Files: []facts.File{test.file}}, manifest.Defaults())
			if got := levelOf(reasons); got != test.want {
				t.Errorf("level %v, want %v: %+v", got, test.want, reasons)
			}
			if test.rule != "" && !slices.ContainsFunc(reasons, func(r Reason) bool { return r.Rule == test.rule }) {
				t.Errorf("no reason %s: %+v", test.rule, reasons)
			}
		})
	}
}

func TestPatchWithItsLockFileIsLow(t *testing.T) {
	t.Parallel()
	in := &facts.Input{Files: []facts.File{versions("app/go.mod", "example.com/x", "v1.2.3", "v1.2.4", source.StepPatch), changed("app/go.sum")}}
	if got := levelOf(Floor(in, manifest.Defaults())); got != Low {
		t.Errorf("level %v, want low", got)
	}
}

func TestPolicyDelta(t *testing.T) {
	t.Parallel()
	for delta, want := range map[string]Level{"tightened": High, "weakened": Critical, "": Critical} {
		in := &facts.Input{Files: []facts.File{changed("policy/deny.rego")}, Policy: facts.Policy{Delta: delta}}
		if got := levelOf(Floor(in, manifest.Defaults())); got != want {
			t.Errorf("delta %q: level %v, want %v", delta, got, want)
		}
	}
	if got := levelOf(Floor(&facts.Input{Policy: facts.Policy{Delta: "weakened"}}, manifest.Defaults())); got != Critical {
		t.Errorf("weakened from afar: level %v, want critical", got)
	}
}

func TestCatalogChanges(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change catalog.Change
		want   Level
	}{
		"owner":       {catalog.Change{Ref: "component:default/a", Field: "spec.owner", Kind: "changed", Governance: true}, Critical},
		"description": {catalog.Change{Ref: "component:default/a", Field: "metadata.description", Kind: "changed"}, Low},
		"new":         {catalog.Change{Ref: "component:default/a", Kind: "added"}, High},
		"removed":     {catalog.Change{Ref: "component:default/a", Kind: "removed"}, High},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &facts.Input{Files: []facts.File{changed("catalog-info.yaml")}, Catalog: facts.Catalog{Changes: []catalog.Change{test.change}}}
			if got := levelOf(Floor(in, manifest.Defaults())); got != test.want {
				t.Errorf("level %v, want %v", got, test.want)
			}
		})
	}
}

func TestRiskProfile(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]Level{"": Low, "low": Low, "medium": Medium, "high": High, "critical": Critical, "spicy": High} {
		in := &facts.Input{
			Files:   []facts.File{with(changed("a.go"), func(f *facts.File) { f.Component = "component:default/a" })},
			Catalog: facts.Catalog{Components: []catalog.Governance{{Ref: "component:default/a", RiskProfile: profile}}},
		}
		if got := levelOf(Floor(in, manifest.Defaults())); got != want {
			t.Errorf("profile %q: level %v, want %v", profile, got, want)
		}
	}
}

func TestConfiguredPaths(t *testing.T) {
	t.Parallel()
	cfg := manifest.Defaults()
	cfg.Spec.Risk.Sensitive = []string{"core/**"}
	cfg.Spec.Risk.NotSensitive = []string{"auth-demo/**", "core/**"}
	cfg.Spec.Risk.Governance = []manifest.GovernanceRow{{Paths: []string{"legal/**"}, Level: "critical", Reason: "contracts"}, {Paths: []string{"odd/**"}, Level: "oops"}}
	for path, want := range map[string]Level{"core/x.go": High, "auth-demo/x.go": Low, "legal/x.go": Critical, "odd/x.go": Critical, "x.go": Low} {
		if got := levelOf(Floor(&facts.Input{Files: []facts.File{changed(path)}}, cfg)); got != want {
			t.Errorf("%s: level %v, want %v", path, got, want)
		}
	}
}

func TestMalformedGlobsFailClosed(t *testing.T) {
	t.Parallel()
	cfg := manifest.Defaults()
	cfg.Spec.Risk.NotSensitive = []string{"{a"}
	if got := levelOf(Floor(&facts.Input{Files: []facts.File{changed("auth/x.go")}}, cfg)); got != High {
		t.Errorf("a broken notSensitive silenced the rule: %v", got)
	}
	cfg = manifest.Defaults()
	cfg.Spec.Risk.Sensitive = []string{"{a"}
	if got := levelOf(Floor(&facts.Input{Files: []facts.File{changed("x.go")}}, cfg)); got != High {
		t.Errorf("a broken sensitive list means nothing: %v", got)
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	doc := func(script string) []document.Document {
		return []document.Document{{Path: "package.json", Value: map[string]any{"scripts": map[string]any{"test": script}, "name": "a"}}}
	}
	file := with(changed("package.json"), func(f *facts.File) { f.Versions = &source.Versions{Other: true} })
	in := &facts.Input{Files: []facts.File{file}, Before: doc("jest"), Documents: doc("true")}
	if got := levelOf(Floor(in, manifest.Defaults())); got != High {
		t.Errorf("scripts changed: level %v, want high", got)
	}
	in.Documents = in.Before
	if got := levelOf(Floor(in, manifest.Defaults())); got != Medium {
		t.Errorf("scripts kept: level %v, want medium", got)
	}
}

func TestDestruction(t *testing.T) {
	t.Parallel()
	deployment := document.Document{Path: "deploy/a.yaml", Kind: "kubernetes", Value: map[string]any{"kind": "Deployment", "metadata": map[string]any{"name": "web"}}}
	in := &facts.Input{Files: []facts.File{changed("deploy/a.yaml")}, Before: []document.Document{deployment}}
	reasons := Floor(in, manifest.Defaults())
	if got := levelOf(reasons); got != Critical || !strings.Contains(reasons[0].Message, "Deployment default/web") {
		t.Errorf("object gone: %+v", reasons)
	}
	in.Documents = []document.Document{deployment}
	if got := levelOf(Floor(in, manifest.Defaults())); got != Medium {
		t.Errorf("object still there: level %v, want medium", got)
	}
	root := "deploy/kustomization.yaml"
	deployment.Path, deployment.Format = root, document.FormatKustomize
	in.Before = []document.Document{deployment}
	for name, doc := range map[string]document.Document{
		"skipped": {Path: root, Format: document.FormatKustomize, Kind: document.KindKustomization, Value: map[string]any{"notRendered": "x"}},
		"broken":  {Path: root, Format: "yaml", Kind: document.KindKustomization, Error: "x"},
	} {
		in.Documents = []document.Document{doc}
		if reasons := Floor(in, manifest.Defaults()); levelOf(reasons) != High || reasons[0].Rule != "infrastructure/unrendered" {
			t.Errorf("%s kustomization: %+v", name, reasons)
		}
	}
	skipped := document.Document{Path: root, Format: document.FormatKustomize, Kind: document.KindKustomization, Value: map[string]any{"notRendered": "x"}}
	for file, want := range map[string]Level{root: High, "deploy/patch.json": High, "deploy/a.yaml": Medium} {
		patch := document.Document{Path: "deploy/patch.json", Format: "json", Value: []any{}}
		blind := &facts.Input{Files: []facts.File{changed(file)}, Documents: []document.Document{skipped, patch}}
		if got := levelOf(Floor(blind, manifest.Defaults())); got != want {
			t.Errorf("%s of a kustomization that is not rendered: level %v, want %v", file, got, want)
		}
	}
	in.Documents = []document.Document{{Path: root, Format: "yaml", Kind: document.KindKustomization, Value: map[string]any{}}}
	if got := levelOf(Floor(in, manifest.Defaults())); got != Critical {
		t.Errorf("rendered without the object: level %v, want critical", got)
	}
	plan := document.Document{Path: "plan.json", Kind: "terraform-plan", Value: map[string]any{"resource_changes": []any{
		map[string]any{"address": "db.main", "change": map[string]any{"actions": []any{"delete", "create"}}},
	}}}
	if got := levelOf(Floor(&facts.Input{Documents: []document.Document{plan}}, manifest.Defaults())); got != Critical {
		t.Errorf("planned deletion: level %v, want critical", got)
	}
}

func TestMildReasonsAreCounted(t *testing.T) {
	t.Parallel()
	in := &facts.Input{Files: []facts.File{changed("c.go"), changed("a.go"), changed("b.go"), changed("auth/x.go"), changed("auth/y.go")}}
	reasons := Floor(in, manifest.Defaults())
	if len(reasons) != 3 || reasons[0].Path != "auth/x.go" || reasons[1].Path != "auth/y.go" || !strings.HasSuffix(reasons[2].Message, "(and 4 more)") {
		t.Errorf("reasons: %+v", reasons)
	}
}

// pool are files of every sort, for the property below. Halves of one step (a lock file and its manifest) are left out: the
// second half is what explains the first.
var pool = []facts.File{
	changed("a.go"), changed("a_test.go"), changed("auth/a.go"), changed("README.md"), changed(".adamant/adamant.yaml"), changed("policy/p.rego"), changed("Makefile"), changed("x.proto"),
	changed("infra/main.tf"), changed("logo.png"), changed("unknown.zzz"), changed(".github/workflows/ci.yml"), changed("CLAUDE.md"), changed("vendor/a/a.go"),
	with(changed("b.go"), func(f *facts.File) { f.Effect = source.EffectComment }),
	coded("c.go", source.Delta{ExportsRemoved: []string{"A"}}), coded("d.go", source.Delta{Sensitive: []string{"crypto/tls"}}),
	coded("e_test.go", source.Delta{TestsBefore: 2, TestsAfter: 1}), coded("f_test.go", source.Delta{TestsBefore: 1, TestsAfter: 9}),
	versions("go.mod", "x", "1.0.0", "2.0.0", source.StepMajor),
}

func TestFloorNeverFallsWhenAFileIsAdded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		files := rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 1, len(pool), func(f facts.File) string { return f.Path }).Draw(t, "files")
		less := levelOf(Floor(&facts.Input{Files: files[1:]}, manifest.Defaults()))
		more := levelOf(Floor(&facts.Input{Files: files}, manifest.Defaults()))
		if more < less {
			t.Fatalf("with %s the floor falls from %v to %v", files[0].Path, less, more)
		}
	})
}

func TestLevelIsTheGreaterOfFloorAndBand(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		files := rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 0, len(pool), func(f facts.File) string { return f.Path }).Draw(t, "files")
		files = slices.Clone(files)
		for i := range files {
			if files[i].Class == source.ClassSource && files[i].Effect == source.EffectCode {
				n := rapid.IntRange(0, 4000).Draw(t, "identifiers")
				files[i].Growth = &source.Growth{Identifiers: n, Characters: 9 * n, Conditions: n / 5, Places: n / 9}
			}
		}
		in := &facts.Input{Files: files}
		got := Rate(in, manifest.Defaults())
		if want := Max(levelOf(got.Floor), got.Band); got.Level != want || got.Band > High {
			t.Fatalf("level %v, floor %v, band %v", got.Level, levelOf(got.Floor), got.Band)
		}
	})
}

func TestExperimentalRelaxesTheBandOnly(t *testing.T) {
	t.Parallel()
	big := &source.Growth{Identifiers: 900, Characters: 30000, Conditions: 200, Places: 90}
	file := with(changed("lab/a.go"), func(f *facts.File) { f.Growth, f.Component = big, "component:default/lab" })
	in := &facts.Input{Files: []facts.File{file}, Catalog: facts.Catalog{Components: []catalog.Governance{{Ref: "component:default/lab", Lifecycle: "experimental"}}}}
	if got := Rate(in, manifest.Defaults()); got.Band != Medium || got.Level != Medium {
		t.Errorf("band %v, level %v, want medium", got.Band, got.Level)
	}
	in.Files = append(in.Files, with(changed("core/b.go"), func(f *facts.File) { f.Growth = &source.Growth{Identifiers: 1} }))
	if got := Rate(in, manifest.Defaults()); got.Band != High {
		t.Errorf("with a file of no experiment: band %v, want high", got.Band)
	}
	in.Files = []facts.File{file, changed(".adamant/adamant.yaml")}
	if got := Rate(in, manifest.Defaults()); got.Level != Critical {
		t.Errorf("governance: level %v, want critical", got.Level)
	}
}

func TestBandEdges(t *testing.T) {
	t.Parallel()
	bands := manifest.Defaults().Spec.Risk.Bands
	for score, want := range map[int]Level{0: Trivial, bands.Low - 1: Trivial, bands.Low: Low, bands.Medium - 1: Low, bands.Medium: Medium, bands.High - 1: Medium, bands.High: High, 1000: High} {
		if got := band(score, bands); got != want {
			t.Errorf("band(%d) = %v, want %v", score, got, want)
		}
	}
}

func TestWhatIsNotProvenIsNeverTrivial(t *testing.T) {
	t.Parallel()
	classes := []string{
		source.ClassSource, source.ClassTest, source.ClassDoc, source.ClassConfig, source.ClassPolicy, source.ClassInfra, source.ClassLockfile,
		source.ClassGenerated, source.ClassAgentInstruction, source.ClassBinary, source.ClassOther, "", "a class of tomorrow",
	}
	for _, class := range classes {
		for _, effect := range []string{source.EffectCode, "", "an effect of tomorrow"} {
			file := facts.File{Path: "x", Status: "modified", Class: class, Effect: effect}
			if got := Rate(&facts.Input{Files: []facts.File{file}}, manifest.Defaults()); got.Level == Trivial {
				t.Errorf("class %q, effect %q is trivial", class, effect)
			}
		}
	}
}
