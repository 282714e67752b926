package risk

import (
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
)

func TestFloorOfInterfaces(t *testing.T) {
	t.Parallel()
	gone := exports.Change{Language: "go", Path: "pkg/x.go", Line: 3, Name: "A", Kind: "func", Change: exports.Removed, Breaking: true, Reason: "it is gone", Scope: exports.Public}
	edit := func(f func(*exports.Change)) []exports.Change {
		c := gone
		f(&c)
		return []exports.Change{c}
	}
	for _, tt := range []struct {
		name    string
		changes []exports.Change
		unread  []exports.Unread
		want    Level
		rule    string
	}{
		{name: "public", changes: []exports.Change{gone}, want: High, rule: "interface/exports"},
		{name: "inside", changes: edit(func(c *exports.Change) { c.Scope = exports.Repository }), want: Medium, rule: "interface/exports"},
		{name: "not known", changes: edit(func(c *exports.Change) { c.Breaking, c.Unsure = false, true }), want: Medium, rule: "interface/exports"},
		{name: "not known, inside", changes: edit(func(c *exports.Change) { c.Breaking, c.Unsure, c.Scope = false, true, exports.Repository }), want: Low},
		{name: "moved", changes: edit(func(c *exports.Change) { c.Breaking, c.Change = false, exports.Moved }), want: Medium, rule: "interface/exports"},
		{name: "new", changes: edit(func(c *exports.Change) { c.Breaking, c.Change = false, exports.Added }), want: Low},
		{name: "fits", changes: edit(func(c *exports.Change) { c.Breaking, c.Change = false, exports.Changed }), want: Low},
		{name: "of a schema", changes: edit(func(c *exports.Change) { c.Language = "proto" }), want: High, rule: "interface/schema"},
		{name: "unread", unread: []exports.Unread{{Path: "pkg/x.go", Scope: exports.Public}}, want: High, rule: "interface/unread"},
		{name: "unread inside", unread: []exports.Unread{{Path: "pkg/x.go", Scope: exports.Repository}}, want: Medium, rule: "interface/unread"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := coded("pkg/x.go", source.Delta{ExportsRemoved: []string{"A"}}) // what the names alone say does not count
			in := &facts.Input{Files: []facts.File{file}, API: &exports.Delta{Looked: []string{"pkg/x.go"}, Changes: tt.changes, Unread: tt.unread}}
			reasons := Floor(in, manifest.Defaults())
			if levelOf(reasons) != tt.want || tt.rule != "" && reasons[0].Rule != tt.rule {
				t.Errorf("floor %v, want %v by %s: %+v", levelOf(reasons), tt.want, tt.rule, reasons)
			}
		})
	}
}

func TestFloorOfInterfacesThatWereNotCompared(t *testing.T) {
	t.Parallel()
	file := coded("pkg/x.rs", source.Delta{ExportsRemoved: []string{"a"}})
	for name, delta := range map[string]*exports.Delta{"no delta": nil, "another file": {Looked: []string{"pkg/y.go"}}} {
		if got := levelOf(Floor(&facts.Input{Files: []facts.File{file}, API: delta}, manifest.Defaults())); got != High {
			t.Errorf("%s: the floor of a name that is gone is %v", name, got)
		}
	}
}

func TestFloorOfSchemas(t *testing.T) {
	t.Parallel()
	in := &facts.Input{Files: []facts.File{changed("api/a.proto")}, API: &exports.Delta{Looked: []string{"api/a.proto"}}}
	if got := levelOf(Floor(in, manifest.Defaults())); got != Medium {
		t.Errorf("options of a schema: %v", got)
	}
	in.API.Changes = []exports.Change{{Language: "proto", Path: "api/a.proto", Name: "A", Change: exports.Added, Scope: exports.Public}}
	if got := levelOf(Floor(in, manifest.Defaults())); got != Low {
		t.Errorf("a new message: %v", got)
	}
}

func TestBrokenNamesOfAFileAreOneReason(t *testing.T) {
	t.Parallel()
	var changes []exports.Change
	for _, name := range []string{"A", "B", "C"} {
		changes = append(changes, exports.Change{Language: "go", Path: "pkg/x.go", Name: name, Kind: "func", Change: exports.Removed, Breaking: true, Reason: "it is gone", Scope: exports.Public})
	}
	reasons := Floor(&facts.Input{Files: []facts.File{changed("pkg/x.go")}, API: &exports.Delta{Looked: []string{"pkg/x.go"}, Changes: changes}}, manifest.Defaults())
	if want := "public interface: no longer has func A (it is gone); and 2 more"; reasons[0].Message != want {
		t.Errorf("got %q", reasons[0].Message)
	}
}

func TestFanInIsShownAndWeighsNothing(t *testing.T) {
	t.Parallel()
	file := with(changed("pkg/x.go"), func(f *facts.File) { f.Growth = &source.Growth{Lines: 3, Identifiers: 3, Characters: 30, Places: 1} })
	alone := &facts.Input{Files: []facts.File{file}}
	needed := &facts.Input{Files: []facts.File{file}, Reach: &facts.Reach{Files: 40, Components: 2}}
	score, _ := Score(Measure(alone))
	with, factors := Score(Measure(needed))
	last := factors[len(factors)-1]
	if score != with || last.Name != "fanIn" || last.Value != 40 || last.Milli != 0 {
		t.Errorf("score %d alone, %d with importers, last factor %+v", score, with, last)
	}
	if got := levelOf(Floor(needed, manifest.Defaults())); got != Low {
		t.Errorf("two other components: %v", got)
	}
	needed.Reach.Components = 3
	if got := Floor(needed, manifest.Defaults()); levelOf(got) != Medium || got[0].Rule != "reach/components" {
		t.Errorf("three other components: %+v", got)
	}
}
