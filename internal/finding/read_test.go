package finding

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// sample reads a report of testdata as its tool wrote it in /checkout.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// show prints findings one a line, as golden files hold them.
func show(fs []Finding) []byte {
	var b bytes.Buffer
	for _, f := range fs {
		fmt.Fprintf(&b, "%s:%d:%d-%d %s %s %q", f.Path, f.Line, f.Column, f.EndLine, f.Severity, f.Rule, f.Message)
		for _, extra := range []string{"fix " + f.Fix, "state " + string(f.State), "suppress " + f.Suppress, "waiver " + f.Waiver} {
			if !strings.HasSuffix(extra, " ") {
				fmt.Fprintf(&b, " [%s]", extra)
			}
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func TestReadRealReports(t *testing.T) {
	t.Parallel()
	text := texts(map[string]string{"tools/price.py": "import os\nx = 'é'; y = 1\n"})
	for _, tc := range []struct{ format, file string }{
		{"eslint", "eslint.json"}, {"sarif", "eslint.sarif"}, {"sarif", "golangci.sarif"}, {"golangci-lint", "golangci-v2.json"},
		{"golangci-lint", "golangci-v1.json"}, {"govet", "govet.out"}, {"staticcheck", "staticcheck.jsonl"}, {"ruff", "ruff.json"},
	} {
		t.Run(tc.file, func(t *testing.T) {
			t.Parallel()
			fs, err := Read(tc.format, sample(t, tc.file), Options{Root: "/checkout/", Text: text})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.file+".golden", show(fs))
		})
	}
}

func TestReadNeverTakesBrokenForEmpty(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ format, data, want string }{
		{"sarif", "", "sarif report: 1:1: it is empty"},
		{"sarif", "  \n", "1:1: it is empty"},
		{"sarif", "{\"version\":\"2.1.0\",\n \"runs\": [", "2:10: unexpected end of JSON input"},
		{"sarif", "{\"version\":\"2.1.0\",\n \"runs\": {}}", "2:10: runs cannot be object"},
		{"sarif", `{"version":"2.1.0","runs":[]} x`, "1:31: invalid character 'x'"},
		{"sarif", `{}`, `version: it is ""; only 2.1.0 is read`},
		{"sarif", `{"version":"2.0.0","runs":[]}`, "only 2.1.0 is read"},
		{"sarif", `[]`, "cannot be array"},
		{"sarif", `{"version":"2.1.0"}`, "runs: there is none"},
		{"sarif", `{"version":"2.1.0","runs":null}`, "runs: there is none"},
		{"sarif", `{"version":"2.1.0","runs":[]}`, "runs: there is none"},
		{"sarif", `{"version":"2.1.0","runs":[{"results":[]}]}`, "runs[0].tool.driver.name: it is missing"},
		{"sarif", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}}}]}`, "runs[0].results: it is missing or null"},
		{"sarif", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":null}]}`, "runs[0].results: it is missing or null"},
		{"sarif", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[],"externalPropertyFileReferences":{"results":[{}]}}]}`, "results in other files are not read"},
		{"sarif", result(`{"message":{"text":"m"},"kind":"maybe"}`), `runs[0].results[0].kind: "maybe" is none of SARIF's`},
		{"sarif", result(`{"message":{"text":"m"},"level":"fatal"}`), `runs[0].results[0].level: "fatal" is none of SARIF's`},
		{"sarif", result(`{"message":{"text":"m"},"baselineState":"old"}`), `runs[0].results[0].baselineState: "old"`},
		{"sarif", result(`{"message":{"text":"m"},"ruleIndex":2}`), "runs[0].results[0].ruleIndex: it is 2, but x has 1 rules"},
		{"sarif", result(`{"message":{"text":"m"},"rule":{"toolComponent":{"index":3}}}`), "toolComponent.index: it is 3, but the tool has 1 extensions"},
		{"sarif", result(`{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"index":9}}}]}`), "artifact index 9, but the run has 1 artifacts"},
		{"sarif", "\xff\xfe{", "half a character"},
		{"eslint", "", "it is empty"},
		{"eslint", `{"results":[]}`, "cannot be object"},
		{"eslint", `[{"messages":[]}]`, "[0]: filePath or messages is missing"},
		{"eslint", `[{"filePath":"a.js"}]`, "[0]: filePath or messages is missing"},
		{"ruff", "", "it is empty"},
		{"ruff", "warning: none\n[]", "1:1: invalid character 'w'"},
		{"ruff", `[{"code":"E1","message":"m"}]`, "[0]: filename or message is missing"},
		{"golangci-lint", "", "it is empty"},
		{"golangci-lint", "{}", "neither Issues nor Report"},
		{"golangci-lint", `{"Issues":[]`, "1:12: unexpected end of JSON input"},
		{"govet", "", "it is empty"},
		{"govet", "# p\n{\"p\":{\"printf\":[{\n", "3:1: it is cut off"},
		{"govet", "# p\n{\"p\":{\"printf\":3}}\n", "2:1: p: printf: json"},
		{"govet", "{\"p\":[]}", "cannot be array"},
		{"staticcheck", "{\"code\":\"SA1\",\"message\":\"m\"}\n{\"code\":", "2:8: unexpected end of JSON input"},
		{"staticcheck", "# matched no packages\n", "1:1: invalid character '#'"},
		{"staticcheck", "{}", "1:1: code or message is missing"},
		{"pylint", "[]", `unknown format "pylint"; known are eslint, golangci-lint, govet, ruff, sarif, staticcheck`},
	} {
		fs, err := Read(tc.format, []byte(tc.data), Options{})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %q: %v findings, error %v; want %q", tc.format, tc.data, len(fs), err, tc.want)
		}
		var typed *FormatError
		if tc.format != "pylint" && !errors.As(err, &typed) {
			t.Errorf("%s %q: %T is no *FormatError", tc.format, tc.data, err)
		}
	}
}

