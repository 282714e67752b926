package policy

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func rules(texts ...string) []facts.Module {
	out := make([]facts.Module, len(texts))
	for i, text := range texts {
		out[i] = facts.Module{Path: ".adamant/policy/" + string(rune('a'+i)) + ".rego", Text: text}
	}
	return out
}

func mustCompile(t *testing.T, opt Options, texts ...string) *Engine {
	t.Helper()
	opt.NoBase = true
	e, err := Compile(context.Background(), rules(texts...), opt)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func mustEval(t *testing.T, e *Engine, in *facts.Input) *Result {
	t.Helper()
	r, err := e.Eval(context.Background(), in, noon)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func yamlInput(path, text string) *facts.Input {
	return &facts.Input{Documents: document.Parse(path, []byte(text))}
}

const podRule = `package adamant.rules.pods

# METADATA
# title: Pods need a name
# custom:
#   id: pods/named
#   fix: give it a name
deny contains {"message": "no name", "path": doc.path, "document": doc.index, "pointer": "/metadata/name"} if {
	some doc in input.byKind.kubernetes
	not doc.value.metadata.name
}
`

func TestEval(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, Options{}, podRule)
	r := mustEval(t, e, yamlInput("k.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Pod\n\nmetadata:\n  labels: {}\n"))
	if len(r.Violations) != 1 || r.Rules != 1 {
		t.Fatalf("got %+v", r)
	}
	v := r.Violations[0]
	v.entry, v.pointer = nil, ""
	want := Violation{Kind: Deny, Title: "Pods need a name", Finding: finding.Finding{Rule: "pods/named", Severity: finding.Error,
		Message: "no name", Path: "k.yaml", Line: 9, Fix: "give it a name", State: finding.New, Tool: Tool, Fingerprint: v.Fingerprint}}
	if v != want {
		t.Errorf("got  %+v\nwant %+v", v, want)
	}
}

// Each module is broken in one way; the error names the place and says what to do.
func TestCompileErrors(t *testing.T) {
	t.Parallel()
	const ok = "package adamant.rules.ok\n\ndeny contains \"x\" if input.files[_].binary\n"
	for _, tt := range []struct{ name, text, want string }{
		{"syntax", "package adamant.rules.a\n\ndeny contains \"x\" if {\n", ".rego:4: unexpected eof token"},
		{"empty", "# nothing\n", "module is empty"},
		{"misspelt input", "package adamant.rules.a\n\ndeny contains \"x\" if input.chnage.agent\n", ".rego:3:22: undefined ref: input.chnage"},
		{"misspelt input says what is there", "package adamant.rules.a\n\ndeny contains \"x\" if input.chnage.agent\n", "\"change\""},
		{"misspelt file field", "package adamant.rules.a\n\ndeny contains \"x\" if input.files[_].pth\n", "undefined ref: input.files[_].pth"},
		{"misspelt kind", "package adamant.rules.a\n\ndeny contains \"x\" if input.byKind.kubernets[_]\n", "undefined ref: input.byKind.kubernets"},
		{"misspelt config", "package adamant.rules.a\n\ndeny contains \"x\" if input.config.spec.agnets\n", "undefined ref: input.config.spec.agnets"},
		{"lines are hidden", "package adamant.rules.a\n\ndeny contains \"x\" if input.documents[_].lines\n", "undefined ref: input.documents[_].lines"},
		{"base is hidden", "package adamant.rules.a\n\ndeny contains \"x\" if input.documentsBase\n", "undefined ref: input.documentsBase"},
		{"module texts are hidden", "package adamant.rules.a\n\ndeny contains \"x\" if input.policy.modules\n", "undefined ref: input.policy.modules"},
		{"schema annotation changes nothing", "package adamant.rules.a\n\n# METADATA\n# schemas:\n#   - input: {type: object}\ndeny contains \"x\" if input.chnage\n", "undefined ref: input.chnage"},
		{"http.send", "package adamant.rules.a\n\ndeny contains \"x\" if http.send({\"url\": \"http://example.com\", \"method\": \"get\"})\n", ".rego:3:22: undefined function http.send: policies must give the same answer"},
		{"net", "package adamant.rules.a\n\ndeny contains \"x\" if net.lookup_ip_addr(\"example.com\")\n", "undefined function net.lookup_ip_addr"},
		{"rand", "package adamant.rules.a\n\ndeny contains \"x\" if rand.intn(\"a\", 2) == 1\n", "undefined function rand.intn"},
		{"uuid", "package adamant.rules.a\n\ndeny contains uuid.rfc4122(\"a\")\n", "undefined function uuid.rfc4122"},
		{"runtime", "package adamant.rules.a\n\ndeny contains \"x\" if opa.runtime().env.HOME\n", "undefined function opa.runtime"},
		{"signing", "package adamant.rules.a\n\ndeny contains io.jwt.encode_sign({}, {}, {})\n", "undefined function io.jwt.encode_sign"},
		{"zone", "package adamant.rules.a\n\ndeny contains \"x\" if time.clock([time.now_ns(), \"Local\"])[0] > 1\n", "invalid argument"},
		{"foreign package", "package adamant.rule.a\n\ndeny contains \"x\" if input.files[_]\n", ".rego:1:1: no rule of package adamant.rule.a is ever evaluated"},
		{"main package", "package main\n\ndeny contains \"x\" if input.files[_]\n", "no rule of package main is ever evaluated"},
		{"base package", "package adamant.base.secrets\n\ndeny contains \"x\" if input.files[_]\n", "belongs to adamant"},
		{"built-in library", "package adamant.lib.image\n\nmine(x) := x\n", "belongs to adamant"},
		{"misspelt entry point", "package adamant.rules.a\n\ndenny contains \"x\" if input.files[_]\n", ".rego:3:1: rule denny is never evaluated; did you mean deny?"},
		{"misspelt beside a good one", ok + "\nwarm contains \"x\" if input.files[_]\n", "did you mean warn?"},
		{"conftest names", "package adamant.rules.a\n\nviolation contains \"x\" if input.files[_]\n", "did you mean deny?"},
		{"no entry point", "package adamant.rules.a\n\nhelper(x) := x + 1\n", ".rego:1:1: package adamant.rules.a has no rule deny, hold, warn or require"},
		{"boolean deny", "package adamant.rules.a\n\ndeny if input.files[_].binary\n", "deny must be a set of records"},
		{"complete deny", "package adamant.rules.a\n\ndeny := \"x\" if input.files[_].binary\n", "deny must be a set of records"},
		{"default deny", "package adamant.rules.a\n\ndefault deny := false\n", "deny must be a set of records"},
		{"function deny", "package adamant.rules.a\n\ndeny(x) := x\n", "deny must be a set of records"},
		{"unknown field", "package adamant.rules.a\n\ndeny contains {\"message\": \"x\", \"msg\": \"y\"} if input.files[_].binary\n", ".rego:3:1: a record of deny has the field \"msg\"; its fields are document, fingerprint, fix, line, message, path, pointer, rule"},
		{"unknown field through a variable", "package adamant.rules.a\n\ndeny contains r if {\n\tinput.files[_].binary\n\tr := {\"mesage\": \"x\"}\n}\n", "has the field \"mesage\""},
		{"wrong type", "package adamant.rules.a\n\ndeny contains {\"message\": \"x\", \"path\": 1} if input.files[_].binary\n", "has a number as path; it must be a string"},
		{"no object", "package adamant.rules.a\n\ndeny contains 1 if input.files[_].binary\n", "is a number; it must be an object"},
		{"require text", "package adamant.rules.a\n\nrequire contains \"load\" if input.files[_].binary\n", "a record of require is a string"},
		{"unknown data", "package adamant.rules.a\n\ndeny contains \"x\" if data.adamant.lib.txt.clip\n", "data.adamant.lib.txt is defined by no policy"},
		{"other data", "package adamant.rules.a\n\ndeny contains \"x\" if data.exceptions[_]\n", "data.exceptions is defined by no policy"},
		{"unknown import", "package adamant.rules.a\n\nimport data.adamant.lib.nothing\n\ndeny contains \"x\" if nothing.a\n", "data.adamant.lib.nothing is defined by no policy"},
		{"all data", "package adamant.rules.a\n\ndeny contains \"x\" if {\n\tsome k\n\tdata[k]\n}\n", "rule data.adamant.rules.a.deny is recursive"},
		{"severity", "package adamant.rules.a\n\n# METADATA\n# custom:\n#   severity: terrible\ndeny contains \"x\" if input.files[_].binary\n", "custom.severity \"terrible\""},
		{"recursion", "package adamant.rules.a\n\nf(x) := f(x)\n\ndeny contains \"x\" if f(1)\n", "rule data.adamant.rules.a.f is recursive"},
		{"call in a negation", "package adamant.rules.a\n\nf(x) := x.a\n\ndeny contains \"x\" if not f(input.documents[0].value) == true\n", "f is called before the negation"},
		{"unsafe variable", "package adamant.rules.a\n\ndeny contains x if input.files[_].binary\n", "var x is unsafe"},
		{"strict: unused", "package adamant.rules.a\n\ndeny contains \"x\" if {\n\ty := input.files\n\tinput.files[_].binary\n}\n", "assigned var y unused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Compile(context.Background(), rules(tt.text), Options{NoBase: true})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Compile: %v\nwant %s", err, tt.want)
			}
			var diags manifest.Diagnostics
			if !errors.As(err, &diags) || diags[0].Path != ".adamant/policy/a.rego" || diags[0].Line == 0 {
				t.Errorf("%#v is not a list of diagnostics with places", err)
			}
		})
	}
}

