package facts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

func TestIsConstraintPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		globs []string
		path  string
		want  bool
	}{
		{nil, "policy/a.yaml", true},
		{nil, "policy/a/b/c.yml", true},
		{nil, ".adamant/policy/a.YAML", true},
		{nil, "policy/a.json", true},
		{nil, "policy/a.rego", false},
		{nil, "policies/a.yaml", false},
		{nil, "x/policy/a.yaml", false},
		{nil, ".adamant/a.yaml", false},
		{nil, "policy/a/samples/b/c.yaml", false},
		{nil, "policy/testdata/c.yaml", false},
		{nil, "policy/samples.yaml", true},
		{[]string{"cluster/**"}, "cluster/a/b.yaml", true},
		{[]string{"cluster/**"}, "policy/a.yaml", false},
		{[]string{"cluster/**"}, "cluster/a.txt", false},
		{[]string{"x", "policy/samples/**"}, "policy/samples/a.yaml", true},
	} {
		if got := facts.IsConstraintPath(c.globs, c.path); got != c.want {
			t.Errorf("%q of %q: got %v, want %v", c.path, c.globs, got, c.want)
		}
	}
}

// Constraints of base are in the document, whatever the change does to them, with the objects that they may ask for.
func TestConstraintsAreCollected(t *testing.T) {
	t.Parallel()
	const constraint = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: A\n"
	for spec, around := range map[string][]string{"": nil, "spec: {match: {namespaceSelector: {}}}\n": {"deploy/b.yaml", "policy/gone.yaml"}} {
		r := gittest.New(t)
		r.Write("policy/c.yaml", constraint+spec)
		r.Write("policy/gone.yaml", constraint)
		r.Write("policy/other.yaml", "a: b\n")
		r.Write("policy/samples/s.yaml", constraint)
		r.Write("deploy/a.yaml", "apiVersion: v1\nkind: A\n")
		r.Write("deploy/b.yaml", "apiVersion: v1\nkind: B\n")
		r.Write("conf/c.yaml", "a: b\n")
		r.Commit("base")
		r.Branch("change")
		r.Write("policy/c.yaml", "a: b\n")
		r.Write("policy/new.yaml", constraint)
		r.Write("deploy/a.yaml", "apiVersion: v1\nkind: C\n")
		r.Commit("change")
		in := collect(t, r, "change").Input
		want := []facts.Module{{Path: "policy/c.yaml", Text: constraint + spec}, {Path: "policy/gone.yaml", Text: constraint}}
		if !slices.Equal(in.Policy.Constraints, want) {
			t.Errorf("got %+v, want %+v", in.Policy.Constraints, want)
		}
		var got []string
		for _, d := range in.Around {
			got = append(got, d.Path)
		}
		slices.Sort(got)
		if len(around) > 0 {
			around = append(around, "policy/samples/s.yaml")
		}
		if !slices.Equal(got, around) {
			t.Errorf("%q: got %q, want %q", spec, got, around)
		}
	}
}

// A file that is too large to be looked at may hold constraints: nothing is judged without them.
func TestConstraintsTooLarge(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("policy/a.yaml", "a: "+strings.Repeat("x", facts.BlobLimit))
	r.Commit("base")
	r.Branch("change")
	_, err := tryCollect(t, r, "change")
	var broken *facts.ConfigError
	if !errors.As(err, &broken) || !strings.Contains(err.Error(), "policy/a.yaml") || !strings.Contains(err.Error(), "spec.policy.gatekeeper") {
		t.Errorf("got %v", err)
	}
}
