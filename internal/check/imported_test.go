package check

import (
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

func TestParseEvidenceFlag(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]Import{
		"junit=a.xml":                      {{"unit", "junit", "a.xml"}},
		"junit=a.xml,coverage=c.out":       {{"unit", "junit", "a.xml"}, {"unit", "coverage", "c.out"}},
		"coverage=c.out":                   {{"coverage", "coverage", "c.out"}},
		"sarif=s.sarif":                    {{"lint", "sarif", "s.sarif"}},
		"integration:junit=i.xml":          {{"integration", "junit", "i.xml"}},
		"integration:junit=i.xml,lcov=l":   {{"integration", "junit", "i.xml"}, {"coverage", "lcov", "l"}},
		"unit:gotest=a=b.json,eslint=e.js": {{"unit", "gotest", "a=b.json"}, {"lint", "eslint", "e.js"}},
	} {
		got, err := ParseEvidenceFlag(value)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v %v, want %+v", value, got, err, want)
		}
	}
	for _, value := range []string{"", "junit", "junit=", "=a", ":junit=a", "nunit=a", "junit=a,", "unit:=a"} {
		if got, err := ParseEvidenceFlag(value); err == nil {
			t.Errorf("%q is read as %+v", value, got)
		}
	}
}

func FuzzParseEvidenceFlag(f *testing.F) {
	f.Add("unit:junit=a.xml,coverage=b")
	f.Fuzz(func(t *testing.T, value string) {
		imports, err := ParseEvidenceFlag(value)
		for _, i := range imports {
			if err != nil || i.Kind == "" || i.Format == "" || i.Path == "" {
				t.Errorf("%q: %+v %v", value, i, err)
			}
		}
	})
}

func TestImported(t *testing.T) {
	t.Parallel()
	const sarif = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[
		{"ruleId":"r","level":"LEVEL","message":{"text":"no"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.js"},"region":{"startLine":LINE}}}]}]}]}`
	files := map[string]string{
		"pass.xml": junitPass, "fail.xml": junitFail, "empty.xml": junitEmpty, "broken.xml": "<", "lcov": "SF:a.js\nDA:5,1\nDA:6,0\nend_of_record\n",
		"new.sarif":  strings.NewReplacer("LEVEL", "error", "LINE", "5").Replace(sarif),
		"old.sarif":  strings.NewReplacer("LEVEL", "error", "LINE", "1").Replace(sarif),
		"warn.sarif": strings.NewReplacer("LEVEL", "warning", "LINE", "5").Replace(sarif),
	}
	opt := ImportOptions{
		Read: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
		Changed: []facts.File{{Path: "a.js", Class: "source", Lines: []facts.LineRange{{From: 5, To: 6}}}},
		Text:    func(path string) ([]byte, bool) { return []byte("1\n2\n3\n4\n5\n6\n"), path == "a.js" },
		Now:     time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("x", 3600)),
	}
	for flag, want := range map[string]struct{ kind, state, reason string }{
		"junit=pass.xml":                {"unit", facts.Passed, "2 tests passed"},
		"junit=fail.xml":                {"unit", facts.Failed, "1 of 2 tests failed"},
		"junit=pass.xml,junit=fail.xml": {"unit", facts.Failed, "1 of 4 tests failed"},
		"junit=empty.xml":               {"unit", facts.Errored, "no test ran"},
		"sarif=new.sarif":               {"lint", facts.Failed, "1 finding"},
		"sarif=old.sarif":               {"lint", facts.Passed, "none of them new or an error"},
		"sarif=warn.sarif":              {"lint", facts.Passed, "none of them new or an error"},
		"coverage=lcov":                 {"coverage", facts.Passed, ""},
		"junit=pass.xml,coverage=lcov":  {"unit", facts.Passed, "2 tests passed"},
	} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			imports, err := ParseEvidenceFlag(flag)
			if err != nil {
				t.Fatal(err)
			}
			evidence, findings, err := Imported(imports, opt)
			if err != nil || len(evidence) != 1 {
				t.Fatalf("%+v %v", evidence, err)
			}
			e := evidence[0]
			wantState(t, e, want.state, want.reason)
			if e.Kind != want.kind || e.Source != facts.SourceCI || len(e.Digest) != 64 || e.ObservedAt.String() != "2026-03-04 04:06:07 +0000 UTC" {
				t.Errorf("evidence %+v", e)
			}
			if strings.Contains(flag, "lcov") && (e.Coverage == nil || e.Coverage.Diff != 50_000) {
				t.Errorf("coverage %+v", e.Coverage)
			}
			for _, f := range findings {
				if f.Fingerprint == "" || f.Path == "a.js" && (f.State == finding.New) == strings.Contains(flag, "old") {
					t.Errorf("finding %+v", f)
				}
			}
		})
	}
	for _, flag := range []string{"junit=missing.xml", "junit=broken.xml", "sarif=pass.xml", "coverage=pass.xml", "coverage=new.sarif"} {
		imports, err := ParseEvidenceFlag(flag)
		if err != nil {
			t.Fatal(err)
		}
		_, file, _ := strings.Cut(flag, "=")
		if _, _, err := Imported(imports, opt); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v, want one that names the file", flag, err)
		}
	}
	imports := []Import{{"unit", "junit", "missing.xml"}}
	if _, _, err := Imported(imports, opt); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file is %v", err)
	}
}
