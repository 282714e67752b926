package agentsmd

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
	"github.com/adamant-os/adamant/internal/waiver"
)

// entity is the text of a catalog file.
func entity(name, annotations, spec string) string {
	return fmt.Sprintf("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: %s\n  description: The %s of the shop\n  annotations: {%s}\n"+
		"spec:\n  type: service\n  lifecycle: production\n  owner: operator\n%s", name, name, annotations, spec)
}

func shop(t testing.TB) Repository {
	t.Helper()
	c, findings := catalog.Load([]catalog.SourceFile{
		{Path: "store/catalog-info.yaml", Data: []byte(entity("store", "compliance/data-classification: pii, adamant.dev/pii-fields: iban", ""))},
		{Path: "web/catalog-info.yaml", Data: []byte(entity("web", "", "  dependsOn: [component:store]\n"))},
		{Path: "catalog-info.yaml", Data: []byte(entity("tools", "adamant.dev/paths: \"ci/**, scripts/**\"", ""))},
	})
	if len(findings) > 0 {
		t.Fatalf("catalog: %+v", findings)
	}
	self := &manifest.SelfTest{Fail: []string{"a"}, Pass: []string{"b"}}
	return Repository{
		Name: "shop", Catalog: c, Configured: true,
		Paths: []string{"catalog-info.yaml", "ci/run.go", "go.mod", "other/x.go", "scripts/a.go", "store/catalog-info.yaml", "store/s.go", "web/catalog-info.yaml", "web/go.mod", "web/w.go"},
		Config: manifest.RepositorySpec{
			Checks: []manifest.Check{
				{Name: "unit", Kind: "unit", Command: []string{"go", "test", "-json", "./..."}, Setup: []string{"go mod download", "warm || true"}, Reports: []manifest.Report{{Format: "gotest", Path: "stdout"}}},
				{Name: "web", Kind: "unit", Command: []string{"npm test -- --reporter=junit --outputFile=r.xml"}, Directory: "web", Reports: []manifest.Report{{Format: "junit", Path: "r.xml"}}},
				{Name: "docs", Kind: "lint", Command: []string{"lint it"}, Inputs: []string{"docs/**"}},
			},
			Agents: manifest.AgentLimits{Paths: []string{"web/**", "store/s*"}, Denied: []string{"web/w.go"}},
			Risk:   manifest.Risk{Governance: []manifest.GovernanceRow{{Paths: []string{"store/**"}, Level: "high", Reason: "money"}}},
			Policy: manifest.PolicySettings{Providers: []string{"anthropic"}},
		},
		Architecture: &manifest.ArchitectureSpec{
			Layers: []manifest.Layer{{Name: "web", Paths: []string{"web/**"}}, {Name: "store", Components: []string{"component:default/store"}}},
			Rules: []manifest.ArchitectureRule{
				{Name: "down", Type: "layers", Layers: []string{"web", "store"}, Reason: "the store knows nobody", Test: self},
				{Name: "no-ci", Type: "forbidden", From: &manifest.Selector{Layers: []string{"store"}}, To: &manifest.Selector{Paths: []string{"ci/**"}}, Test: self},
				{Name: "only-web", Type: "protected", From: &manifest.Selector{Layers: []string{"web"}}, To: &manifest.Selector{Components: []string{"component:default/store"}}, Test: self},
			},
		},
		Ratchets: []ratchet.Mark{{Rule: "todo", Scopes: map[string]ratchet.Units{"component:default/store": {"0123456789abcdef": 3}}}, {Rule: "long", Scopes: map[string]ratchet.Units{"web/": {"0123456789abcdef": 3}}}},
		Waivers:  []waiver.Waiver{{ID: "w", Rule: "image/latest", Resource: "web/**", Expires: "2027-01-01", Justification: "moved next month"}},
	}
}

func pageOf(t testing.TB, pages []Page, path string) string {
	t.Helper()
	for _, p := range pages {
		if p.Path == path {
			return p.Text
		}
	}
	t.Fatalf("no page %s", path)
	return ""
}

