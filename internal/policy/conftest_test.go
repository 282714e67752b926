package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// foreignModules are texts as files under policy/.
func foreignModules(texts ...string) []facts.Module {
	out := make([]facts.Module, len(texts))
	for i, text := range texts {
		out[i] = facts.Module{Path: fmt.Sprintf("policy/%c.rego", 'a'+i), Text: text}
	}
	return out
}

func conftestEngine(t *testing.T, opt Options, texts ...string) *Engine {
	t.Helper()
	opt.NoBase = true
	e, err := Compile(context.Background(), foreignModules(texts...), opt)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func documentsOf(files ...string) []document.Document {
	var out []document.Document
	for i := 0; i < len(files); i += 2 {
		out = append(out, document.Parse(files[i], []byte(files[i+1]))...)
	}
	return out
}

// said lists violations as "path:line kind message [rule]".
func said(r *Result) []string {
	out := make([]string, len(r.Violations))
	for i, v := range r.Violations {
		out[i] = strings.TrimSpace(fmt.Sprintf("%s:%d %s %s [%s] %s", v.Path, v.Line, v.Kind, v.Message, v.Rule, v.State))
	}
	return out
}

const kindRule = "package main\n\ndeny contains input.kind if input.kind\n"

func TestConftest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		policy   string
		more     []string // further modules
		settings manifest.Conftest
		data     []facts.Module
		files    []string
		want     []string
	}{
		"texts": {policy: kindRule, files: []string{"k.yaml", "# c\nkind: A\n---\nkind: B\n"},
			want: []string{"k.yaml:2 deny A [conftest/main/deny] new", "k.yaml:4 deny B [conftest/main/deny] new"}},
		"objects, kinds and names": {policy: `package main
deny_root contains {"msg": "r", "details": {}} if input.kind
violation := [{"msg": "v"}] if input.kind
warn_x contains "w" if input.kind
deny contains "" if input.kind
`, files: []string{"k.json", `{"kind": "A"}`},
			want: []string{"k.json:1 deny r [conftest/main/deny_root] new", "k.json:1 deny v [conftest/main/violation] new", "k.json:1 warn w [conftest/main/warn_x] new"}},
		"Rego v0": {policy: "package main\n\ndeny[msg] {\n\tinput.kind\n\tmsg := input.kind\n}\n", files: []string{"k.yaml", "kind: A"},
			want: []string{"k.yaml:1 deny A [conftest/main/deny] new"}},
		"Rego v0 that v1 parses and does not compile": {policy: "package main\nimport future.keywords\ndeny contains \"x\" if any([input.kind == \"A\"])\n",
			files: []string{"k.yaml", "kind: A"}, want: []string{"k.yaml:1 deny x [conftest/main/deny] new"}},
		"sub-packages and libraries of both versions": {policy: "package main.kube\nimport rego.v1\nimport data.lib.names\ndeny contains names.of(input) if input.kind\n",
			more:  []string{"package lib.names\nof(x) = y {\n\ty := x.kind\n}\n", "package unrelated\nthis is not Rego"},
			files: []string{"k.yaml", "kind: A"}, want: []string{"k.yaml:1 deny A [conftest/main.kube/deny] new"}},
		"exceptions": {policy: `package main
deny_root contains "root" if input.kind
violation_root contains "v" if input.kind
warn_other contains "other" if input.kind
deny contains "bare" if input.kind
exception contains ["root"] if input.kind == "A"
exception contains [""] if input.kind == "B"
`, files: []string{"a.yaml", "kind: A", "b.yaml", "kind: B"}, want: []string{
			"a.yaml:1 deny bare [conftest/main/deny] new", "a.yaml:1 warn other [conftest/main/warn_other] new",
			"b.yaml:1 deny root [conftest/main/deny_root] new", "b.yaml:1 deny v [conftest/main/violation_root] new", "b.yaml:1 warn other [conftest/main/warn_other] new"}},
		"a file that is a list": {policy: kindRule, files: []string{"k.json", "[{\"kind\": \"A\"},\n {\"kind\": \"B\"}]"},
			want: []string{"k.json:1 deny A [conftest/main/deny] new", "k.json:2 deny B [conftest/main/deny] new"}},
		"a Dockerfile": {policy: "package main\ndeny contains sprintf(\"%v\", [c]) if some c in input\n", files: []string{"Dockerfile", "ARG A=1\nFROM x AS y\nENV K=v\nONBUILD RUN id\n"},
			want: []string{
				`Dockerfile:1 deny {"Cmd": "arg", "Flags": [], "JSON": false, "Stage": 0, "SubCmd": "", "Value": ["A=1"]} [conftest/main/deny] new`,
				`Dockerfile:1 deny {"Cmd": "env", "Flags": [], "JSON": false, "Stage": 0, "SubCmd": "", "Value": ["K", "v", "="]} [conftest/main/deny] new`,
				`Dockerfile:1 deny {"Cmd": "from", "Flags": [], "JSON": false, "Stage": 0, "SubCmd": "", "Value": ["x", "AS", "y"]} [conftest/main/deny] new`,
				`Dockerfile:1 deny {"Cmd": "onbuild", "Flags": [], "JSON": false, "Stage": 0, "SubCmd": "RUN", "Value": ["id"]} [conftest/main/deny] new`}},
		"an INI file": {policy: "package main\ndeny contains sprintf(\"%v\", [input])\n", files: []string{"a.ini", "top=1\n[s]\na=1\nb=1.5\nc=true\nd=x\ne=NaN\n"},
			want: []string{`a.ini:1 deny {"s": {"a": 1, "b": 1.5, "c": true, "d": "x", "e": "NaN"}} [conftest/main/deny] new`}},
		"_loc": {policy: "package main\ndeny contains {\"msg\": data.conftest.file.dir, \"_loc\": {\"file\": data.conftest.file.name, \"line\": 7}}\n",
			files: []string{"d/e/k.yaml", "kind: A"}, want: []string{"d/e/k.yaml:7 deny d/e [conftest/main/deny] new"}},
		"_loc that leads nowhere": {policy: "package main\ndeny contains {\"msg\": \"x\", \"_loc\": {\"file\": \"/etc/passwd\", \"line\": 7}}\n",
			files: []string{"k.yaml", "kind: A"}, want: []string{"k.yaml:1 deny x [conftest/main/deny] new"}},
		"what is no message": {policy: "package main\ndeny contains {\"message\": input.kind}\ndeny contains 7\n", files: []string{"k.yaml", "kind: A"},
			want: []string{"k.yaml:1 deny reported without a msg: 7 [conftest/main/deny] new", `k.yaml:1 deny reported without a msg: {"message": "A"} [conftest/main/deny] new`}},
		"data files": {policy: "package main\nimport data.limits\ndeny contains \"x\" if input.port in limits.ports\ndeny contains \"y\" if data.top\n",
			settings: manifest.Conftest{Data: []string{"conf"}},
			data:     []facts.Module{{Path: "conf/limits/a.yaml", Text: "ports: [22]"}, {Path: "conf/limits/b.json", Text: `{"more": 1}`}, {Path: "conf/c.yml", Text: "top: true"}},
			files:    []string{"k.yaml", "port: 22", "conf/c.yml", "port: 22"},
			want:     []string{"k.yaml:1 deny x [conftest/main/deny] new", "k.yaml:1 deny y [conftest/main/deny] new"}},
		"a library without rules": {policy: kindRule + "deny contains \"h\" if data.main.help.f\n", more: []string{"package main.help\nf if input.kind\n"},
			files: []string{"k.yaml", "kind: A"}, want: []string{"k.yaml:1 deny A [conftest/main/deny] new", "k.yaml:1 deny h [conftest/main/deny] new"}},
		"other namespaces, files and modules": {policy: "package k8s\ndeny contains \"x\" if input.kind\n", more: []string{"package main\nallow := true\n"},
			settings: manifest.Conftest{Namespaces: []string{"k8*"}, Files: []string{"deploy/**"}},
			files:    []string{"deploy/k.yaml", "kind: A", "k.yaml", "kind: A"}, want: []string{"deploy/k.yaml:1 deny x [conftest/k8s/deny] new"}},
		"combined": {policy: "package main\ndeny contains sprintf(\"%v\", [[x.path | some x in input]])\ndeny contains {\"msg\": \"loc\", \"_loc\": {\"file\": input[1].path}}\n",
			settings: manifest.Conftest{Combine: []string{"main"}},
			files:    []string{"b.yaml", "kind: B\n---\nkind: C\n", "a.yaml", "kind: A"},
			want:     []string{`:0 deny ["a.yaml", "b.yaml", "b.yaml"] [conftest/main/deny] new`, "b.yaml:0 deny loc [conftest/main/deny] new"}},
		"errors of built-in functions do not apply": {policy: "package main\ndeny contains \"x\" if startswith(input.kind, \"A\")\n",
			files: []string{"a.yaml", "kind: [A]", "b.yaml", "kind: A"}, want: []string{"b.yaml:1 deny x [conftest/main/deny] new"}},
		"adamant's files are no input":     {policy: "package main\ndeny contains \"x\"\n", files: []string{".adamant/adamant.yaml", "apiVersion: adamant.dev/v1\nkind: Repository\n"}, want: []string{}},
		"sets that are no slip of the pen": {policy: kindRule + "variation contains 1\ndenied contains 2\n", files: []string{"k.yaml", "kind: A"}, want: []string{"k.yaml:1 deny A [conftest/main/deny] new"}},
		"parse_config":                     {policy: "package main\ndeny contains parse_config(\"yaml\", input.text).a\n", files: []string{"k.yaml", "text: 'a: b'"}, want: []string{"k.yaml:1 deny b [conftest/main/deny] new"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := conftestEngine(t, Options{Settings: manifest.PolicySettings{Conftest: tt.settings}, Data: tt.data}, append([]string{tt.policy}, tt.more...)...)
			got := said(mustEval(t, e, &facts.Input{Documents: documentsOf(tt.files...)}))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// Each set of modules is broken in one way; the error names the place and says what to do.
func TestConftestCompileErrors(t *testing.T) {
	t.Parallel()
	for want, tt := range map[string]struct {
		policy   string
		settings manifest.Conftest
		data     []facts.Module
	}{
		"policy/a.rego:1:1: package main has no rule deny, violation or warn":                                                          {policy: "package main\nallow := true\n"},
		"policy/a.rego:3:1: rule denny is never evaluated; did you mean deny?":                                                         {policy: "package main\ndeny contains \"x\"\ndenny contains \"y\"\n"},
		"policy/a.rego:2:1: rule violations_a is never evaluated; did you mean violation?":                                             {policy: "package main\nviolations_a contains \"y\"\n"},
		"policy/a.rego:2:1: rule deny_ is never evaluated; did you mean deny?":                                                         {policy: "package main\ndeny_ contains \"y\"\n"},
		"policy/a.rego:2:1: deny must be a set of messages, or nothing is ever reported":                                               {policy: "package main\ndeny if input.x\n"},
		"policy/a.rego:2:1: deny_x must be a set of messages":                                                                          {policy: "package main\ndeny_x := \"text\" if input.x\n"},
		"policy/a.rego:2:28: unexpected [ token":                                                                                       {policy: "package main\ndeny contains \"x\" if input.[\n}\n"},
		"policy/a.rego:3:7: unexpected assign token":                                                                                   {policy: "package main\ndeny[x] {\n\tx := := 1\n}\nallow { true }\n"},
		"policy/a.rego:2:22: undefined function http.send: policies must give the same answer on every machine":                        {policy: "package main\ndeny contains \"x\" if http.send({})\n"},
		"policy/a.rego:2:22: data.limits is defined by no policy and no data file; name its file or folder: spec.policy.conftest.data": {policy: "package main\ndeny contains \"x\" if data.limits.ports[_]\n"},
		"conf/b.yaml:1: another data file defines data.a too":                                                                          {policy: kindRule, settings: manifest.Conftest{Data: []string{"conf"}}, data: []facts.Module{{Path: "conf/a.yaml", Text: "a: 1"}, {Path: "conf/b.yaml", Text: "a: 2"}}},
		"conf/a.yaml:1: a data file holds one document, a mapping":                                                                     {policy: kindRule, settings: manifest.Conftest{Data: []string{"conf"}}, data: []facts.Module{{Path: "conf/a.yaml", Text: "- 1"}}},
		`"[a" is no package, nor a glob of packages`:                                                                                   {policy: kindRule, settings: manifest.Conftest{Combine: []string{"[a"}}},
		"conf/a.yaml:2:": {policy: kindRule, settings: manifest.Conftest{Data: []string{"conf"}}, data: []facts.Module{{Path: "conf/a.yaml", Text: "a: 1\n b: 2"}}},
	} {
		_, err := Compile(context.Background(), foreignModules(tt.policy), Options{NoBase: true, Data: tt.data, Settings: manifest.PolicySettings{Conftest: tt.settings}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", tt.policy, err, want)
		}
	}
}

// A file of another tool is left alone whatever is in it; alone it is no rule.
func TestConftestLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	others := []string{"package k8srequiredlabels\nviolation[{\"msg\": msg}] {\n\tmsg := data.inventory\n}\n", "package lib.x\nnot rego at all\n", "package terraform.plan\ndeny contains 1\n"}
	if _, err := Compile(context.Background(), foreignModules(others...), Options{NoBase: true}); !errors.Is(err, ErrNoRules) {
		t.Errorf("foreign files alone: %v", err)
	}
	e := conftestEngine(t, Options{}, append(others, kindRule)...)
	if !e.Reads("policy/d.rego") || e.Reads("policy/a.rego") || e.Reads("policy/b.rego") {
		t.Error("reads the wrong modules")
	}
	ignored := Options{NoBase: true, Settings: manifest.PolicySettings{Conftest: manifest.Conftest{Ignore: []string{"policy/a.rego"}}}}
	if _, err := Compile(context.Background(), foreignModules(kindRule), ignored); !errors.Is(err, ErrNoRules) {
		t.Errorf("ignored module: %v", err)
	}
}

func TestConftestRules(t *testing.T) {
	t.Parallel()
	e := conftestEngine(t, Options{Settings: manifest.PolicySettings{Rules: map[string]string{"conftest/main/warn": "off"}}}, `package main

warn contains "w" if input.kind

# METADATA
# title: No kinds
# description: Kinds are bad.
deny contains "y" if input.kind
`)
	got := e.Rules()
	want := []Rule{{ID: "conftest/main/deny", Kind: Deny, Title: "No kinds", Description: "Kinds are bad.", Severity: "error", Path: "policy/a.rego", Line: 8},
		{ID: "conftest/main/warn", Kind: Warn, Title: "warn of package main", Severity: "warning", Mode: "off", Path: "policy/a.rego", Line: 3}}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	r := mustEval(t, e, &facts.Input{Documents: documentsOf("k.yaml", "kind: A")})
	if r.Rules != 1 || len(r.Violations) != 1 || r.Violations[0].Title != "No kinds" {
		t.Errorf("got %+v", r)
	}
}

// What base's documents broke too is unchanged, also when the file is renamed; one more is new.
func TestConftestComparesWithBase(t *testing.T) {
	t.Parallel()
	e := conftestEngine(t, Options{Settings: manifest.PolicySettings{Rules: map[string]string{"conftest/*": "ratchet"}}}, kindRule+"warn contains \"w\" if input.kind\n")
	in := &facts.Input{Documents: documentsOf("new.yaml", "x: 1\nkind: A\n---\nkind: B\n"), Before: documentsOf("old.yaml", "kind: A"),
		Files: []facts.File{{Path: "new.yaml", OldPath: "old.yaml"}}}
	got := said(mustEval(t, e, in))
	want := []string{"new.yaml:1 deny A [conftest/main/deny] unchanged", "new.yaml:1 deny w [conftest/main/warn] unchanged",
		"new.yaml:4 deny B [conftest/main/deny] new", "new.yaml:4 deny w [conftest/main/warn] new"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Combined policies see the documents of unchanged files too, on both sides.
func TestConftestCombinedComparesWithBase(t *testing.T) {
	t.Parallel()
	policy := `package main
deny contains sprintf("%s twice", [name]) if {
	some i, j
	i < j
	name := input[i].contents.name
	name == input[j].contents.name
}
`
	e := conftestEngine(t, Options{Settings: manifest.PolicySettings{Conftest: manifest.Conftest{Combine: []string{"main"}}}}, policy)
	in := &facts.Input{Documents: documentsOf("a.yaml", "name: x\n---\nname: y\n---\nname: z"), Before: documentsOf("a.yaml", "name: x"),
		Around: documentsOf("b.yaml", "name: x", "c.yaml", "name: y")}
	got := said(mustEval(t, e, in))
	want := []string{":0 deny x twice [conftest/main/deny] unchanged", ":0 deny y twice [conftest/main/deny] new"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// What fails while documents are judged stops the judgement: there is no result.
func TestConftestEvalErrors(t *testing.T) {
	t.Parallel()
	in := &facts.Input{Documents: documentsOf("k.yaml", "kind: [A]")}
	for want, tt := range map[string]struct {
		policy string
		opt    Options
	}{
		"policy/a.rego:4:1: rule data.main.x produced conflicting values": {policy: "package main\ndeny contains \"x\" if x\nx := 1 if input.kind\nx := 2 if input.kind\n"},
		"policy/a.rego:2:22: startswith: operand 1 must be string":        {policy: "package main\ndeny contains \"x\" if startswith(input.kind, \"A\")\n", opt: Options{Settings: manifest.PolicySettings{Conftest: manifest.Conftest{Strict: true}}}},
		"rule conftest/main/deny: is {\"a\": 1}, not a set of messages":   {policy: "package main\ndeny := x if x := {\"a\": 1}\n"},
		"was not evaluated within 50ms": {opt: Options{Deadline: 50 * time.Millisecond},
			policy: "package main\ndeny contains \"x\" if count([x | some a in numbers.range(1, 3000); some b in numbers.range(1, 3000); x := a * b]) > 1\n"},
	} {
		e := conftestEngine(t, tt.opt, tt.policy)
		r, err := e.Eval(context.Background(), in, noon)
		if err == nil || !strings.Contains(err.Error(), want) || r != nil {
			t.Errorf("%q: error %v, want %s", tt.policy, err, want)
		}
	}
}

// A document that came through JSON is judged as one that was parsed just now.
func TestConftestReplays(t *testing.T) {
	t.Parallel()
	e := conftestEngine(t, Options{}, "package main\ndeny contains sprintf(\"%v %v\", [input, data.conftest.file])\n")
	in := &facts.Input{Documents: documentsOf("k.yaml", "a: 1\nb: [1.5, 12345678901234567890]", "Dockerfile", "FROM x")}
	first := said(mustEval(t, e, in))
	again := said(mustEval(t, e, throughJSON(t, in)))
	if !slices.Equal(first, again) || len(first) != 2 {
		t.Errorf("got  %q\nthen %q", first, again)
	}
}

func throughJSON(t *testing.T, in *facts.Input) *facts.Input {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	out := &facts.Input{}
	if err := dec.Decode(out); err != nil {
		t.Fatal(err)
	}
	return out
}
