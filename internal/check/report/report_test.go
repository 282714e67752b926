package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

var update = flag.Bool("update", false, "rewrite golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run the test with -update and look at the change. Got:\n%s", file, got)
	}
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shop is where the samples were made: a checkout at /checkout with one Go module at its root.
func shop() Options {
	return Options{Root: "/checkout", GoPackage: GoModules(map[string]string{"example.test/shop": ""})}
}

func show(r *Result) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %d passed, %d failed, %d skipped, %q\n", r.State(), r.Passed, r.Failed, r.Skipped, r.Failing)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s:%d:%d %s %s %s\n", f.Path, f.Line, f.Column, f.Severity, f.Rule, f.Message)
	}
	return b.Bytes()
}

func TestReadRealTests(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ format, file string }{
		{"gotest", "gotest.json"}, {"junit", "pytest.xml"}, {"junit", "jest-junit.xml"}, {"junit", "node.xml"}, {"junit", "gotestsum.xml"},
		{"junit", "surefire.xml"}, {"junit", "nextest.xml"}, {"tap", "node.tap"}, {"jest", "jest.json"},
	} {
		t.Run(tc.file, func(t *testing.T) {
			t.Parallel()
			r, err := ReadTests(tc.format, bytes.NewReader(sample(t, tc.file)), shop())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.file, show(r))
		})
	}
}

func ev(action, test string) string {
	if test != "" {
		test = fmt.Sprintf(`,"Test":%q`, test)
	}
	return fmt.Sprintf(`{"Action":%q,"Package":"example.test/shop/p"%s}`+"\n", action, test)
}

func out(test, text string) string {
	return fmt.Sprintf(`{"Action":"output","Package":"example.test/shop/p","Test":%q,"Output":%q}`+"\n", test, text+"\n")
}

