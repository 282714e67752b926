package finding

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func count(fs []Finding, states ...State) int {
	n := 0
	for _, f := range fs {
		if slices.Contains(states, f.State) {
			n++
		}
	}
	return n
}

func TestCompare(t *testing.T) {
	t.Parallel()
	at := func(path string, line int, fingerprint string) Finding {
		return Finding{Rule: "r", Severity: Error, Message: "m", Path: path, Line: line, Fingerprint: fingerprint}
	}
	big := func(path, message string) Finding {
		return Finding{Rule: "size", Message: message, Path: path, Fingerprint: message}
	}
	for _, tc := range []struct {
		name         string
		base, merged []Finding
		renames      map[string]string
		want         []State // of merged, sorted by place, then of what is absent
	}{
		{"nothing", nil, nil, nil, nil},
		{"new", nil, []Finding{at("a", 1, "x")}, nil, []State{New}},
		{"moved line", []Finding{at("a", 1, "x")}, []Finding{at("a", 9, "x")}, nil, []State{Unchanged}},
		{"gone", []Finding{at("a", 1, "x")}, nil, nil, []State{Absent}},
		{"renamed file", []Finding{at("a", 1, "x")}, []Finding{at("b", 1, "x")}, map[string]string{"a": "b"}, []State{Unchanged}},
		{"moved to another file", []Finding{at("a", 1, "x")}, []Finding{at("b", 1, "x")}, nil, []State{Unchanged}},
		{"to another file of its folder", []Finding{at("p/a", 1, "x")}, []Finding{at("p/b", 1, "x")}, nil, []State{Unchanged}},
		{"gone from an unrelated file", []Finding{at("dev/a", 1, "x")}, []Finding{at("prod/b", 1, "x")}, nil, []State{New, Absent}},
		{"of the same name elsewhere", []Finding{at("dev/a", 1, "x")}, []Finding{at("prod/a", 1, "x")}, nil, []State{New, Absent}},
		{"in a folder below", []Finding{at("p/a", 1, "x")}, []Finding{at("p/q/a", 1, "x")}, nil, []State{New, Absent}},
		{"renamed to another folder", []Finding{at("dev/a", 1, "x")}, []Finding{at("prod/b", 1, "x")}, map[string]string{"dev/a": "prod/b"}, []State{Unchanged}},
		{"split off a renamed file", []Finding{at("p/a", 1, "x")}, []Finding{at("q/b", 1, "x")}, map[string]string{"p/a": "q/a"}, []State{Unchanged}},
		{"renamed from there, and gone elsewhere", []Finding{at("dev/a", 1, "x")}, []Finding{at("prod/b", 1, "x")}, map[string]string{"dev/c": "prod/b"}, []State{New, Absent}},
		{"copied to another file", []Finding{at("a", 1, "x")}, []Finding{at("a", 1, "x"), at("b", 1, "x")}, nil, []State{Unchanged, New}},
		{"one more of the same", []Finding{at("a", 1, "x"), at("a", 2, "x")}, []Finding{at("a", 1, "x"), at("a", 2, "x"), at("a", 3, "x")}, nil, []State{Unchanged, Unchanged, New}},
		{"another rule", []Finding{at("a", 1, "x")}, []Finding{{Rule: "other", Path: "a", Line: 1, Fingerprint: "x"}}, nil, []State{New, Absent}},
		{"worse severity", []Finding{{Rule: "r", Severity: Warning, Message: "m", Path: "a", Fingerprint: "x"}}, []Finding{at("a", 0, "x")}, nil, []State{Updated}},
		{"no fingerprint", []Finding{at("a", 1, "")}, []Finding{at("a", 1, "")}, nil, []State{New, Absent}},
		{"swap by rename", []Finding{at("a", 1, "x"), at("b", 1, "y")}, []Finding{at("a", 1, "y"), at("b", 1, "x")}, map[string]string{"a": "b", "b": "a"}, []State{Unchanged, Unchanged}},
		{"only the number changed", []Finding{big("a", "has 412 lines (limit 400)")}, []Finding{big("a", "has 413 lines (limit 400)")}, nil, []State{Updated}},
		{"the number changed in a renamed file", []Finding{big("a", "a: has 1 line")}, []Finding{big("b", "b: has 2 line")}, map[string]string{"a": "b"}, []State{Updated}},
		{"another file's number", []Finding{big("a", "has 412 lines")}, []Finding{big("b", "has 413 lines")}, nil, []State{New, Absent}},
		{"another CVE", []Finding{big("a", "has CVE-2026-1")}, []Finding{big("a", "has CVE-2026-2")}, nil, []State{New, Absent}},
		{"another version", []Finding{big("a", "uses 1.2.3")}, []Finding{big("a", "uses 1.2.4")}, nil, []State{New, Absent}},
		{"absent before", []Finding{{Rule: "r", Path: "a", Line: 1, Fingerprint: "x", State: Absent}}, []Finding{at("a", 1, "x")}, nil, []State{New}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := Compare(tc.base, tc.merged, tc.renames)
			var states []State
			for _, f := range got {
				if f.State != Absent {
					states = append(states, f.State)
				}
			}
			for range count(got, Absent) {
				states = append(states, Absent)
			}
			if !slices.Equal(states, tc.want) {
				t.Fatalf("states = %v, want %v\n%+v", states, tc.want, got)
			}
		})
	}
}