func TestCompileRefusesNothing(t *testing.T) {
	t.Parallel()
	_, err := Compile(context.Background(), nil, Options{NoBase: true})
	if !errors.Is(err, ErrNoRules) {
		t.Errorf("no module: %v, want ErrNoRules", err)
	}
	off := Options{NoBase: true, Settings: manifest.PolicySettings{Rules: map[string]string{"pods/*": manifest.RuleOff}}}
	if _, err := Compile(context.Background(), rules(podRule), off); !errors.Is(err, ErrNoRules) {
		t.Errorf("all off: %v, want ErrNoRules", err)
	}
	tests := []facts.Module{{Path: "a_test.rego", Text: "package adamant.rules.a\n\ndeny contains \"x\" if true\n"}}
	if _, err := Compile(context.Background(), tests, Options{NoBase: true}); !errors.Is(err, ErrNoRules) {
		t.Errorf("tests only: %v, want ErrNoRules", err)
	}
	twice := []facts.Module{rules(podRule)[0], rules(podRule)[0]}
	if _, err := Compile(context.Background(), twice, Options{NoBase: true}); err == nil {
		t.Error("two modules of one path were accepted")
	}
}

func TestForeign(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path, text string
		want       bool
	}{
		{"policy/a.rego", "package main\n\ndeny[msg] { msg := 1 }\n", true},
		{"policy/a.rego", "# package adamant.rules.a\npackage kubernetes.admission\n", true},
		{"policy/a.rego", "package adamant.rules.a\n", false},
		{"policy/a.rego", "package adamnt.rules.a\n", false},
		{"policy/a.rego", "no package at all\n", false},
		{".adamant/policy/a.rego", "package main\n", false},
	} {
		if got := Foreign(facts.Module{Path: tt.path, Text: tt.text}); got != tt.want {
			t.Errorf("%s %q: foreign %v, want %v", tt.path, tt.text, got, tt.want)
		}
	}
	if _, err := Compile(context.Background(), []facts.Module{{Path: "policy/a.rego", Text: "package main\n\ndeny[msg] { msg := 1 }\n"}}, Options{}); err != nil {
		t.Errorf("a foreign module stopped the constitution: %v", err)
	}
}