func TestReadTests(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, format, data, want string }{
		{"pass", "gotest", ev("run", "TestA") + ev("pass", "TestA") + ev("pass", ""), "passed: 1 passed, 0 failed, 0 skipped, []"},
		{"jest failed run", "jest", `{"success":false,"testResults":[{"assertionResults":[{"fullName":"a","status":"passed"}]}]}`, `failed: 1 passed, 1 failed, 0 skipped, ["(run)"]`},
		{"jest false success", "jest", `{"success":true,"testResults":[{"assertionResults":[{"fullName":"a","status":"failed"}]}]}`, `failed: 0 passed, 1 failed, 0 skipped, ["a"]`},
		{"leaves only", "gotest", ev("pass", "TestA/x") + ev("pass", "TestA/y/z") + ev("pass", "TestA/y") + ev("pass", "TestA") + ev("pass", ""), "passed: 2 passed, 0 failed, 0 skipped, []"},
		{"parent fails by itself", "gotest", ev("pass", "TestA/x") + ev("fail", "TestA") + ev("fail", ""), `failed: 1 passed, 1 failed, 0 skipped, ["example.test/shop/p.TestA"]`},
		{"parent skips by itself", "gotest", ev("pass", "TestA/x") + ev("skip", "TestA") + ev("pass", ""), "passed: 1 passed, 0 failed, 0 skipped, []"},
		{"never ended in a package that failed", "gotest", ev("run", "TestA") + ev("fail", ""), `failed: 0 passed, 1 failed, 0 skipped, ["example.test/shop/p.TestA"]`},
		{"never ended in a package that passed", "gotest", ev("pass", "TestA") + ev("run", "TestB") + ev("pass", ""), `failed: 1 passed, 1 failed, 0 skipped, ["example.test/shop/p.TestB"]`},
		{"package fails alone", "gotest", ev("pass", "TestA") + ev("fail", ""), `failed: 1 passed, 1 failed, 0 skipped, ["example.test/shop/p"]`},
		{"package fails, test failed", "gotest", ev("fail", "TestA") + ev("fail", ""), `failed: 0 passed, 1 failed, 0 skipped, ["example.test/shop/p.TestA"]`},
		{"package passes, test failed", "gotest", ev("fail", "TestA") + ev("pass", ""), `failed: 0 passed, 1 failed, 0 skipped, ["example.test/shop/p.TestA"]`},
		{"failed once of two", "gotest", ev("fail", "TestA") + ev("pass", "TestA") + ev("pass", ""), `failed: 0 passed, 1 failed, 0 skipped, ["example.test/shop/p.TestA"]`},
		{"package failed once of two", "gotest", ev("pass", "TestA") + ev("fail", "") + ev("pass", ""), `failed: 1 passed, 1 failed, 0 skipped, ["example.test/shop/p"]`},
		{"benchmarks are no tests", "gotest", ev("run", "BenchmarkA") + ev("bench", "BenchmarkB") + ev("pass", "TestA") + ev("pass", ""), "passed: 1 passed, 0 failed, 0 skipped, []"},
		{"strange lines", "gotest", "go: downloading x\n" + ev("pass", "TestA") + "{\"level\":\"info\"}\n\n" + ev("pass", "") + "exit status 0", "passed: 1 passed, 0 failed, 0 skipped, []"},
		{"junit hides a failure", "junit", `<testsuite name="s" tests="1" failures="0"><testcase name="a"><failure/></testcase></testsuite>`, `failed: 0 passed, 1 failed, 0 skipped, ["s.a"]`},
		{"junit lost a failure", "junit", `<testsuites failures="1"><testsuite name="s"><testcase name="a"/></testsuite></testsuites>`, `failed: 1 passed, 1 failed, 0 skipped, ["(claimed, not listed)"]`},
		{"junit lost an error", "junit", `<testsuites><testsuite name="s" errors="1"><testcase name="a"/></testsuite></testsuites>`, `failed: 1 passed, 1 failed, 0 skipped, ["(claimed, not listed)"]`},
		{"junit nested", "junit", `<testsuites><testsuite name="o"><testsuite name="i"><testcase classname="c" name="a"/></testsuite><testcase name="b"/></testsuite></testsuites>`, "passed: 2 passed, 0 failed, 0 skipped, []"},
		{"junit suite error", "junit", `<testsuite name="s"><error message="cannot import"/></testsuite>`, `failed: 0 passed, 1 failed, 0 skipped, ["s.(suite)"]`},
		{"junit status attribute", "junit", `<testsuite><testcase name="a" status="failed"/><testcase name="b" status="notrun"/><testcase name="c" status="run" result="completed"/></testsuite>`, `failed: 1 passed, 1 failed, 1 skipped, ["a"]`},
		{"junit skipped and failed", "junit", `<testsuite><testcase name="a"><skipped/><failure/></testcase></testsuite>`, `failed: 0 passed, 1 failed, 0 skipped, ["a"]`},
		{"junit doctype without a subset", "junit", `<!DOCTYPE testsuite SYSTEM "x.dtd"><testsuite><testcase name="a"/></testsuite>`, "passed: 1 passed, 0 failed, 0 skipped, []"},
		{"junit bom and latin-1", "junit", "<?xml version='1.0' encoding='ISO-8859-1'?><testsuite><testcase name='gr\xf6\xdfe'><failure/></testcase></testsuite>", `failed: 0 passed, 1 failed, 0 skipped, ["größe"]`},
		{"junit utf-8 bom", "junit", "\xef\xbb\xbf<testsuite><testcase name='a'/></testsuite>\n", "passed: 1 passed, 0 failed, 0 skipped, []"},
		{"tap", "tap", "1..3\nok 1 - a\nnot ok 2 b\nok 3 # SKIP why\n", `failed: 1 passed, 1 failed, 1 skipped, ["b"]`},
		{"tap todo", "tap", "ok 1\nnot ok 2 - b # TODO\n1..2\n", "passed: 1 passed, 0 failed, 1 skipped, []"},
		{"tap fewer than planned", "tap", "1..3\nok 1\nok 2\n", `failed: 2 passed, 1 failed, 0 skipped, ["(planned, not listed)"]`},
		{"tap bail out", "tap", "1..1\nok 1\nBail out! no disk\n", `failed: 1 passed, 1 failed, 0 skipped, ["(bail out)"]`},
		{"tap parent fails by itself", "tap", "    ok 1 - x\n    1..1\nnot ok 1 - a\n1..1\n", `failed: 1 passed, 1 failed, 0 skipped, ["a"]`},
		{"tap subtests missing", "tap", "    1..2\n    ok 1 - x\nok 1 - a\n1..1\n", `failed: 1 passed, 1 failed, 0 skipped, ["a (planned 2 subtests, 1 are listed)"]`},
		{"tap failed subtest under a passing point", "tap", "    not ok 1 - x\n    1..1\nok 1 - a\n1..1\n", `failed: 0 passed, 1 failed, 0 skipped, ["x"]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, err := ReadTests(tc.format, strings.NewReader(tc.data), shop())
			if err != nil {
				t.Fatal(err)
			}
			if got, _, _ := strings.Cut(string(show(r)), "\n"); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if r.Failed > 0 && len(r.Findings) == 0 {
				t.Error("a failure without a finding")
			}
		})
	}
}

func TestGoTestPlaces(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, data, want string }{
		{"last log line", ev("run", "TestA") + out("TestA", "    p_test.go:3: setting up") + out("TestA", "    p_test.go:9: got 1") + ev("fail", "TestA") + ev("fail", ""),
			"p/p_test.go:9:0 error test/failed TestA of example.test/shop/p failed: got 1\n"},
		{"panic in our code", ev("run", "TestA") + out("TestA", "panic: boom") + out("TestA", "\t/usr/local/go/src/runtime/panic.go:8 +0x1") +
			out("TestA", "\t/checkout/p/p.go:4 +0x1") + out("TestA", "\t/checkout/p/p_test.go:7 +0x1") + ev("fail", "TestA") + ev("fail", ""),
			"p/p.go:4:0 error test/failed TestA of example.test/shop/p failed: panic: boom\n"},
		{"said by the parent", ev("fail", "TestA/x") + out("TestA", "    p_test.go:5: cleanup") + ev("fail", "TestA") + ev("fail", ""),
			"p/p_test.go:5:0 error test/failed TestA/x of example.test/shop/p failed: cleanup\n"},
		{"nothing said", ev("fail", "TestA") + ev("fail", ""), ":0:0 error test/failed TestA of example.test/shop/p failed: it says nothing more\n"},
		{"never ended", ev("run", "TestA") + ev("fail", ""), ":0:0 error test/failed TestA of example.test/shop/p failed: it started and never ended. it says nothing more\n"},
		{"old build failure", "# example.test/shop/p\np/p.go:3:7: undefined: y\n" +
			`{"Action":"output","Package":"example.test/shop/p","Output":"FAIL\texample.test/shop/p [build failed]\n"}` + "\n" + ev("fail", ""),
			"p/p.go:3:7 error test/build package example.test/shop/p does not build: undefined: y\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, err := ReadTests("gotest", strings.NewReader(tc.data), shop())
			if err != nil {
				t.Fatal(err)
			}
			if _, got, _ := strings.Cut(string(show(r)), "\n"); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestExistsDecidesPlaces(t *testing.T) {
	t.Parallel()
	opt := shop()
	opt.Exists = func(path string) bool { return path == "src/cart.rs" }
	data := `<testsuite><testcase name="a"><failure>at generated/x.rs:1 and src/cart.rs:21:9 and node_modules/a/b.js:3</failure></testcase></testsuite>`
	r, err := ReadTests("junit", strings.NewReader(data), opt)
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Findings[0]; f.Path != "src/cart.rs" || f.Line != 21 || f.Column != 9 {
		t.Errorf("placed at %s:%d:%d", f.Path, f.Line, f.Column)
	}
}

func TestInstalledCodeIsNoPlace(t *testing.T) {
	t.Parallel()
	data := `<testsuite><testcase name="a"><failure>at node_modules/jest/run.js:1:2 and web/a.test.js:3</failure></testcase></testsuite>`
	r, err := ReadTests("junit", strings.NewReader(data), shop())
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Findings[0]; f.Path != "web/a.test.js" || f.Line != 3 {
		t.Errorf("placed at %s:%d", f.Path, f.Line)
	}
}

func TestBrokenTestReports(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<testsuite>", 70)
	for _, tc := range []struct{ name, format, data, want string }{
		{"empty", "gotest", "", "no test is in it"},
		{"package without tests", "gotest", ev("skip", ""), "no test is in it"},
		{"cut off in a package", "gotest", ev("run", "TestA") + ev("pass", "TestA"), "package example.test/shop/p has no end"},
		{"cut off in an event", "gotest", ev("pass", "TestA") + ev("pass", "") + `{"Action":"start","Pack`, "gotest report: 3:1: the last event is cut off"},
		{"only a build failure", "gotest", `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: broken\n"}` + "\n" + `{"ImportPath":"p","Action":"build-fail"}`, "the build failed: p.go:1: broken"},
		{"empty", "junit", "", "it is empty"},
		{"no cases", "junit", `<testsuites tests="0"/>`, "no test is in it"},
		{"claims without cases", "junit", `<testsuites tests="5" failures="0"/>`, "no test is in it"},
		{"cut off", "junit", "<testsuite>\n<testcase name='a'/>\n", "unexpected EOF"},
		{"cut off in a case", "junit", "<testsuite>\n<testcase name='a'><failure>", "unexpected EOF"},
		{"json", "junit", `{"a":1}`, "not XML"},
		{"html", "junit", `<html></html>`, "the root element is html"},
		{"two roots", "junit", `<testsuite><testcase name="a"/></testsuite><testsuite/>`, "something follows the root element"},
		{"entity bomb", "junit", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>`, "it defines entities"},
		{"unknown entity", "junit", `<testsuite><testcase name="&b;"/></testsuite>`, "invalid character entity &b;"},
		{"not a count", "junit", `<testsuite failures="none"><testcase name="a"/></testsuite>`, `failures="none" is not a count`},
		{"deep", "junit", deep, "nested more than 64 deep"},
		{"encoding", "junit", `<?xml version="1.0" encoding="EBCDIC"?><testsuite/>`, `encoding "EBCDIC" is not read`},
		{"no plan", "tap", "ok 1\n", "it is cut off: no plan"},
		{"open block", "tap", "1..1\nok 1\n  ---\n  a: b\n", "a block is open at its end"},
		{"odd plan", "tap", "1..x\nok 1\n", `the plan "1..x" is no number`},
		{"empty plan", "tap", "1..0\n", "no test is in it"},
		{"jest cut off", "jest", `{"success":true,"testResults":[`, "no whole JSON document"},
		{"jest twice", "jest", `{"success":true,"testResults":[]}{}`, "something follows"},
		{"jest without tests", "jest", `{"success":true,"testResults":[]}`, "no test is in it"},
		{"jest other JSON", "jest", `{"tests":3}`, "no success and testResults"},
		{"jest interrupted", "jest", `{"success":true,"wasInterrupted":true,"testResults":[]}`, "interrupted"},
		{"jest unknown status", "jest", `{"success":true,"testResults":[{"assertionResults":[{"fullName":"a","status":"great"}]}]}`, "unknown status"},
		{"jest claims more failures", "jest", `{"success":false,"numFailedTests":1,"testResults":[{"assertionResults":[{"fullName":"a","status":"passed"}]}]}`, "claims"},
		{"jest claims more tests", "jest", `{"success":true,"numTotalTests":2,"testResults":[{"assertionResults":[{"fullName":"a","status":"passed"}]}]}`, "claims"},
		{"unknown", "xunit", "", `unknown format "xunit"; known are gotest, jest, junit, tap`},
	} {
		r, err := ReadTests(tc.format, strings.NewReader(tc.data), shop())
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: %+v, error %v; want %q", tc.format, tc.name, r, err, tc.want)
		}
		var typed *finding.FormatError
		if tc.format != "xunit" && !errors.As(err, &typed) && !errors.Is(err, ErrNoTests) {
			t.Errorf("%s %s: %T has no type to test for", tc.format, tc.name, err)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	cases := strings.Repeat(`<testcase name="a"/>`, 11)
	goCases := ""
	for i := range 11 {
		goCases += ev("pass", fmt.Sprintf("Test%d", i))
	}
	goCases += ev("pass", "")
	for _, tc := range []struct{ format, data string }{{"junit", "<testsuite>" + cases + "</testsuite>"}, {"gotest", goCases}} {
		size := int64(len(tc.data))
		for _, bound := range []struct {
			cases int
			limit int64
			want  string
		}{{11, size, ""}, {10, size, "more than 10 test cases"}, {11, size - 1, "over the limit of"}} {
			_, err := ReadTests(tc.format, strings.NewReader(tc.data), Options{Cases: bound.cases, Limit: bound.limit})
			if (err == nil) != (bound.want == "") || err != nil && !strings.Contains(err.Error(), bound.want) {
				t.Errorf("%s: at most %d cases and %d bytes: %v, want %q", tc.format, bound.cases, bound.limit, err, bound.want)
			}
		}
	}
	long := `{"Action":"output","Output":"` + strings.Repeat("x", maxLine) + `"}`
	if _, err := ReadTests("gotest", strings.NewReader(long), Options{}); err == nil || !strings.Contains(err.Error(), "the line is over the limit") {
		t.Errorf("a line over the limit: %v", err)
	}
}

func TestManyFailures(t *testing.T) {
	t.Parallel()
	data := "<testsuite name='s'>" + strings.Repeat("<testcase name='a'><failure/></testcase>", 1500) + "</testsuite>"
	r, err := ReadTests("junit", strings.NewReader(data), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed != 1500 || len(r.Failing) != 100 || len(r.Findings) != maxFindings+1 || r.Findings[0].Message != "500 more are not listed" {
		t.Errorf("%d failed, %d names, %d findings, first %q", r.Failed, len(r.Failing), len(r.Findings), r.Findings[0].Message)
	}
}

type brokenReader struct{}

var errDisk = errors.New("disk on fire")

func (brokenReader) Read([]byte) (int, error) { return 0, errDisk }

func TestReaderErrorsAreKept(t *testing.T) {
	t.Parallel()
	for _, format := range TestFormats() {
		if _, err := ReadTests(format, brokenReader{}, Options{}); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", format, err)
		}
	}
	for _, format := range CoverageFormats() {
		if _, err := ReadCoverage(format, brokenReader{}, Options{}); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestGoModules(t *testing.T) {
	t.Parallel()
	find := GoModules(map[string]string{"example.test/shop": ".", "example.test/shop/tools": "hack/tools", "example.test/out": "../out"})
	for _, tc := range []struct {
		path, want string
		ok         bool
	}{
		{"example.test/shop", ".", true},
		{"example.test/shop/cart", "cart", true},
		{"example.test/shop/tools/gen", "hack/tools/gen", true},
		{"example.test/shopping", "", false},
		{"example.test/out/x", "", false},
	} {
		if got, ok := find(tc.path); ok != tc.ok || ok && got != tc.want {
			t.Errorf("%s: %q, %v", tc.path, got, ok)
		}
	}
}

func FuzzTests(f *testing.F) {
	for _, name := range []string{"gotest.json", "pytest.xml", "node.xml", "surefire.xml", "node.tap"} {
		f.Add(sample(f, name))
	}
	opt := shop()
	opt.Limit, opt.Cases = 1<<20, 1000
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range TestFormats() {
			r, err := ReadTests(format, bytes.NewReader(data), opt)
			if err != nil {
				continue
			}
			if r.Passed+r.Failed+r.Skipped == 0 || r.Failed > 0 && len(r.Findings) == 0 || (r.State() == facts.Failed) != (r.Failed > 0) {
				t.Errorf("%s: %+v", format, r)
			}
			for _, f := range r.Findings {
				if f.Path != "" && !filepath.IsLocal(f.Path) || f.Line < 0 || f.Message == "" {
					t.Errorf("%s: odd finding %+v", format, f)
				}
			}
		}
	})
}