func TestCompareKeepsCounts(t *testing.T) {
	t.Parallel()
	content := texts(map[string]string{"a": "x\nx\ny\n", "b": "x\n"})
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SliceOf(drawFinding()).Draw(t, "base")
		merged := rapid.SliceOf(drawFinding()).Draw(t, "merged")
		renames := rapid.SampledFrom([]map[string]string{nil, {"a": "b"}, {"a": "b", "b": "a"}}).Draw(t, "renames")
		AssignFingerprints(base, content, nil)
		AssignFingerprints(merged, content, nil)
		got := Compare(base, merged, renames)
		if n := count(got, New, Unchanged, Updated); n != len(merged) {
			t.Fatalf("%d findings are on the merged tree, Compare has %d", len(merged), n)
		}
		if n := count(got, Absent, Unchanged, Updated); n != len(base) {
			t.Fatalf("%d findings were at base, Compare accounts for %d", len(base), n)
		}
		if growth := count(got, New) - count(got, Absent); growth != len(merged)-len(base) {
			t.Fatalf("the count grew by %d, new - absent is %d", len(merged)-len(base), growth)
		}
		again := Compare(rapid.Permutation(base).Draw(t, "base2"), rapid.Permutation(merged).Draw(t, "merged2"), renames)
		if !slices.Equal(got, again) {
			t.Fatalf("order decides:\n%+v\n%+v", got, again)
		}
	})
}

func TestCompareNamesExactlyOneMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SliceOf(drawFinding()).Draw(t, "base")
		AssignFingerprints(base, nil, nil)
		if got := Compare(base, base, nil); count(got, Unchanged) != len(base) || len(got) != len(base) {
			t.Fatalf("equal sets are not unchanged: %+v", got)
		}
		extra := drawFinding().Draw(t, "extra")
		merged := append(slices.Clone(base), extra)
		AssignFingerprints(merged, nil, nil)
		got := Compare(base, merged, nil)
		if count(got, New) != 1 || count(got, Absent) != 0 {
			t.Fatalf("n+1 at merged: %d new, %d absent", count(got, New), count(got, Absent))
		}
		for _, f := range got {
			if f.State == New && f.Rule != extra.Rule {
				t.Fatalf("the new one is of rule %s, added was one of %s", f.Rule, extra.Rule)
			}
		}
	})
}

func TestSortIsTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fs := rapid.SliceOf(drawFinding()).Draw(t, "fs")
		other := rapid.Permutation(fs).Draw(t, "other")
		Sort(fs)
		Sort(other)
		if !slices.Equal(fs, other) {
			t.Fatal("two orders of one set sort differently")
		}
	})
}

// What Compare takes a finding for stays with it, so that counts by folder can follow a violation that moves.
func TestCompareTellsWhereItWas(t *testing.T) {
	t.Parallel()
	base := []Finding{{Rule: "r", Path: "a/x.go", Line: 1, Fingerprint: "f1"}, {Rule: "r", Path: "a/y.go", Message: "412 lines", Fingerprint: "f2"}}
	merged := []Finding{{Rule: "r", Path: "a/z.go", Line: 9, Fingerprint: "f1"}, {Rule: "r", Path: "a/y.go", Message: "413 lines", Fingerprint: "f3"}}
	got := Compare(base, merged, nil)
	if got[0].OldFingerprint != "f2" || got[0].OldPath != "" || got[0].State != Updated {
		t.Errorf("another number: %+v", got[0])
	}
	if got[1].OldPath != "a/x.go" || got[1].OldFingerprint != "" || got[1].State != Unchanged {
		t.Errorf("moved: %+v", got[1])
	}
}