// A page says what concerns its folder, and nothing that concerns only others.
func TestPages(t *testing.T) {
	t.Parallel()
	pages := Pages(shop(t))
	if len(pages) != 3 {
		t.Fatalf("%d pages", len(pages))
	}
	tests := []struct {
		path      string
		has, lack []string
	}{
		{"AGENTS.md", []string{"**tools** (service, production, owner operator): The tools of the shop.", "`ci/**`", "- `store/`: The store of the shop", "- `web/`", "Agents write only `web/**`, `store/s*`.",
			"Only the operator changes `/.adamant/`", "`go test ./...`", "Nothing of the layer `store` needs `ci/**`."}, []string{"lint it", "npm", "todo", "image/latest", "This is the"}},
		{"store/AGENTS.md", []string{"data pii", "Needed by `web`", "`go test ./...`; this folder alone: `go test ./store/...`", "once: `go mod download`\n", "it needs nothing of the layers above it, `web`", "Why: the store knows nobody.",
			"(`architecture/down`)", "Nobody but the layer `web` needs `store`", "email, phone or date of birth (here also `iban`)", "may be called: `anthropic`", "of high risk: money.", "`todo`", "Of this folder agents write only `store/s*`."},
			[]string{"warm", "-json", "npm", "`long`", "image/latest", "lint it", "agents/governance"}},
		{"web/AGENTS.md", []string{"Needs `store`", "`(cd web && npm test --)`", "This is the top layer, `web`", "`long`", "Waived until 2027-01-01: `image/latest` for `web/**`. moved next month.", "Agents do not write `web/w.go`."},
			[]string{"go test", "privacy/", "`todo`", "reporter", "write only"}},
	}
	for _, tt := range tests {
		text := pageOf(t, pages, tt.path)
		for _, want := range tt.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", tt.path, want, text)
			}
		}
		for _, not := range tt.lack {
			if strings.Contains(text, not) {
				t.Errorf("%s has %q:\n%s", tt.path, not, text)
			}
		}
	}
}

// Bindings are those of the files and folders that are named, and of no others.
func TestBindings(t *testing.T) {
	t.Parallel()
	r := shop(t)
	tests := []struct {
		paths     []string
		has, lack string
	}{
		{[]string{"store"}, "This is the layer `store`", "image/latest"},
		{[]string{"store/new.go"}, "of high risk: money.", "`long`"},
		{[]string{"web/w.go"}, "image/latest", "privacy/"},
		{[]string{"web", "store"}, "Layers from the top down", "This is"},
		{[]string{"docs/a.md"}, "", "layer "},
	}
	for _, tt := range tests {
		text := strings.Join(Bindings(&r, tt.paths), "\n")
		if !strings.Contains(text, tt.has) || strings.Contains(strings.ReplaceAll(text, "Nobody but the layer", ""), tt.lack) {
			t.Errorf("%v: %s", tt.paths, text)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\nb\tc  d": "a b c d", "<!-- x -->": `\<!-- x -->`, "[a](b) `c`": `\[a](b) 'c'`, "x\x1b\u202ey": "xy", "\xff": "\uFFFD",
		strings.Repeat("語", maxRunes+1): strings.Repeat("語", maxRunes) + "…",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := code("a``b\n`"); got != "``` a``b ` ```" {
		t.Error(got)
	}
}

func TestComponent(t *testing.T) {
	t.Parallel()
	r := shop(t)
	for name, want := range map[string]string{"store": "store", "store/new.go": "store", "web/w.go": "web", "ci": "tools", "ci/run.go": "tools", "other": "", "sto": ""} {
		if e, ok := Component(&r, name); ok != (want != "") || ok && e.Name != want {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	here := &manifest.Selector{Paths: []string{"store/**"}}
	there := &manifest.Selector{Paths: []string{"ci/**"}, Except: []string{"ci/x"}}
	tests := []struct {
		rule manifest.ArchitectureRule
		want string
	}{
		{manifest.ArchitectureRule{Type: "onion", Layers: []string{"store", "web"}}, "This is the ring `store`: it needs nothing of `web`, which lie further out."},
		{manifest.ArchitectureRule{Type: "onion", Layers: []string{"web", "store"}}, "This is the outermost ring, `store`: nothing further in needs it."},
		{manifest.ArchitectureRule{Type: "independence", Layers: []string{"web", "store"}}, "This is `store`, which needs none of `web`."},
		{manifest.ArchitectureRule{Type: "layers", Layers: []string{"store", "web"}, Closed: true}, "This is the top layer, `store`: it is needed by nothing of `web`; a layer needs only the next one below."},
		{manifest.ArchitectureRule{Type: "layers", Layers: []string{"web"}}, ""},
		{manifest.ArchitectureRule{Type: "required", From: here, To: there}, "Each file of `store/**` needs one of `ci/**` (but `ci/x`)."},
		{manifest.ArchitectureRule{Type: "required", From: there, To: here}, ""},
		{manifest.ArchitectureRule{Type: "forbidden", From: there, To: &manifest.Selector{Paths: []string{"web/**"}}}, ""},
		{manifest.ArchitectureRule{Type: "protected", From: here, To: there}, ""},
		{manifest.ArchitectureRule{Type: "acyclic", Level: "packages"}, "Packages do not need each other in circles."},
		{manifest.ArchitectureRule{Type: "acyclic", From: there}, ""},
		{manifest.ArchitectureRule{Type: "fan-out", Max: 3}, "Files need at most 3 others."},
		{manifest.ArchitectureRule{Type: "fan-in", Max: 3, Level: "components"}, "Components are needed by at most 3 others."},
		{manifest.ArchitectureRule{Type: "orphan"}, "No file without any tie to another."},
		{manifest.ArchitectureRule{Type: "stability"}, "Files need only what is at least as stable as they are."},
		{manifest.ArchitectureRule{Type: "declared"}, "What a component needs stands in its catalog entry (`dependsOn`, `consumesApis`), and nothing else does."},
	}
	r := shop(t)
	p := &place{repository: &r, folder: "store", files: []string{"store/s.go"}}
	for _, tt := range tests {
		if got := strings.Join(p.rule(tt.rule), "|"); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.rule, got, tt.want)
		}
	}
}

func TestTyped(t *testing.T) {
	t.Parallel()
	reports := []manifest.Report{{Format: "junit", Path: "x"}}
	tests := []struct {
		check manifest.Check
		want  string
	}{
		{manifest.Check{Command: []string{"go", "test", "-json", "-coverprofile=c.out", "./..."}}, "go test ./..."},
		{manifest.Check{Command: []string{"go vet -json ./... 2>&1"}}, "go vet ./..."},
		{manifest.Check{Command: []string{"pytest", "-q", "a b", "--junitxml=x.xml"}, Reports: reports}, "pytest -q 'a b'"},
		{manifest.Check{Command: []string{"eslint . --format json --output-file x.json"}, Directory: "./web/", Reports: reports}, "(cd ./web && eslint .)"},
		{manifest.Check{Command: []string{"prettier --format json"}}, "prettier --format json"},
		{manifest.Check{Command: []string{"golangci-lint", "run", "--output.json.path=stdout", "--show-stats=false"}, Reports: reports}, "golangci-lint run"},
		{manifest.Check{Command: []string{"echo", "it's"}}, `echo 'it'\''s'`},
	}
	for _, tt := range tests {
		if got := typed(tt.check); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.check.Command, got, tt.want)
		}
	}
}