func TestEvalErrors(t *testing.T) {
	t.Parallel()
	in := yamlInput("k.yaml", "a: [1, 2, x]\nb: k.yaml\n")
	for _, tt := range []struct{ name, text, want string }{
		{"builtin type error", "package adamant.rules.a\n\ndeny contains \"x\" if to_number(input.documents[_].value.a[_]) > 5\n", "a.rego:3:22: to_number"},
		{"builtin error in a negation", "package adamant.rules.a\n\ndeny contains \"x\" if not to_number(input.documents[0].value.a[2]) == 1\n", "to_number"},
		{"division", "package adamant.rules.a\n\ndeny contains \"x\" if 1 / (input.documents[0].value.a[0] - 1) > 1\n", "divide by zero"},
		{"conflict", "package adamant.rules.a\n\nlevel := 1 if input.documents[_].value.a\n\nlevel := 2 if input.documents[_].value.b\n\ndeny contains \"x\" if level > 1\n",
			"produced conflicting values: 1 at"},
		{"conflict of functions", "package adamant.rules.a\n\nf(x) := 1 if x\n\nf(x) := 2 if x\n\ndeny contains \"x\" if f(input.documents[0].value) == 1\n",
			"produced conflicting values for the same inputs"},
		{"no record", "package adamant.rules.a\n\ndeny contains x if some x in input.documents[_].value.a\n", "a.rego:3: rule a: reports 1; a record is an object"},
		{"unknown field", "package adamant.rules.a\n\ndeny contains r if {\n\tsome v in input.documents[_].value.a\n\tr := object.union({\"message\": \"m\"}, {\"k\": v})\n}\n", `reports the field "k"`},
		{"wrong type", "package adamant.rules.a\n\ndeny contains {\"message\": \"m\", \"path\": v} if some v in input.documents[_].value.a\n", "reports 1 as \"path\"; it must be a text"},
		{"broken line", "package adamant.rules.a\n\ndeny contains {\"message\": \"m\", \"path\": \"p\", \"line\": 1.5} if input.documents[_].value.a\n", "it must be a whole number"},
		{"no message", "package adamant.rules.a\n\ndeny contains {\"path\": \"p\"} if input.documents[_].value.a\n", "reports no message"},
		{"blank message", "package adamant.rules.a\n\ndeny contains \" \" if input.documents[_].value.a\n", "reports no message"},
		{"pointer without path", "package adamant.rules.a\n\ndeny contains {\"message\": \"m\", \"pointer\": \"/a\"} if input.documents[_].value.a\n", "no path"},
		{"pointer into nothing", "package adamant.rules.a\n\ndeny contains {\"message\": \"m\", \"path\": \"p\", \"pointer\": \"/a\"} if input.documents[_].value.a\n", "not among the documents"},
		{"require without reason", "package adamant.rules.a\n\nrequire contains {\"gate\": \"load\"} if input.documents[_].value.a\n", "gate and reason"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := mustCompile(t, Options{}, tt.text)
			r, err := e.Eval(context.Background(), in, noon)
			if err == nil || !strings.Contains(err.Error(), tt.want) || r != nil {
				t.Fatalf("Eval: %+v, %v\nwant %s", r, err, tt.want)
			}
		})
	}
}

