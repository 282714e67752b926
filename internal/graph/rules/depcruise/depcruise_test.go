package depcruise

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// shop is a small application with one of everything.
func shop() *graph.Graph {
	var b graph.Builder
	file := func(name string) graph.ID { return b.Node(graph.Node{Name: name}) }
	edge := func(from, to string, kind imports.Kind, types imports.Types) {
		b.Edge(graph.Edge{From: file(from), To: file(to), Kind: kind, Types: types | imports.Local, Specifier: to})
	}
	outside := func(from, name string, kind graph.NodeKind, types imports.Types) {
		b.Edge(graph.Edge{From: file(from), To: b.Node(graph.Node{Kind: kind, Name: name}), Types: types, Specifier: strings.TrimPrefix(name, "npm:")})
	}
	edge("src/cart/ui.ts", "src/cart/model.ts", imports.Static, imports.ImportStatement)
	edge("src/cart/model.ts", "src/pay/model.ts", imports.Static, imports.ImportStatement)
	edge("src/pay/model.ts", "src/pay/rates.ts", imports.Static, imports.ImportStatement)
	edge("src/pay/rates.ts", "src/cart/model.ts", imports.TypeOnly, imports.ImportStatement|imports.TypeOnlyType)
	edge("src/pay/deep/late.ts", "src/pay/rates.ts", imports.Static, imports.ImportStatement)
	edge("src/cart/ui.ts", "src/pay/deep/late.ts", imports.Dynamic, imports.DynamicImport)
	edge("src/pay/deep/late.ts", "src/amd.js", imports.Require, imports.ExoticRequire)
	outside("src/cart/ui.ts", "npm:react", graph.External, imports.NPM|imports.NPMPeer)
	outside("src/pay/rates.ts", "npm:chai", graph.External, imports.NPMDev)
	outside("src/pay/rates.ts", "node:fs", graph.External, imports.Core)
	outside("src/pay/model.ts", "./gone", graph.Unresolved, 0)
	file("src/lonely.ts")
	file("src/types.d.ts")
	return b.Graph()
}

func read(t *testing.T, text string) *rules.Set {
	t.Helper()
	set, problems := Read(".dependency-cruiser.json", []byte(text), nil)
	if err := manifest.Join(problems); err != nil {
		t.Fatal(err)
	}
	return set
}