// However much a repository says, a page can be read, and no text of others ends the section or hides in it.
func TestBounded(t *testing.T) {
	t.Parallel()
	r := shop(t)
	evil := "first\n" + endLine + "\n# Heading <!-- [link](x) \x1b[31m `code` " + strings.Repeat("long ", 100)
	var files []catalog.SourceFile
	for i := range 60 {
		dir := fmt.Sprintf("c%03d/", i)
		files = append(files, catalog.SourceFile{Path: dir + "catalog-info.yaml", Data: []byte(entity(fmt.Sprintf("c%03d", i), "", "  dependsOn: [component:hub]\n"))})
		r.Paths = append(r.Paths, dir+"a.go")
		r.Waivers = append(r.Waivers, waiver.Waiver{Rule: evil, Resource: "hub/**", Expires: "2027-01-01", Justification: evil})
		r.Architecture.Rules = append(r.Architecture.Rules, manifest.ArchitectureRule{Name: "r", Type: "acyclic", Reason: evil, Fix: evil})
		r.Config.Checks = append(r.Config.Checks, manifest.Check{Name: "c", Kind: "unit", Command: []string{evil}, Setup: []string{fmt.Sprint(evil, i)}})
		r.Config.Risk.Governance = append(r.Config.Risk.Governance, manifest.GovernanceRow{Paths: []string{"hub/**"}, Level: "high", Reason: evil})
	}
	for i := range 100 {
		files = append(files, catalog.SourceFile{Path: fmt.Sprintf("catalog/h%d.yaml", i), Data: []byte(entity(fmt.Sprint("h", i), fmt.Sprintf("adamant.dev/paths: hub/%d*", i), ""))})
		r.Paths = append(r.Paths, fmt.Sprintf("hub/%d.go", i))
	}
	files = append(files, catalog.SourceFile{Path: "hub/catalog-info.yaml", Data: []byte(entity("hub", "", ""))})
	files = append(files, catalog.SourceFile{Path: "catalog-info.yaml", Data: []byte("apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec: {targets: [./catalog/*.yaml]}\n")})
	r.Catalog, _ = catalog.Load(files)
	slices.Sort(r.Paths)
	pages := Pages(r)
	if len(pages) < 60 {
		t.Fatalf("%d pages", len(pages))
	}
	for _, p := range pages {
		text := string(section(p, "\n"))
		if n := strings.Count(text, "\n"); n > MaxLines {
			t.Fatalf("%s has %d lines", p.Path, n)
		}
		if n := strings.Count(text, "/`: "); p.Path == File && n > maxPlaces {
			t.Errorf("the page of the repository lists %d folders", n)
		}
		if _, _, found, err := find([]byte(text)); !found || err != nil || strings.Contains(text, "\x1b") || strings.Contains(text, "\n# ") {
			t.Fatalf("%s: %v\n%s", p.Path, err, text)
		}
	}
	if text := pageOf(t, pages, "AGENTS.md"); !strings.Contains(text, " more: `adamant catalog list`") {
		t.Errorf("the root lists them all:\n%s", text)
	}
	if again := Pages(r); !slices.EqualFunc(pages, again, func(a, b Page) bool { return a.Text == b.Text && a.Path == b.Path }) {
		t.Error("not the same twice")
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	p := Page{Title: "shop", Text: "new\n"}
	own := string(section(p, "\n"))
	old := string(section(Page{Text: "old\n"}, "\n"))
	tests := []struct {
		name, have string
		missing    bool
		add        bool
		want       string
		state      State
	}{
		{name: "no file", missing: true, want: "# shop\n\n" + own, state: Missing},
		{name: "empty file", want: "", state: Foreign},
		{name: "empty file, add", add: true, want: own, state: Foreign},
		{name: "by hand", have: "# Mine\n", want: "# Mine\n", state: Foreign},
		{name: "by hand, add", have: "# Mine", add: true, want: "# Mine\n\n" + own, state: Foreign},
		{name: "stale", have: "# Mine\n\n" + old + "\nMore\n", want: "# Mine\n\n" + own + "\nMore\n", state: Stale},
		{name: "current", have: "# Mine\n\n" + own + "\nMore", want: "# Mine\n\n" + own + "\nMore", state: Current},
		{name: "current, no last line end", have: strings.TrimSuffix(own, "\n"), want: strings.TrimSuffix(own, "\n"), state: Current},
		{name: "another wording of the marker", have: begin + " -->\nold\n" + endLine + "\n", want: own, state: Stale},
		{name: "carriage returns", have: "# Mine\r\n" + strings.ReplaceAll(old, "\n", "\r\n") + "x\r\n", want: "# Mine\r\n" + strings.ReplaceAll(own, "\n", "\r\n") + "x\r\n", state: Stale},
	}
	for _, tt := range tests {
		have := []byte(tt.have)
		if tt.missing {
			have = nil
		}
		got, state, err := Merge(have, p, tt.add)
		if err != nil || string(got) != tt.want || state != tt.state {
			t.Errorf("%s: %q, %s, %v", tt.name, got, state, err)
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	for text, line := range map[string]int{
		"a\n" + beginLine + "\nb\n":                                      2,
		endLine + "\n":                                                   1,
		beginLine + "\n" + beginLine + "\n" + endLine:                    2,
		beginLine + "\n" + endLine + "\n" + beginLine + "\n\n" + endLine: 3,
	} {
		_, _, err := Merge([]byte(text), Page{}, true)
		if bad := (*MarkerError)(nil); !errors.As(err, &bad) || bad.Line != line || !HasSection([]byte(text)) {
			t.Errorf("%q: %v, want line %d", text, err, line)
		}
	}
}

// Whatever stands in a file, a page put in twice is a page put in once, and what a person wrote stays.
func TestMergeKeeps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"", "text", "# title", beginLine, endLine, "``` code", begin, "\xff\xfe"}), 0, 9).Draw(t, "lines")
		have := []byte(strings.Join(lines, rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "eol")))
		add := rapid.Bool().Draw(t, "add")
		once, _, err := Merge(have, Page{Text: "one\n"}, add)
		if err != nil {
			return
		}
		again, state, err := Merge(once, Page{Text: "one\n"}, add)
		if err != nil || !bytes.Equal(once, again) || state == Stale || add && state != Current {
			t.Fatalf("again: %q after %q, %s, %v", again, once, state, err)
		}
		if from, to, found, _ := find(have); found && (!bytes.HasPrefix(once, have[:from]) || !bytes.HasSuffix(once, have[to:])) || !found && !bytes.HasPrefix(once, have) {
			t.Fatalf("%q became %q", have, once)
		}
	})
}