const endless = `package adamant.rules.a

deny contains sprintf("%d", [count(s)]) if {
	s := {[a, b, c, d] |
		some a in numbers.range(1, 1000)
		some b in numbers.range(1, 1000)
		some c in numbers.range(1, 1000)
		some d in numbers.range(1, 1000)
	}
}
`

func TestDeadline(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, Options{Deadline: 50 * time.Millisecond}, endless)
	r, err := e.Eval(context.Background(), &facts.Input{}, noon)
	var timeout *TimeoutError
	if !errors.As(err, &timeout) || r != nil {
		t.Fatalf("Eval = %v, %v; want a TimeoutError and no result", r, err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, Options{}, endless)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r, err := e.Eval(ctx, &facts.Input{}, noon); !errors.Is(err, context.Canceled) || r != nil {
		t.Fatalf("Eval = %v, %v; want context.Canceled", r, err)
	}
}

func TestTimeIsPinned(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, Options{}, "package adamant.rules.a\n\ndeny contains time.format(time.now_ns())\n")
	r := mustEval(t, e, &facts.Input{})
	if got := r.Violations[0].Message; got != "2026-11-01T12:00:00Z" {
		t.Errorf("now is %s", got)
	}
}

func TestPrintIsErased(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, Options{}, "package adamant.rules.a\n\ndeny contains \"x\" if {\n\tprint(\"never shown\", input)\n}\n")
	if r := mustEval(t, e, &facts.Input{}); len(r.Violations) != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	text := "package adamant.rules.a\n\n# METADATA\n# custom: {id: x/deny}\ndeny contains \"d\"\n\n# METADATA\n# custom: {id: x/warn}\nwarn contains \"w\"\n\n" +
		"# METADATA\n# custom: {id: x/hold}\nhold contains \"h\"\n"
	for _, tt := range []struct {
		rules map[string]string
		want  string
	}{
		{nil, "x/deny deny error, x/hold hold warning, x/warn warn warning"},
		{map[string]string{"x/deny": "off"}, "x/hold hold warning, x/warn warn warning"},
		{map[string]string{"x/*": "deny"}, "x/deny deny error, x/hold deny error, x/warn deny error"},
		{map[string]string{"x/*": "warn", "x/hold": "ratchet"}, "x/deny warn warning, x/hold deny error, x/warn warn warning"},
	} {
		r := mustEval(t, mustCompile(t, Options{Settings: manifest.PolicySettings{Rules: tt.rules}}, text), &facts.Input{})
		var got []string
		for _, v := range r.Violations {
			got = append(got, v.Rule+" "+v.Kind+" "+string(v.Severity))
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%v: %v, want %s", tt.rules, got, tt.want)
		}
	}
}

