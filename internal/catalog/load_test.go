package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/finding"
)

func component(name, more string) string {
	return fmt.Sprintf("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: %s\nspec:\n  type: service\n  lifecycle: production\n  owner: operator\n%s", name, more)
}

func file(path string, docs ...string) SourceFile {
	return SourceFile{Path: path, Data: []byte(strings.Join(docs, "---\n"))}
}

func load(t *testing.T, files ...SourceFile) (*Catalog, []string) {
	t.Helper()
	c, findings := Load(files)
	var out []string
	for _, f := range findings {
		if f.Fingerprint == "" || f.Path == "" {
			t.Errorf("finding without fingerprint or path: %+v", f)
		}
		out = append(out, fmt.Sprintf("%s:%d:%d %s %s", f.Path, f.Line, f.Column, f.Rule, f.Message))
	}
	return c, out
}

func TestComponentOf(t *testing.T) {
	t.Parallel()
	annotated := func(name, paths string) string {
		return strings.Replace(component(name, ""), "spec:", "  annotations:\n    adamant.dev/paths: \""+paths+"\"\nspec:", 1)
	}
	resource := strings.NewReplacer("Component", "Resource", "name: web", "name: db").Replace(component("web", ""))
	c, findings := load(t,
		file("catalog-info.yaml", component("root", ""), resource),
		file("services/pay/catalog-info.yaml", component("pay", "")),
		file("services/pay/api/catalog-info.yml", component("pay-api", "")),
		file("tools/catalog-info.yaml", annotated("tools", `tools/**, scripts,\n*.proto, services/pay/{gen,out}/**`)),
		file("docs/catalog-info.yaml", strings.Replace(component("site", ""), "Component", "System", 1)),
	)
	if len(findings) > 0 {
		t.Errorf("findings: %v", findings)
	}
	for path, want := range map[string]string{
		"main.go":                       "component:default/root",
		"docs/a.md":                     "component:default/root", // a System owns no folder
		"services/pay/main.go":          "component:default/pay",
		"services/payment/main.go":      "component:default/root",
		"services/pay/api/x/y.go":       "component:default/pay-api",
		"services/pay/gen/x.go":         "component:default/tools", // longer text before the wildcard
		"tools/a.go":                    "component:default/tools",
		"scripts":                       "component:default/tools",
		"scripts/build.sh":              "component:default/tools",
		"x/scripts/build.sh":            "component:default/root",  // a plain path is at the root
		"services/pay/v1/service.proto": "component:default/pay",   // *.proto has no text before its wildcard
		"x.proto":                       "component:default/tools", // longer than "/"
	} {
		e, ok := c.ComponentOf(path)
		if !ok || e.Ref != want {
			t.Errorf("ComponentOf(%q) = %v, want %s", path, e, want)
		}
	}
}

func TestComponentOfTie(t *testing.T) {
	t.Parallel()
	docs := []string{component("b", ""), component("a", "")}
	for range 2 {
		c, findings := load(t, file("x/catalog-info.yaml", docs...))
		e, ok := c.ComponentOf("x/y")
		if !ok || e.Name != "a" {
			t.Errorf("tie goes to %v, want a", e)
		}
		if len(findings) != 1 || !strings.Contains(findings[0], "catalog/ambiguous-paths component:default/b claims /x/, and so does component:default/a") {
			t.Errorf("findings: %v", findings)
		}
		if _, ok := c.ComponentOf("y"); ok {
			t.Error("y has an owner")
		}
		slices.Reverse(docs)
	}
}

