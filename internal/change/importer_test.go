package change

import (
	"strings"
	"testing"
	"time"
)

const sampleAlias = "I0123456789012345678901234567890123456789"

func TestPlanImport(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	branches := []Branch{
		{Name: "main", Head: oid(1), When: now},
		{Name: "old", Head: oid(2), Ahead: 1, When: now.AddDate(-1, 0, 0)},
		{Name: "done", Head: oid(3), When: now},
		{Name: "alien", Head: oid(4), Ahead: 9, Unrelated: true, When: now},
		{Name: "feature", Head: oid(5), Ahead: 2, When: now, Author: "bob", Message: "Add it\n\nBecause.\n\nChange-Id: " + sampleAlias + "\n"},
		{Name: "zz-copy", Head: oid(5), Ahead: 2, When: now},
		{Name: "agents/coder/t1", Head: oid(6), Ahead: 1, When: now, Message: "work"},
	}
	say := func(plan []Import) string {
		var out []string
		for _, i := range plan {
			text := i.Branch + ": " + i.Skip
			if i.Operation != nil {
				text += string(i.Operation.Body.Kind())
			}
			out = append(out, text)
		}
		return strings.Join(out, "\n")
	}
	plan := PlanImport("main", branches, nil, now, now.AddDate(0, -6, 0))
	want := `agents/coder/t1: open
alien: it shares no history with main
done: all of it is on main
feature: open
main: it is where changes land
old: no commit since 2025-09-02
zz-copy: the same as branch feature`
	if got := say(plan); got != want {
		t.Fatalf("plan:\n%s\nwant\n%s", got, want)
	}
	first := plan[0].Operation.Body.(Opening)
	if first.Agent != "coder" || first.Task != "t1" || first.Imported != "agents/coder/t1" {
		t.Errorf("%+v", first)
	}
	var known []State
	for _, i := range plan {
		if i.Operation == nil {
			continue
		}
		p, err := NewPack(1, []Operation{*i.Operation})
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, Fold([]Pack{p}))
	}
	for _, i := range PlanImport("main", branches, known, now, time.Time{}) {
		if i.Operation != nil && i.Branch != "old" {
			t.Errorf("imported again: %s", i.Branch)
		}
	}
	branches[4].Head, branches[5].Head = oid(7), oid(8) // feature moved, zz-copy went its own way
	moved := say(PlanImport("main", branches, known, now, now.AddDate(0, -6, 0)))
	if !strings.Contains(moved, "feature: patch-set") || !strings.Contains(moved, "zz-copy: open") {
		t.Errorf("after the branches moved:\n%s", moved)
	}
}

func TestAlias(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"":                                   "",
		"x":                                  "",
		"x\n\nChange-Id: " + sampleAlias:     sampleAlias,
		"x\r\n\r\nchange-id: " + sampleAlias: sampleAlias,
		"x\n\nChange-Id: I12\n":              "",
		"x\n\nChange-Id: " + sampleAlias + "\n\nmore\n":                "",
		"x\n\nTask: 1\nChange-Id: " + sampleAlias + "\nSigned: me\n\n": sampleAlias,
	} {
		if got := Alias(message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

func FuzzAlias(f *testing.F) {
	f.Add("x\n\nChange-Id: " + sampleAlias)
	f.Fuzz(func(t *testing.T, message string) {
		if a := Alias(message); a != "" && (len(a) != 41 || !strings.Contains(message, a)) {
			t.Fatalf("%q", a)
		}
	})
}
