package policy

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	constitutionPage = "../../docs/constitution.md"
	listBegins       = "<!-- rules: go test ./internal/policy -run TestConstitutionPage -update -->\n"
	listEnds         = "<!-- end of rules -->\n"
)

// The page lists every rule of the constitution, by theme, with what it does and what it stops.
func TestConstitutionPage(t *testing.T) {
	t.Parallel()
	e, err := Compile(context.Background(), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(constitutionPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(page), listBegins)
	_, after, ok := strings.Cut(rest, listEnds)
	if !ok {
		t.Fatalf("%s has no list of rules between %q and %q", constitutionPage, listBegins, listEnds)
	}
	want := before + listBegins + themes(e.Rules()) + listEnds + after
	if *update {
		if err := os.WriteFile(constitutionPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Errorf("%s is out of date; run: go test ./internal/policy -run TestConstitutionPage -update", constitutionPage)
	}
}

// themes is a table for each first word of the rules' ids; a rule that denies some and holds others has one row.
func themes(rules []Rule) string {
	var out strings.Builder
	theme := ""
	for i, r := range rules {
		if i > 0 && rules[i-1].ID == r.ID {
			continue
		}
		if first, _, _ := strings.Cut(r.ID, "/"); first != theme {
			theme = first
			fmt.Fprintf(&out, "\n### %s\n\n| rule | does | what it stops |\n|---|---|---|\n", theme)
		}
		does := r.Kind
		for _, other := range rules[i+1:] {
			if other.ID == r.ID {
				does += " or " + other.Kind
			}
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", r.ID, does, strings.ReplaceAll(r.Title, "|", "\\|"))
	}
	return out.String() + "\n"
}

// Every rule says what it stops, why, how to mend it, and gives an example of each side.
func TestConstitutionExplained(t *testing.T) {
	t.Parallel()
	e, err := Compile(context.Background(), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range e.Rules() {
		if r.Title == "" || r.Description == "" || r.Fix == "" || r.Failing == "" || r.Passing == "" || !strings.Contains(r.ID, "/") {
			t.Errorf("%s:%d: %+v", r.Path, r.Line, r)
		}
		if (r.Severity == "error") != (r.Kind == Deny) {
			t.Errorf("%s:%d: %s %ss with severity %s", r.Path, r.Line, r.ID, r.Kind, r.Severity)
		}
	}
}