func TestLoadFindings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files []SourceFile
		want  []string // substrings, one a finding, in order
	}{
		"broken document hides nothing": {
			[]SourceFile{file("catalog-info.yaml", component("a", ""), "x: [\n", component("c", ""))},
			[]string{"catalog-info.yaml:10:4 catalog/unreadable", "catalog-info.yaml:12:1 catalog/ambiguous-paths component:default/c"}},
		"invalid": {
			[]SourceFile{file("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\nspec: {type: x}\n")},
			[]string{"4:1 catalog/invalid spec must have \"lifecycle\"", "4:1 catalog/invalid spec must have \"owner\""}},
		"twice": {
			[]SourceFile{file("b/catalog-info.yaml", component("a", "")), file("a/catalog-info.yaml", component("A", ""))},
			[]string{"b/catalog-info.yaml:4:3 catalog/duplicate-ref component:default/a is here twice; the first one is a/catalog-info.yaml:1"}},
		"unknown owner and relations": {
			[]SourceFile{file("catalog-info.yaml", strings.Replace(component("a", "  system: shop\n  dependsOn: [b, 'component:c']\n  consumesApis: [x]\n"), "operator", "nobody", 1))},
			[]string{`8:3 catalog/unresolved-owner owner "nobody"`, "9:3 catalog/unresolved-relation system names system:default/shop", `10:15 catalog/invalid-relation dependsOn: "b" names no kind`,
				"10:18 catalog/unresolved-relation dependsOn names component:default/c", "11:18 catalog/unresolved-relation consumesApis names api:default/x"}},
		"persona owns": {
			[]SourceFile{file("catalog-info.yaml", strings.Replace(component("a", ""), "operator", "coder", 1)), file(".adamant/agents/coder.yaml", "kind: Agent\n")},
			nil},
		"wrong risk profile": {
			[]SourceFile{file("catalog-info.yaml", strings.Replace(component("a", ""), "spec:", "  annotations: {risk-profile: severe, adamant.dev/paths: 'a{'}\nspec:", 1))},
			[]string{"5:17 catalog/invalid risk-profile cannot be \"severe\"", "5:39 catalog/invalid adamant.dev/paths: path glob"}},
		"kind misspelt": {
			[]SourceFile{file("catalog-info.yaml", strings.Replace(component("a", ""), "Component", "component", 1))},
			[]string{"2:1 catalog/unknown-kind no kind component in backstage.io/v1alpha1; want Component"}},
		"template placeholders are no entity": {
			[]SourceFile{file("catalog-info.yaml", "kind: ${{ values.kind }}\nmetadata:\n  name: ${{ values.name | dump }}\n")},
			[]string{"catalog/invalid the entity must have \"apiVersion\""}},
		"location": {
			[]SourceFile{file("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec:\n  targets: [./catalog/*.yaml, ./gone/catalog-info.yaml, 'https://example.com/x.yaml']\n"),
				file("catalog/a.yaml", component("a", "")), file("catalog/deep/b.yaml", "not: read\n")},
			[]string{"5:31 catalog/missing-target there is no file gone/catalog-info.yaml"}},
		"catalog folder without location": {
			[]SourceFile{file("catalog/a.yaml", "not: read\n")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got := load(t, c.files...)
			slices.Reverse(c.files)
			if _, again := load(t, c.files...); !slices.Equal(got, again) {
				t.Errorf("order of files matters: %q, %q", got, again)
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %q, want %d findings", got, len(c.want))
			}
			for i := range got {
				if !strings.Contains(got[i], c.want[i]) {
					t.Errorf("got %q, want %q", got[i], c.want[i])
				}
			}
		})
	}
}

