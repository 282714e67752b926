package policy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

func testModule(path, text string) facts.Module { return facts.Module{Path: path, Text: text} }

const (
	oldRule = "package k8s\n\nviolation[{\"msg\": msg}] {\n\tnot input.review.object.ok\n\tmsg := \"bad\"\n}\n"
	oldTest = "package k8s\n\ntest_bad {\n\tcount(violation) == 1 with input as {}\n}\n\ntest_wrong {\n\tx := 1\n\tx == 2\n}\n"
)

// Every set is compiled on its own: the same package in two of them is no conflict.
func TestSetsOfOtherTools(t *testing.T) {
	t.Parallel()
	set := func(folder string) TestSet {
		return TestSet{Modules: []facts.Module{testModule(folder+"/src.rego", oldRule), testModule(folder+"/src_test.rego", oldTest)}}
	}
	report, err := TestSets(context.Background(), []TestSet{set("a"), set("b"), set("c")}, TestOptions{Coverage: true})
	if err != nil {
		t.Fatal(err)
	}
	if report.Passed != 3 || report.Failed != 3 || report.Coverage != -1 {
		t.Errorf("%d passed, %d failed, coverage %d", report.Passed, report.Failed, report.Coverage)
	}
	if got := report.Results[1]; got.Path != "a/src_test.rego" || got.Reason != "a/src_test.rego:9: not true: x == 2" {
		t.Errorf("got %+v", got)
	}
}

func TestForeignTests(t *testing.T) {
	t.Parallel()
	files := map[string]string{"conf/a.yaml": "kind: A\n---\nkind: B\n", "conf/Dockerfile": "FROM x\n"}
	for name, tt := range map[string]struct {
		modules []string
		data    []DataFile
		failed  int
		want    string // part of the error
	}{
		"v1":                        {modules: []string{"package a\ntest_x if input.any.thing == 1 with input as {\"any\": {\"thing\": 1}}\n"}},
		"v0 that only v0 compiles":  {modules: []string{"package a\nimport future.keywords\ntest_x if any([true])\n"}},
		"a wrong argument":          {modules: []string{"package a\ntest_x if not startswith(1, \"a\") with input as {}\n", "package a\ntest_y if not startswith(input.x, \"a\") with input as {\"x\": 1}\n"}, want: "policy/a.rego:2:11: startswith: invalid argument"},
		"undefined at run time":     {modules: []string{"package a\ntest_y if not startswith(input.x, \"a\") with input as {\"x\": 1}\n"}},
		"data beside":               {modules: []string{"package a\ntest_x if data.conf.ports[0] == 22\n"}, data: []DataFile{{Module: testModule("x/conf/a.json", `{"ports": [22]}`), At: []string{"conf"}}, {Module: testModule("x/other/b.yaml", "- not data"), At: []string{"other"}}}},
		"data beside that is wrong": {modules: []string{"package a\ntest_x if data.conf.ports[0] == 22\n"}, data: []DataFile{{Module: testModule("conf/a.yaml", "a: [\n"), At: []string{"conf"}}}, want: "conf/a.yaml:"},
		"files":                     {modules: []string{"package a\ntest_x if parse_config_file(\"../conf/a.yaml\")[1].kind == \"B\"\ntest_y if parse_combined_config_files([\"../conf/a.yaml\"])[0].path == \"conf/a.yaml\"\ntest_z if parse_config_file(\"../conf/Dockerfile\")[0][0].Cmd == \"from\"\n"}},
		"a file that is not there":  {modules: []string{"package a\ntest_x if parse_config_file(\"../../etc/passwd\")\n"}, failed: 1},
		"functions of other tools":  {modules: []string{"package a\ntest_x if result.new(\"m\", {}).msg == \"m\"\ntest_y if isManaged({})\ntest_z if squealer.scan_string(\"hunter2\").transgressionFound\n"}},
		"no network":                {modules: []string{"package a\ntest_x if http.send({})\n"}, want: "policy/a.rego:2:11: undefined function http.send"},
		"syntax":                    {modules: []string{"package a\ntest_x if {\n"}, want: "policy/a.rego:3: unexpected eof"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := TestSet{Modules: foreignModules(tt.modules...), Data: func() ([]DataFile, error) { return tt.data, nil }, Open: func(path string) ([]byte, error) {
				if text, ok := files[path]; ok {
					return []byte(text), nil
				}
				return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
			}}
			find := func(text string) (string, bool) { return "", text == "hunter2" }
			report, err := TestSets(context.Background(), []TestSet{set}, TestOptions{Secret: find})
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				return
			}
			if err != nil || report.Failed != tt.failed || report.Passed == 0 && tt.failed == 0 {
				t.Errorf("%v, %+v", err, report)
			}
		})
	}
}

// Data files are read when somebody looks at data that no module defines, and not otherwise.
func TestDataIsReadWhenWanted(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for text, want := range map[string]error{
		"package a\nx := 1\ntest_x if data.a.x == 1\n": nil,
		"package a\ntest_x if data.limits.ports\n":     broken,
	} {
		set := TestSet{Modules: foreignModules(text), Data: func() ([]DataFile, error) { return nil, broken }}
		if _, err := TestSets(context.Background(), []TestSet{set}, TestOptions{}); !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCoverageOfFiles(t *testing.T) {
	t.Parallel()
	modules := []facts.Module{testModule("policy/a.rego", "package main\n\ndeny contains \"a\" if input.a\n\ndeny contains \"b\" if {\n\tinput.b\n}\n"),
		testModule("policy/a_test.rego", "package main\n\ntest_a if \"a\" in deny with input as {\"a\": true}\n")}
	report, err := Test(context.Background(), modules, TestOptions{Coverage: true, All: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []FileCoverage{{Path: "policy/a.rego", Lines: 3, Covered: 1}}
	if !slices.Equal(report.Files, want) || report.Coverage != 33_333 || !slices.Equal(report.Uncovered, []Place{{"policy/a.rego", 5, 5}, {"policy/a.rego", 6, 6}}) {
		t.Errorf("got %+v, %d, %+v", report.Files, report.Coverage, report.Uncovered)
	}
}

// What judges, its tests and what it looks at are picked; other tools' modules are not, even broken ones.
func TestConftestModules(t *testing.T) {
	t.Parallel()
	list := []facts.Module{testModule("policy/a.rego", "package main\nimport data.lib\ndeny contains lib.x\n"), testModule("policy/a_test.rego", "package main\ntest_x if deny\n"),
		testModule("policy/lib.rego", "package lib\nx := \"y\"\n"), testModule("policy/other.rego", "package other\nnot rego\n"), testModule(".adamant/policy/n.rego", "package adamant.rules.n\n")}
	var got []string
	for _, m := range ConftestModules(list, manifest.Conftest{}) {
		got = append(got, m.Path)
	}
	if want := []string{"policy/a.rego", "policy/a_test.rego", "policy/lib.rego"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
