package facts_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

func configuration(conftest string) string {
	return "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: r}\nspec: {policy: {conftest: " + conftest + "}}\n"
}

// TestTooLargeToGovern: a file that governs and is too large is the operator's to mend, and is named with the limit.
func TestTooLargeToGovern(t *testing.T) {
	t.Parallel()
	for file, what := range map[string]string{"a/catalog-info.yaml": "catalog file", ".adamant/adamant.yaml": "configuration",
		"policy/a.rego": "policy", "a/.gitattributes": "attributes"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t)
			r.Write(file, "#"+strings.Repeat("a", facts.BlobLimit))
			r.Commit("base")
			r.Branch("change")
			_, err := tryCollect(t, r, "change")
			var wrong *facts.ConfigError
			if want := file + ": the " + what + " has 5242881 bytes; at most 5242880 are read"; !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

// The documents of unchanged files are there when base's policies look at all at once, and only those they judge.
func TestAround(t *testing.T) {
	t.Parallel()
	for conftest, want := range map[string][]string{
		"{}":                                   nil,
		"{combine: [main]}":                    {".adamant/adamant.yaml", "conf/a.json", "deploy/b.yaml", "deploy/b.yaml"},
		"{combine: [main], files: [deploy/*]}": {"deploy/b.yaml", "deploy/b.yaml"},
	} {
		r := gittest.New(t)
		r.Write(".adamant/adamant.yaml", configuration(conftest))
		r.Write("deploy/a.yaml", "kind: A\n")
		r.Write("deploy/b.yaml", "kind: B\n---\nkind: C\n")
		r.Write("deploy/gone.yaml", "kind: D\n")
		r.Write("conf/a.json", "{}")
		r.Write("conf/broken.yaml", "a: [\n")
		r.Write("main.go", "package main\n")
		r.Commit("base")
		r.Branch("change")
		r.Write("deploy/a.yaml", "kind: E\n")
		r.Write("deploy/new.yaml", "kind: F\n")
		r.Write(".adamant/other", "x\n")
		r.Remove("deploy/gone.yaml")
		r.Commit("change")
		var got []string
		for _, d := range collect(t, r, "change").Input.Around {
			got = append(got, d.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", conftest, got, want)
		}
	}
}

// The data files that base's configuration names are part of what a change is judged by; a name that leads nowhere is the
// operator's to mend.
func TestPolicyData(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write(".adamant/adamant.yaml", configuration("{data: [conf, one.yaml]}"))
	r.Write("conf/a/x.yaml", "a: 1\n")
	r.Write("conf/b.txt", "no data\n")
	r.Write("one.yaml", "b: 1\n")
	if err := os.Symlink("../one.yaml", filepath.Join(r.Dir, "conf", "link.yaml")); err != nil {
		t.Fatal(err)
	}
	r.Commit("base")
	r.Branch("change")
	r.Write("conf/a/x.yaml", "a: 2\n")
	r.Commit("change")
	c := collect(t, r, "change")
	want := []facts.Module{{Path: "conf/a/x.yaml", Text: "a: 1\n"}, {Path: "one.yaml", Text: "b: 1\n"}}
	if !slices.Equal(c.Input.Policy.Data, want) {
		t.Errorf("got %+v, want %+v", c.Input.Policy.Data, want)
	}
	before := c.Governance.Digest()
	c.Governance.Policy.Data[0].Text = "a: 2\n"
	if c.Governance.Digest() == before {
		t.Error("data files are no part of the governance's digest")
	}
}

func TestPolicyDataThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write(".adamant/adamant.yaml", configuration("{data: [nowhere]}"))
	r.Commit("base")
	r.Branch("change")
	_, err := tryCollect(t, r, "change")
	var wrong *facts.ConfigError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), ".adamant/adamant.yaml: spec.policy.conftest.data: ") {
		t.Errorf("error %v", err)
	}
}