// A rule that reports under other ids is switched by those.
func TestSwitchByRecord(t *testing.T) {
	t.Parallel()
	opt := Options{Settings: manifest.PolicySettings{Rules: map[string]string{"b": "off"}}}
	e := mustCompile(t, opt, "package adamant.rules.a\n\ndeny contains {\"message\": r, \"rule\": r} if some r in [\"b\", \"c\"]\n")
	if r := mustEval(t, e, &facts.Input{}); len(r.Violations) != 1 || r.Violations[0].Rule != "c" {
		t.Errorf("got %+v", r.Violations)
	}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, Options{}, "package adamant.rules.a\n\nrequire contains {\"gate\": \"load\", \"reason\": \"payment code\"}\n")
	r := mustEval(t, e, &facts.Input{})
	if len(r.Requires) != 1 || r.Requires[0] != (Requirement{Rule: "a", Gate: "load", Reason: "payment code"}) {
		t.Errorf("got %+v", r.Requires)
	}
}

// Policies may look at each other's records: the names they were written under stay.
func TestEntryPointsSeeEachOther(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"package adamant.rules.b\n\nwarn contains \"seen\" if count(data.adamant.rules.a.deny) == 1\n",
		"package adamant.rules.b\n\nimport data.adamant.rules.a\n\nwarn contains \"seen\" if count(a.deny) == 1\n",
		"package adamant.rules.b\n\nwarn contains \"seen\" if {\n\tsome p\n\tcount(data.adamant.rules[p].deny) == 1\n}\n",
		"package adamant.rules.a\n\nwarn contains \"seen\" if count(deny) == 1\n",
	} {
		r := mustEval(t, mustCompile(t, Options{}, "package adamant.rules.a\n\ndeny contains \"x\"\n", text), &facts.Input{})
		if len(r.Violations) != 2 || r.Rules != 2 {
			t.Errorf("%s: got %+v", text, r)
		}
	}
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	const pod = "apiVersion: v1\nkind: Pod\n"
	changeRule := strings.Replace(podRule, "	some doc", "	not input.change.agent\n	some doc", 1)
	for _, tt := range []struct {
		name, rule, basePath, base, head string
		want                             string
	}{
		{"was there", podRule, "k.yaml", pod, "# moved\n" + pod, "unchanged"},
		{"renamed file", podRule, "old.yaml", pod, pod, "unchanged"},
		{"moved to another file of the folder", podRule, "j.yaml", pod, pod, "unchanged"},
		{"the same in another folder", podRule, "dev/k.yaml", pod, pod, "new"},
		{"one more", podRule, "k.yaml", pod, pod + "---\n" + pod, "unchanged new"},
		{"added file", podRule, "", "", pod, "new"},
		{"base was fine", podRule, "k.yaml", pod + "metadata: {name: a}\n", pod, "new"},
		{"rule about the change", changeRule, "k.yaml", pod, pod, "new"},
	} {
		in := yamlInput("k.yaml", tt.head)
		if tt.base != "" {
			in.Before = document.Parse(tt.basePath, []byte(tt.base))
		}
		if tt.basePath == "old.yaml" {
			in.Files = []facts.File{{Path: "k.yaml", OldPath: "old.yaml", Status: "renamed"}}
		}
		var got []string
		for _, v := range mustEval(t, mustCompile(t, Options{}, tt.rule), in).Violations {
			got = append(got, string(v.State))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

// What a rule says without naming a file is about the change, even when it would say the same at base.
func TestNoPathIsNew(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, Options{}, "package adamant.rules.a\n\ndeny contains \"x\" if input.documents\n")
	in := yamlInput("k.yaml", "a: 1")
	in.Before = in.Documents
	if r := mustEval(t, e, in); r.Violations[0].State != finding.New {
		t.Errorf("got %+v", r.Violations)
	}
}

// The same document gives the same answer whether it was parsed just now or replayed from JSON.
func TestReplay(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, Options{}, `package adamant.rules.a

warn contains {"message": sprintf("%v", [v]), "path": d.path, "pointer": sprintf("/%s", [k])} if {
	some d in input.documents
	some k, v in d.value
}
`)
	in := yamlInput("k.yaml", "a: 9007199254740993\nb: 1.0\nc: 1e30\nd: 0.1\ne: [1, ~]\nf: 123456789012345678901234567890\n")
	in.Config = json.RawMessage(`{"spec":{"phase":1}}`)
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var again facts.Input
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	if err := dec.Decode(&again); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(mustEval(t, e, in))
	b, _ := json.Marshal(mustEval(t, e, &again))
	if string(a) != string(b) {
		t.Errorf("live   %s\nreplay %s", a, b)
	}
	if !strings.Contains(string(a), "9007199254740993") || !strings.Contains(string(a), `"line":4`) {
		t.Errorf("got %s", a)
	}
}