func verdicts(t *testing.T, set *rules.Set) string {
	t.Helper()
	report, err := rules.Judge(t.Context(), shop(), set, rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range report.Violations {
		line := v.Kind + " " + strings.TrimPrefix(v.From, "src/")
		if v.From != v.To {
			line += ">" + strings.TrimPrefix(v.To, "src/")
		}
		out = append(out, line)
	}
	return strings.Join(out, ", ")
}

// TestAttributes has one case for each attribute of a rule. Type-only dependencies count.
func TestAttributes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, rule, want string }{
		{"from.path", `"from": {"path": "^src/cart/ui"}, "to": {"path": "model"}`, "dependency cart/ui.ts>cart/model.ts"},
		{"from.path list", `"from": {"path": ["^src/cart/ui", "^src/cart/mo"]}, "to": {"path": "model"}`,
			"dependency cart/model.ts>pay/model.ts, dependency cart/ui.ts>cart/model.ts"},
		{"from.pathNot", `"from": {"pathNot": "ui|pay"}, "to": {}`, "dependency cart/model.ts>pay/model.ts"},
		{"from.orphan", `"from": {"orphan": true, "pathNot": "d[.]ts$"}, "to": {}`, "module lonely.ts"},
		{"from.orphan false", `"from": {"orphan": false, "path": "ui"}, "to": {}`, "module cart/ui.ts"},
		{"to.pathNot", `"from": {"path": "late"}, "to": {"pathNot": "rates"}`, "dependency pay/deep/late.ts>amd.js"},
		{"groups", `"from": {"path": "^src/([^/]+)/"}, "to": {"path": "^src/([^/]+)/", "pathNot": "^src/$1/"}`,
			"dependency cart/model.ts>pay/model.ts, dependency cart/ui.ts>pay/deep/late.ts, dependency pay/rates.ts>cart/model.ts"},
		{"couldNotResolve", `"from": {}, "to": {"couldNotResolve": true}`, "dependency pay/model.ts>./gone"},
		{"circular", `"from": {}, "to": {"circular": true}`,
			"cycle cart/model.ts>pay/model.ts, cycle pay/model.ts>pay/rates.ts, cycle pay/rates.ts>cart/model.ts"},
		{"circular false", `"from": {"path": "cart/ui"}, "to": {"circular": false, "path": "^src"}`,
			"dependency cart/ui.ts>cart/model.ts, dependency cart/ui.ts>pay/deep/late.ts"},
		{"via", `"from": {"path": "cart/model"}, "to": {"circular": true, "via": "rates"}`, "cycle cart/model.ts>pay/model.ts"},
		{"via none", `"from": {"path": "cart/model"}, "to": {"circular": true, "via": {"path": "late"}}`, ""},
		{"via types", `"from": {"path": "cart/model"}, "to": {"circular": true, "via": {"dependencyTypes": ["type-only"]}}`, "cycle cart/model.ts>pay/model.ts"},
		{"viaOnly", `"from": {}, "to": {"circular": true, "viaOnly": {"dependencyTypesNot": ["type-only"]}}`, ""},
		{"viaOnly path", `"from": {"path": "cart/model"}, "to": {"circular": true, "viaOnly": {"path": "^src"}}`, "cycle cart/model.ts>pay/model.ts"},
		{"viaNot", `"from": {"path": "cart/model"}, "to": {"circular": true, "viaNot": "rates"}`, ""},
		{"viaSomeNot", `"from": {"path": "cart/model"}, "to": {"circular": true, "viaSomeNot": "rates"}`, "cycle cart/model.ts>pay/model.ts"},
		{"dynamic", `"from": {}, "to": {"dynamic": true}`, "dependency cart/ui.ts>pay/deep/late.ts"},
		{"dynamic false", `"from": {"path": "ui"}, "to": {"dynamic": false, "path": "src"}`, "dependency cart/ui.ts>cart/model.ts"},
		{"preCompilationOnly", `"from": {}, "to": {"preCompilationOnly": true}`, "dependency pay/rates.ts>cart/model.ts"},
		{"dependencyTypes", `"from": {}, "to": {"dependencyTypes": ["npm-dev", "core"]}`, "dependency pay/rates.ts>fs, dependency pay/rates.ts>node_modules/chai"},
		{"dependencyTypesNot", `"from": {"path": "rates"}, "to": {"dependencyTypesNot": ["core", "type-only"]}`, "dependency pay/rates.ts>node_modules/chai"},
		{"moreThanOneDependencyType", `"from": {}, "to": {"moreThanOneDependencyType": true}`, "dependency cart/ui.ts>node_modules/react"},
		{"exoticallyRequired", `"from": {}, "to": {"exoticallyRequired": true}`, "dependency pay/deep/late.ts>amd.js"},
		{"moreUnstable", `"from": {}, "to": {"moreUnstable": true}`, "instability cart/model.ts>pay/model.ts"},
		{"ancestor", `"from": {}, "to": {"ancestor": true, "path": "^src/pay"}`, "dependency pay/deep/late.ts>pay/rates.ts"},
		{"reachable", `"from": {"path": "late"}, "to": {"reachable": true, "path": "pay/model"}`, "reachability pay/deep/late.ts>pay/model.ts"},
		{"reachable false", `"from": {"path": "late"}, "to": {"reachable": false, "path": "^src/(cart|lonely)"}`, "module cart/ui.ts, module lonely.ts"},
		{"more dependents", `"module": {"numberOfDependentsMoreThan": 1, "path": "^src/pay"}, "from": {}`, "module pay/rates.ts"},
		{"less dependents", `"module": {"numberOfDependentsLessThan": 1, "pathNot": "ui|d[.]ts|lonely"}, "from": {}`, ""},
		{"dependents of a kind", `"module": {"numberOfDependentsMoreThan": 0, "path": "rates"}, "from": {"path": "late"}`, "module pay/rates.ts"},
		{"folder", `"scope": "folder", "from": {"path": "^src/cart$"}, "to": {"path": "^src/pay$"}`, "folder cart>pay"},
		{"folder circular", `"scope": "folder", "from": {}, "to": {"circular": true}`, "folder cart>pay, folder cart>pay/deep, folder pay>cart, folder pay/deep>pay"},
		{"ignored", `"severity": "ignore", "from": {}, "to": {}`, ""},
		{"licence is unknown", `"from": {}, "to": {"license": "GPL"}`, ""},
		{"names of loaders are unknown", `"from": {}, "to": {"exoticRequire": "x", "exoticRequireNot": "y"}`, ""},
		{"deprecation is unknown", `"from": {}, "to": {"dependencyTypes": ["deprecated"]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			set := read(t, `{"forbidden": [{"name": "r", `+c.rule+`}], "options": {"tsPreCompilationDeps": "specify"}}`)
			if have := verdicts(t, set); have != c.want {
				t.Errorf("have %q\nwant %q", have, c.want)
			}
		})
	}
}

func TestAllowedAndRequired(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, config, want string }{
		{"allowed", `"allowed": [{"from": {}, "to": {"path": "^src"}}, {"from": {}, "to": {"dependencyTypes": ["core", "npm"]}}]`,
			"dependency pay/model.ts>./gone, dependency pay/rates.ts>node_modules/chai"},
		{"allowedSeverity", `"allowed": [{"from": {}, "to": {}}], "allowedSeverity": "error"`, ""},
		{"required", `"required": [{"name": "r", "module": {"path": "^src/pay/"}, "to": {"path": "rates"}}]`, "module pay/rates.ts"},
		{"required group", `"required": [{"name": "r", "module": {"path": "^src/([^/]+)/[^/]+$"}, "to": {"path": "^src/$1/"}}]`,
			"module cart/model.ts, module pay/rates.ts"},
		{"required in the end", `"required": [{"name": "r", "module": {"path": "^src/cart/ui"}, "to": {"path": "rates", "reachable": true}}]`, ""},
		{"types are left out by default", `"forbidden": [{"name": "r", "from": {}, "to": {"circular": true}}]`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if have := verdicts(t, read(t, "{"+c.config+"}")); have != c.want {
				t.Errorf("have %q\nwant %q", have, c.want)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	const all = `{"forbidden": [{"name": "r", "from": {"path": "late|ui"}, "to": {}}], "options": {%s}}`
	for _, c := range []struct{ options, want string }{
		{`"exclude": "amd|react|model"`, "dependency cart/ui.ts>pay/deep/late.ts, dependency pay/deep/late.ts>pay/rates.ts"},
		{`"exclude": {"path": ["amd", "react"], "dynamic": true}`, "dependency cart/ui.ts>cart/model.ts, dependency pay/deep/late.ts>pay/rates.ts"},
		{`"includeOnly": {"path": "late|ui"}`, "dependency cart/ui.ts>pay/deep/late.ts"},
		{`"doNotFollow": "late", "exclude": "model|react"`, "dependency cart/ui.ts>pay/deep/late.ts"},
		{`"focus": {"path": "amd", "depth": 1}`, "dependency pay/deep/late.ts>amd.js"},
		{`"reaches": "amd"`, "dependency cart/ui.ts>pay/deep/late.ts, dependency pay/deep/late.ts>amd.js"},
	} {
		if have := verdicts(t, read(t, fmt.Sprintf(all, c.options))); have != c.want {
			t.Errorf("%s\nhave %q\nwant %q", c.options, have, c.want)
		}
	}
	if set := read(t, `{"options": {"tsConfig": {"fileName": "x"}, "maxDepth": 3}}`); len(set.Notes) != 2 {
		t.Errorf("options that are not obeyed are not noted: %v", set.Notes)
	}
}

func TestExtends(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"conf/base.json": `{"forbidden": [{"name": "r", "severity": "error", "from": {"path": "late"}, "to": {"path": "amd"}}], "extends": "./more.json"}`,
		"conf/more.json": `{"allowed": [{"from": {}, "to": {}}]}`,
		"loop.json":      `{"extends": "./.dependency-cruiser.json"}`,
	}
	open := func(p string) ([]byte, error) {
		if text, ok := files[p]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no such file")
	}
	set, problems := Read(".dependency-cruiser.json", []byte(`{
		// comments and a comma at the end are fine
		"extends": ["./conf/base.json", "dependency-cruiser/configs/recommended"], /* both */
		"forbidden": [{"name": "r", "severity": "info"}, {"name": "no-orphans", "severity": "ignore"},],
	}`), open)
	if err := manifest.Join(problems); err != nil {
		t.Fatal(err)
	}
	if len(set.Forbidden) != 7 || set.Forbidden[0].Severity != "note" || len(set.Allowed) != 1 {
		t.Errorf("%d rules, first %+v", len(set.Forbidden), set.Forbidden[0])
	}
	if have := verdicts(t, set); !strings.Contains(have, "deep/late.ts>amd.js") {
		t.Errorf("have %q", have)
	}
	for config, want := range map[string]string{
		`{"extends": "./loop.json"}`:                              "extends itself",
		`{"extends": "./gone.json"}`:                              "no such file",
		`{"extends": "../out.json"}`:                              "outside the repository",
		`{"extends": "./rules.js"}`:                               "convert it once",
		`{"extends": "@our/rules"}`:                               "in a package",
		`{"extends": "dependency-cruiser/configs/unheard-of"}`:    "not known",
		`{"extends": "dependency-cruiser/configs/rules/no-such"}`: "not known",
	} {
		_, problems := Read(".dependency-cruiser.json", []byte(config), open)
		if err := manifest.Join(problems); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func TestPresets(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"recommended":                   "warning,error,error,warning,error,warning,error",
		"recommended-strict":            "error,error,error,error,error,error,error",
		"recommended-warn-only":         "warning,warning,warning,warning,warning,warning,warning",
		"rules/no-circular.cjs":         "error",
		"plugins/stats-reporter-plugin": "",
	} {
		set := read(t, `{"extends": "dependency-cruiser/configs/`+name+`"}`)
		var have []string
		for _, r := range set.Forbidden {
			have = append(have, string(r.Severity))
		}
		if strings.Join(have, ",") != want {
			t.Errorf("%s: %v", name, have)
		}
	}
}

func TestBadConfigurationsHaveAPlace(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		"{\n  \"forbiden\": []\n}":                                          "c.json:2:3: the configuration has no attribute \"forbiden\"",
		`{"forbidden": [{"from": {}, "to": {"pth": "x"}}]}`:                 "to has no attribute \"pth\"",
		`{"forbidden": [{"from": {"path": "("}, "to": {}}]}`:                "pattern \"(\"",
		`{"forbidden": [{"from": {}}]}`:                                     "needs from and to",
		`{"forbidden": [{"from": {}, "to": {"circular": "yes"}}]}`:          "want true or false",
		`{"forbidden": [{"severity": "bad", "from": {}, "to": {}}]}`:        "want one of error, warn, info, ignore",
		`{"forbidden": [{"from": {}, "to": {"dependencyTypes": ["npn"]}}]}`: "is no dependency type",
		`{"forbidden": [{"module": {"path": "x"}, "from": {}}]}`:            "needs numberOfDependents",
		`{"forbidden": {}}`:              "want a list",
		`{"required": [{"module": {}}]}`: "needs module and to",
		`{"options": {"exlude": "x"}}`:   "no option \"exlude\"",
		`[]`:                             "want an object",
		`{`:                              "c.json:1:2",
	} {
		_, problems := Read("c.json", []byte(config), nil)
		if err := manifest.Join(problems); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"extends": "dependency-cruiser/configs/recommended", "forbidden": [{"name": "r", "from": {"path": "(a)"}, "to": {"path": "$1"}}],}`))
	f.Add([]byte(`{"options": {"exclude": {"path": ["a"]}} /* x */ }`))
	f.Add([]byte(`"\`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, problems := Read("c.json", data, nil)
		if (set == nil) != (len(problems) > 0) && set == nil {
			t.Errorf("no rules and no reason")
		}
		if len(plain(data)) != len(data) {
			t.Error("places move")
		}
	})
}