// result wraps a result in a log with one rule, one extension and one artifact.
func result(r string) string {
	return `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x","rules":[{"id":"R1","defaultConfiguration":{"level":"error"},` +
		`"shortDescription":{"text":"short"},"messageStrings":{"default":{"text":"{1} before {0} in {{x}}"}}}],` +
		`"globalMessageStrings":{"g":{"text":"global"}}},` +
		`"extensions":[{"name":"plug in","guid":"7","rules":[{"id":"P1","defaultConfiguration":{"level":"note"}}]}]},` +
		`"invocations":[{"executionSuccessful":true,"ruleConfigurationOverrides":[{"descriptor":{"id":"R1"},"configuration":{"level":"note"}}]}],` +
		`"originalUriBaseIds":{"SRCROOT":{"uri":"file:///elsewhere/repo/"},"HOME":{"uri":"file:///home/ci/"},` +
		`"WEB":{"uri":"web/","uriBaseId":"TOP"},"TOP":{},"LOOP":{"uri":"l/","uriBaseId":"LOOP"}},` +
		`"artifacts":[{"location":{"uri":"lib/a.js"}}],"logicalLocations":[{"fullyQualifiedName":"pkg.T.f"}],` +
		`"results":[` + r + `]}]}`
}

func TestReadSARIFResults(t *testing.T) {
	t.Parallel()
	place := func(artifact string) string {
		return `{"ruleId":"R1","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":` + artifact + `,"region":{"startLine":3,"startColumn":4,"endLine":5}}}]}`
	}
	at := func(path string) string { return path + `:3:4-5 error x/R1 "m"` }
	outside := func(file string) string {
		return ":0:0-0 error report/outside-checkout \"places outside the checkout in the sarif report: 1, the first at " + file + `:3"` +
			" [fix run the tool inside the checkout, or say which folder it ran in]\n" +
			`:0:0-0 error x/R1 "m (reported at ` + file + `:3, outside the checkout)"`
	}
	for _, tc := range []struct{ name, result, want string }{
		{"level of the result", `{"ruleId":"R1","level":"note","message":{"text":"m"}}`, `:0:0-0 note x/R1 "m"`},
		{"level of the rule by id", `{"ruleId":"R1","message":{"text":"m"}}`, `:0:0-0 error x/R1 "m"`},
		{"level of the rule by index", `{"ruleIndex":0,"message":{"text":"m"}}`, `:0:0-0 error x/R1 "m"`},
		{"level of a hierarchical rule", `{"ruleId":"R1/sub/1","message":{"text":"m"}}`, `:0:0-0 error x/R1/sub/1 "m"`},
		{"level overridden", `{"ruleId":"R1","provenance":{"invocationIndex":0},"message":{"text":"m"}}`, `:0:0-0 note x/R1 "m"`},
		{"level of an extension", `{"rule":{"index":0,"toolComponent":{"index":0}},"message":{"text":"m"}}`, `:0:0-0 note x/P1 "m"`},
		{"extension by name", `{"rule":{"index":0,"toolComponent":{"name":"plug in"}},"message":{"text":"m"}}`, `:0:0-0 note x/P1 "m"`},
		{"extension by id", `{"ruleId":"P1","message":{"text":"m"}}`, `:0:0-0 note x/P1 "m"`},
		{"unknown rule", `{"ruleId":"Z","message":{"text":"m"}}`, `:0:0-0 warning x/Z "m"`},
		{"no rule", `{"ruleIndex":-1,"message":{"text":"m"}}`, `:0:0-0 warning x/unnamed "m"`},
		{"passed", `{"ruleId":"R1","kind":"pass","message":{"text":"m"}}`, ""},
		{"not applicable", `{"ruleId":"R1","kind":"notApplicable","message":{"text":"m"}}`, ""},
		{"review", `{"ruleId":"R1","kind":"review","level":"none","message":{"text":"m"}}`, `:0:0-0 warning x/R1 "m"`},
		{"informational", `{"ruleId":"R1","kind":"informational","message":{"text":"m"}}`, `:0:0-0 note x/R1 "m"`},
		{"none", `{"ruleId":"R1","level":"none","message":{"text":"m"}}`, `:0:0-0 note x/R1 "m"`},
		{"message by id", `{"ruleId":"R1","message":{"id":"default","arguments":["b","a"]}}`, `:0:0-0 error x/R1 "a before b in {x}"`},
		{"too few arguments", `{"ruleId":"R1","message":{"id":"default","arguments":["b"]}}`, `:0:0-0 error x/R1 "{1} before b in {x}"`},
		{"global message", `{"ruleId":"R1","message":{"id":"g"}}`, `:0:0-0 error x/R1 "global"`},
		{"unknown message", `{"ruleId":"R1","message":{"id":"zz"}}`, `:0:0-0 error x/R1 "short"`},
		{"unknown message and rule", `{"ruleId":"R9","message":{"id":"zz"}}`, `:0:0-0 warning x/R9 "no message zz"`},
		{"links", `{"ruleId":"R1","message":{"text":"from [user](1) to [here](https://x/)."}}`, `:0:0-0 error x/R1 "from user to [here](https://x/)."`},
		{"relative", place(`{"uri":"src/a%20b.js"}`), at("src/a b.js")},
		{"not encoded", place(`{"uri":"src/100%.js"}`), at("src/100%.js")},
		{"dots", place(`{"uri":"./src/../a.js"}`), at("a.js")},
		{"backslashes", place(`{"uri":"src\\a.js"}`), at("src/a.js")},
		{"below the root", place(`{"uri":"file:///checkout/src/a.js"}`), at("src/a.js")},
		{"localhost", place(`{"uri":"file://localhost/checkout/a.js"}`), at("a.js")},
		{"short file", place(`{"uri":"FILE:/checkout/a.js"}`), at("a.js")},
		{"bare path", place(`{"uri":"/checkout/a.js"}`), at("a.js")},
		{"by index", place(`{"index":0}`), at("lib/a.js")},
		{"another machine's root", place(`{"uri":"a.js","uriBaseId":"SRCROOT"}`), at("a.js")},
		{"base without uri", place(`{"uri":"a.js","uriBaseId":"%SRCROOT%"}`), at("a.js")},
		{"chain of bases", place(`{"uri":"a.js","uriBaseId":"WEB"}`), at("web/a.js")},
		{"loop of bases", place(`{"uri":"a.js","uriBaseId":"LOOP"}`), at("l/a.js")},
		{"the root itself", place(`{"uri":"file:///checkout"}`), `:0:0-0 error x/R1 "m"`},
		{"outside", place(`{"uri":"file:///etc/passwd"}`), outside("/etc/passwd")},
		{"sibling", place(`{"uri":"file:///checkout-2/a.js"}`), outside("/checkout-2/a.js")},
		{"dots out", place(`{"uri":"src/../../a.js"}`), outside("src/../../a.js")},
		{"encoded dots out", place(`{"uri":"%2e%2e/a.js"}`), outside("../a.js")},
		{"base outside", place(`{"uri":"a.js","uriBaseId":"HOME"}`), outside("/home/ci/a.js")},
		{"share", place(`{"uri":"file://host/checkout/a.js"}`), outside("//host/checkout/a.js")},
		{"web page", place(`{"uri":"https://x.test/a.js"}`), outside("/https://x.test/a.js")},
		{"drive", place(`{"uri":"file:///C:/checkout/a.js"}`), outside("C:/checkout/a.js")},
		{"symbol", `{"ruleId":"R1","message":{"text":"m"},"locations":[{"logicalLocations":[{"index":0}]}]}`, `:0:0-0 error x/R1 "m (in pkg.T.f)"`},
		{"second location", `{"ruleId":"R1","message":{"text":"m"},"locations":[{},{"physicalLocation":{"artifactLocation":{"uri":"a.js"}}}]}`, `a.js:0:0-0 error x/R1 "m"`},
		{"suppressed", `{"ruleId":"R1","message":{"text":"m"},"suppressions":[{"kind":"inSource"}]}`, `:0:0-0 error x/R1 "m" [suppress inSource]`},
		{"suppression rejected", `{"ruleId":"R1","message":{"text":"m"},"suppressions":[{"kind":"inSource"},{"kind":"external","status":"rejected"}]}`, `:0:0-0 error x/R1 "m"`},
		{"suppression under review", `{"ruleId":"R1","message":{"text":"m"},"suppressions":[{"kind":"external","status":"underReview"}]}`, `:0:0-0 error x/R1 "m"`},
		{"a claim to be old", `{"ruleId":"R1","message":{"text":"m"},"baselineState":"unchanged"}`, `:0:0-0 error x/R1 "m"`},
		{"gone", `{"ruleId":"R1","message":{"text":"m"},"baselineState":"absent"}`, ""},
		{"waiver and fingerprint of others", `{"ruleId":"R1","message":{"text":"m"},"partialFingerprints":{"adamant/v1":"f"},"properties":{"adamant/tool":"adamant"},` +
			`"suppressions":[{"kind":"external","properties":{"adamant/waiver":"W-1"}}]}`, `:0:0-0 error x/R1 "m" [suppress external]`},
		{"repeated", `{"ruleId":"R1","message":{"text":"m"}},{"ruleId":"R1","message":{"text":"m"}}`, `:0:0-0 error x/R1 "m"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			fs, err := ReadSARIF(strings.NewReader(result(tc.result)), Options{Root: "/checkout"})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(string(show(fs))); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
			for _, f := range fs {
				if f.Fingerprint != "" || f.Waiver != "" || f.Tool != "x" {
					t.Errorf("a foreign report set what only adamant may: %+v", f)
				}
			}
		})
	}
}

func TestReadSARIFBaseline(t *testing.T) {
	t.Parallel()
	for _, state := range []State{New, Unchanged, Updated, Absent} {
		log := result(fmt.Sprintf(`{"ruleId":"R1","message":{"text":"m"},"baselineState":%q}`, state))
		fs, err := ReadSARIF(strings.NewReader(log), Options{Baseline: true})
		if err != nil || len(fs) != 1 || fs[0].State != state {
			t.Errorf("%s: %+v, %v", state, fs, err)
		}
	}
}

func TestReadSARIFFailedRun(t *testing.T) {
	t.Parallel()
	log := `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"My Tool"}},"results":null,"invocations":[{"executionSuccessful":false,
		"toolExecutionNotifications":[{"level":"error","message":{"text":"out of memory"}},{"level":"note","message":{"text":"hint"}}]}]}]}`
	fs, err := ReadSARIF(strings.NewReader(log), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := ":0:0-0 error my-tool/execution \"my-tool failed while running: out of memory\" [fix run the tool again and mend what it reports]\n" +
		":0:0-0 error my-tool/execution \"my-tool says that it did not finish.\" [fix run the tool again and mend what it reports]\n"
	if got := string(show(fs)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadEncodings(t *testing.T) {
	t.Parallel()
	log := result(`{"ruleId":"R1","message":{"text":"größe 𝄞"}}`)
	units := utf16.Encode([]rune("\ufeff" + log))
	little, _ := binary.Append(nil, binary.LittleEndian, units)
	big, _ := binary.Append(nil, binary.BigEndian, units)
	for name, data := range map[string][]byte{"utf-8": []byte(log), "utf-8 bom": []byte("\xef\xbb\xbf" + log), "utf-16le": little, "utf-16be": big} {
		fs, err := Read("sarif", data, Options{})
		if err != nil || len(fs) != 1 || fs[0].Message != "größe 𝄞" {
			t.Errorf("%s: %+v, %v", name, fs, err)
		}
	}
}

func TestReadColumns(t *testing.T) {
	t.Parallel()
	text := texts(map[string]string{"a.js": "é𝄞x\n"})
	read := func(format, report string) int {
		fs, err := Read(format, []byte(report), Options{Text: text})
		if err != nil || len(fs) != 1 {
			t.Fatalf("%s: %+v, %v", format, fs, err)
		}
		return fs[0].Column
	}
	sarif := func(kind string, column int) string {
		return fmt.Sprintf(`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},%s"results":[{"message":{"text":"m"},"locations":[{"physicalLocation":`+
			`{"artifactLocation":{"uri":"a.js"},"region":{"startLine":1,"startColumn":%d}}}]}]}]}`, kind, column)
	}
	for name, got := range map[string]int{
		"utf-16 by default": read("sarif", sarif("", 4)),
		"utf-16":            read("sarif", sarif(`"columnKind":"utf16CodeUnits",`, 4)),
		"code points":       read("sarif", sarif(`"columnKind":"unicodeCodePoints",`, 3)),
		"eslint":            read("eslint", `[{"filePath":"a.js","messages":[{"ruleId":"r","severity":2,"message":"m","line":1,"column":4}]}]`),
		"ruff":              read("ruff", `[{"filename":"a.js","code":"r","message":"m","location":{"row":1,"column":3}}]`),
		"golangci-lint":     read("golangci-lint", `{"Issues":[{"FromLinter":"r","Text":"m","Pos":{"Filename":"a.js","Line":1,"Column":7}}]}`),
	} {
		if got != 7 {
			t.Errorf("%s: byte column %d, want 7", name, got)
		}
	}
	if got := read("sarif", sarif("", 9)); got < 9 {
		t.Errorf("a column past the end became %d", got)
	}
}

func TestReadLimit(t *testing.T) {
	t.Parallel()
	log := result(`{"ruleId":"R1","message":{"text":"m"}}`)
	if _, err := ReadSARIF(strings.NewReader(log), Options{Limit: int64(len(log)) - 1}); err == nil || !strings.Contains(err.Error(), "over the limit") {
		t.Errorf("a log over the limit: %v", err)
	}
	if _, err := ReadSARIF(strings.NewReader(log), Options{Limit: int64(len(log))}); err != nil {
		t.Errorf("a log at the limit: %v", err)
	}
}

func TestRelative(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		root, dir, file, want string
		ok                    bool
	}{
		{"/r", "", "a.go", "a.go", true},
		{"/r", "sub", "a.go", "sub/a.go", true},
		{"/r", "sub", "../a.go", "a.go", true},
		{"/r", "sub", "../../a.go", "", false},
		{"/r/", "sub", "/r/a.go", "a.go", true},
		{"/r", "", "/r", ".", true},
		{"/r", "", "/rest/a.go", "", false},
		{"/r", "", "/r/../a.go", "", false},
		{"", "", "/r/a.go", "", false},
		{"/", "", "/r/a.go", "r/a.go", true},
		{`C:\work`, "", `c:\Work\src\a.cs`, "src/a.cs", true},
		{`C:\work`, "", `D:\work\a.cs`, "", false},
		{"/r", "", `\\host\share\a`, "", false},
		{"/r", "", "a\x00b", "", false},
	} {
		got, ok := Relative(tc.root, tc.dir, tc.file)
		if ok != tc.ok || ok && got != tc.want {
			t.Errorf("Relative(%q, %q, %q) = %q, %v", tc.root, tc.dir, tc.file, got, ok)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"eslint.json", "eslint.sarif", "golangci-v1.json", "golangci-v2.json", "govet.out", "staticcheck.jsonl", "ruff.json", "run.sarif"} {
		f.Add(sample(f, name))
	}
	f.Add([]byte(result(`{"ruleId":"R1","message":{"id":"default","arguments":["{0}"]},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"%2e%2e/a"}}}]}`)))
	text := texts(map[string]string{"a": "é\n", "cart/cart.go": "x"})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range Formats() {
			fs, err := Read(format, data, Options{Root: "/checkout", Text: text})
			if err != nil {
				continue
			}
			for _, finding := range fs {
				checkPlace(t, finding)
			}
		}
	})
}

// checkPlace fails for a finding that points out of the checkout or nowhere a person could look.
func checkPlace(t *testing.T, f Finding) {
	t.Helper()
	if f.Path != "" && (!filepath.IsLocal(f.Path) || f.Path == ".") {
		t.Errorf("path %q leaves the checkout", f.Path)
	}
	if f.Line < 0 || f.Column < 0 || f.Path == "" && f.Line != 0 || f.EndLine != 0 && f.EndLine <= f.Line {
		t.Errorf("odd place %+v", f)
	}
	if f.Rule == "" || f.Severity == "" {
		t.Errorf("no rule or severity: %+v", f)
	}
}

// manyResults is a log of 10,000 findings.
func manyResults() Run {
	run := Run{Tool: "adamant", Rules: []RuleInfo{{ID: "r/1", Title: "title", Severity: Error}}}
	for i := range 10_000 {
		run.Findings = append(run.Findings, Finding{
			Rule: fmt.Sprintf("r/%d", i%50), Severity: Error, Message: "the call's error is dropped; return it or say why not",
			Path: fmt.Sprintf("internal/package%d/file%d.go", i%100, i%1000), Line: i%500 + 1, Column: 7, State: New, Tool: "adamant",
		})
	}
	AssignFingerprints(run.Findings, nil, nil)
	return run
}

func BenchmarkWriteSARIF10k(b *testing.B) {
	run := manyResults()
	for b.Loop() {
		write(b, run)
	}
}

func BenchmarkReadSARIF10k(b *testing.B) {
	log := write(b, manyResults())
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		if _, err := ReadSARIF(bytes.NewReader(log), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAssignFingerprints10k(b *testing.B) {
	fs := manyResults().Findings
	source := []byte(strings.Repeat("\tif err := f.Close(); err != nil { return err }\n", 500))
	text := func(string) ([]byte, bool) { return source, true }
	for b.Loop() {
		AssignFingerprints(fs, text, nil)
	}
}

// TestCheckoutIsNotNamed: two checkouts of one tree give the same messages.
func TestCheckoutIsNotNamed(t *testing.T) {
	t.Parallel()
	report := `[{"filePath":"/box-1/tree/a.js","messages":[{"ruleId":"n/missing","severity":2,"message":"no 'x' in '/box-1/tree/src'","line":1,"column":1}]}]`
	fs, err := Read("eslint", []byte(report), Options{Root: "/box-1/tree"})
	if err != nil || len(fs) != 1 || fs[0].Message != "no 'x' in 'src'" {
		t.Errorf("got %+v, %v", fs, err)
	}
}