func TestDeterminism(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, Options{}, podRule, strings.ReplaceAll(podRule, "pods", "more"))
	in := yamlInput("k.yaml", strings.Repeat("apiVersion: v1\nkind: Pod\n---\n", 20))
	first, _ := json.Marshal(mustEval(t, e, in))
	for range 20 {
		if next, _ := json.Marshal(mustEval(t, e, in)); string(next) != string(first) {
			t.Fatalf("got %s\nthen %s", first, next)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	list := []Violation{
		{Finding: finding.Finding{Rule: "r", Path: "a.yaml", Message: "a.yaml is bad"}, pointer: "/spec/containers/0/image"},
		{Finding: finding.Finding{Rule: "r", Path: "b.yaml", Message: "b.yaml is bad"}, pointer: "/spec/containers/3/image"},
		{Finding: finding.Finding{Rule: "r", Path: "b.yaml", Message: "b.yaml is bad"}, pointer: "/spec/containers/4/image"},
		{Finding: finding.Finding{Rule: "r", Path: "b.yaml", Message: "b.yaml is bad"}, pointer: "/spec/init/4/image"},
	}
	fingerprint(list)
	if list[0].Fingerprint != list[1].Fingerprint {
		t.Error("path or index of a list is part of the fingerprint")
	}
	if list[1].Fingerprint == list[2].Fingerprint || list[1].Fingerprint == list[3].Fingerprint {
		t.Error("two places have one fingerprint")
	}
}