func TestUnclaimed(t *testing.T) {
	t.Parallel()
	c, _ := load(t, file("a/catalog-info.yaml", component("a", "")))
	got := c.Unclaimed([]string{"a/x.go", "b/x.go", "b/y.go"})
	if len(got) != 2 || got[0].Path != "b/x.go" || got[0].Severity != finding.Warning || got[0].Fingerprint == "" {
		t.Errorf("Unclaimed: %+v", got)
	}
	empty, _ := load(t)
	if got := empty.Unclaimed([]string{"x.go"}); got != nil {
		t.Errorf("without a catalog: %+v", got)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	head := "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: a\n"
	spec := "spec:\n  type: service\n  lifecycle: production\n  owner: operator\n"
	base := head + "  description: old\n  annotations:\n    adamant.dev/risk-profile: high\n    x/y: '1'\n" + spec
	for name, c := range map[string]struct {
		merged SourceFile
		want   []string
	}{
		"nothing":     {file("catalog-info.yaml", base), nil},
		"description": {file("catalog-info.yaml", strings.Replace(base, "old", "new", 1)), []string{"5 metadata.description changed old>new false"}},
		"owner":       {file("catalog-info.yaml", strings.Replace(base, "owner: operator", "owner: coder", 1)), []string{"12 spec.owner changed operator>coder true"}},
		"risk profile lowered": {file("catalog-info.yaml", strings.Replace(base, "high", "low", 1)),
			[]string{"7 metadata.annotations.adamant.dev/risk-profile changed high>low true"}},
		"annotations gone": {file("catalog-info.yaml", head+"  description: old\n"+spec),
			[]string{"7 metadata.annotations.adamant.dev/risk-profile removed high> true", "8 metadata.annotations.x/y removed 1> false"}},
		"classification": {file("catalog-info.yaml", strings.Replace(base, "x/y: '1'", "x/y: '1'\n    compliance/data-classification: pii", 1)),
			[]string{"9 metadata.annotations.compliance/data-classification added >pii true"}},
		"moved away from what it owns": {file("other/catalog-info.yaml", base), []string{"6 paths changed />/other/ true"}},
		"tags and links": {file("catalog-info.yaml", strings.Replace(base, "  description: old\n", "  description: old\n  tags: [x, y]\n  title: A\n", 1)),
			[]string{`6 metadata.tags added >["x","y"] false`, "7 metadata.title added >A false"}},
		"renamed":            {file("catalog-info.yaml", strings.Replace(base, "name: a", "name: b", 1)), []string{"1  removed > false", "1  added > false"}},
		"kind in lower case": {file("catalog-info.yaml", strings.Replace(base, "Component", "component", 1)), []string{"2 kind changed Component>component true", "6 paths changed /> true"}},
		"file deleted":       {file("x.yaml", base), []string{"1  removed > false"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, _ := Load([]SourceFile{file("catalog-info.yaml", base)})
			after, _ := Load([]SourceFile{c.merged})
			var got []string
			for _, d := range Diff(before, after) {
				got = append(got, fmt.Sprintf("%d %s %s %s>%s %v", d.Line, d.Field, d.Kind, d.Old, d.New, d.Governance))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestDiffNil(t *testing.T) {
	t.Parallel()
	c, _ := load(t, file("catalog-info.yaml", component("a", "")))
	if got := Diff(nil, c); len(got) != 1 || got[0].Kind != Added {
		t.Errorf("Diff(nil, c) = %v", got)
	}
	if got := Diff(c, nil); len(got) != 1 || got[0].Kind != Removed {
		t.Errorf("Diff(c, nil) = %v", got)
	}
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	old := strings.Replace(component("old", ""), "production", "deprecated", 1)
	fresh := component("old", "")
	user := func(dep string) string { return component("user", dep) }
	const needs = "  dependsOn: [component:old]\n"
	for name, c := range map[string]struct {
		base, merged []string
		want         int
	}{
		"new dependent":                     {[]string{old, user("")}, []string{old, user(needs)}, 1},
		"it was there":                      {[]string{old, user(needs)}, []string{old, user(needs)}, 0},
		"undeprecated by the same change":   {[]string{old, user("")}, []string{fresh, user(needs)}, 1},
		"deprecated by the same change":     {[]string{fresh, user("")}, []string{old, user(needs)}, 1},
		"alive":                             {[]string{fresh, user("")}, []string{fresh, user(needs)}, 0},
		"new entity":                        {[]string{old}, []string{old, user(needs)}, 1},
		"said from the other side":          {[]string{old, user("")}, []string{old + "  dependencyOf: [component:user]\n", user("")}, 1},
		"deprecated while dependents exist": {[]string{fresh, user(needs)}, []string{old, user(needs)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, _ := Load([]SourceFile{file("catalog-info.yaml", c.base...)})
			merged, _ := Load([]SourceFile{file("catalog-info.yaml", c.merged...)})
			got := Lifecycle(base, merged)
			if len(got) != c.want {
				t.Errorf("got %+v, want %d findings", got, c.want)
			}
			for _, f := range got {
				if f.Line == 0 || f.Severity != finding.Error || f.Fingerprint == "" {
					t.Errorf("finding %+v", f)
				}
			}
		})
	}
}

func TestGovernance(t *testing.T) {
	t.Parallel()
	c, _ := load(t, file("catalog-info.yaml", strings.Replace(component("a", ""), "spec:", "  annotations: {risk-profile: high, compliance/data-classification: pii}\nspec:", 1)))
	want := Governance{Ref: "component:default/a", Owner: "operator", Lifecycle: "production", RiskProfile: "high", DataClassification: "pii"}
	if got := c.Governance("component:default/a"); got != want {
		t.Errorf("got %+v", got)
	}
	var none *Catalog
	if got := none.Governance("component:default/a"); got.Owner != "" || none.Len() != 0 || none.Entities() != nil || none.Unclaimed([]string{"a.go"}) != nil {
		t.Errorf("without a catalog: %+v", got)
	}
	if got := c.Governance("component:default/none"); got != (Governance{Ref: "component:default/none"}) {
		t.Errorf("got %+v", got)
	}
}

func TestParseRef(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]string{
		"a": "component:ns/a", "Group:b": "group:ns/b", "x/C": "component:x/c", "api:x/c": "api:x/c",
		"": "", ":a": "", "x/": "", "/a": "", "a/b:c": "component:a/b:c",
	} {
		got, err := ParseRef(ref, "component", "ns")
		if got != want || (err != nil) != (want == "") {
			t.Errorf("ParseRef(%q) = %q, %v; want %q", ref, got, err, want)
		}
	}
}
