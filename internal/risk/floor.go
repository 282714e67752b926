package risk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

// Floor returns every reason why the change is at least of a level, worst first; none when the whole change is proven to
// do nothing. Adding a file to a change never lowers it. Rules of medium and below are reported once, with the first file
// they met; all others for every file.
func Floor(in *facts.Input, cfg manifest.Repository) []Reason {
	settings := cfg.Spec.Risk
	f := floor{in: in, settings: settings, policy: cfg.Spec.Policy, listed: matcher(settings.Sensitive, true), unlisted: matcher(settings.NotSensitive, false)}
	for _, row := range settings.Governance {
		f.rows = append(f.rows, matcher(row.Paths, true))
	}
	f.compared = compared(in.API)
	for i := range in.Files {
		f.file(&in.Files[i])
	}
	f.interfaces()
	f.reach()
	f.catalog()
	f.policyDelta()
	f.tests()
	f.dependencies()
	f.infrastructure()
	f.manifests()
	if len(in.Change.Conflicts) > 0 {
		f.add(Medium, "change/unmerged", in.Change.Conflicts[0], 0, "conflicts with its target: what it would do is not known")
	}
	return f.sorted()
}

// floor collects reasons.
type floor struct {
	in               *facts.Input
	settings         manifest.Risk
	policy           manifest.PolicySettings
	rows             []func(path string) bool // of settings.Governance
	listed, unlisted func(path string) bool   // as sensitive, as not sensitive
	compared         map[string]bool          // files whose interfaces are known on both sides
	reasons          []Reason
}

func (f *floor) add(level Level, rule, path string, line int, format string, args ...any) {
	f.reasons = append(f.reasons, Reason{Level: level, Rule: rule, Path: path, Line: line, Message: fmt.Sprintf(format, args...)})
}

// sorted puts the worst first and keeps one reason of each mild rule, with the number of files it stands for.
func (f *floor) sorted() []Reason {
	slices.SortFunc(f.reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Path, b.Path),
			cmp.Compare(a.Line, b.Line), strings.Compare(a.Message, b.Message))
	})
	out := f.reasons[:0]
	more := 0
	for i, r := range f.reasons {
		last := len(out) - 1
		if i > 0 && r == f.reasons[i-1] {
			continue
		}
		if last >= 0 && r.Level <= Medium && out[last].Level == r.Level && out[last].Rule == r.Rule {
			more++
			continue
		}
		withMore(out, more)
		more = 0
		out = append(out, r)
	}
	withMore(out, more)
	return out
}

func withMore(out []Reason, more int) {
	if more > 0 {
		last := &out[len(out)-1]
		last.Message = fmt.Sprintf("%s (and %d more)", last.Message, more)
	}
}

// proven reports whether an edit is proven to change nothing that runs. What tells agents or the gate what to do always acts.
func proven(file *facts.File) bool {
	if file.Unread != "" || acts(file.Class) || acts(file.OldClass) {
		return false
	}
	switch file.Effect {
	case source.EffectNone, source.EffectFormat, source.EffectComment, source.EffectDoc:
		return true
	}
	return false
}

func acts(class string) bool {
	return class == source.ClassAgentInstruction || class == source.ClassPolicy
}

// paths are where the file is and was.
func paths(file *facts.File) []string {
	if file.OldPath != "" {
		return []string{file.Path, file.OldPath}
	}
	return []string{file.Path}
}

// file applies the rules that look at one file.
func (f *floor) file(file *facts.File) {
	f.governance(file)
	if proven(file) {
		return
	}
	f.class(file)
	f.unread(file)
	f.kind(file)
	f.sensitive(file)
	f.exports(file)
	f.profile(file)
}

// class is the level that follows from what sort of file it is.
func (f *floor) class(file *facts.File) {
	class := file.Class
	if acts(file.OldClass) {
		class = file.OldClass
	}
	switch class {
	case source.ClassAgentInstruction:
		f.add(High, "agent/instructions", file.Path, 0, "tells coding agents what to do")
	case source.ClassPolicy:
		f.add(High, "governance/rules", file.Path, 0, "rules that something enforces")
	case source.ClassSource:
		f.add(Low, "code/changed", file.Path, 0, "code that is not proven to do the same as before")
	case source.ClassTest:
		f.add(Low, "tests/changed", file.Path, 0, "tests or their data")
	case source.ClassDoc, source.ClassBinary:
		f.add(Low, "content/changed", file.Path, 0, "content that is not proven to do nothing")
	case source.ClassLockfile:
		f.add(Low, "dependencies/lock", file.Path, 0, "pins what is installed")
	case source.ClassConfig:
		f.config(file)
	case source.ClassInfra:
		f.add(Medium, "infrastructure/changed", file.Path, 0, "builds, deploys or runs the software")
	case source.ClassGenerated:
		f.add(Medium, "code/generated", file.Path, 0, "generated or copied code, which nobody reads")
	default:
		f.add(Medium, "file/unknown", file.Path, 0, "a file of a sort that adamant does not know")
	}
}

func (f *floor) config(file *facts.File) {
	switch {
	case catalog.IsFile(file.Path):
		f.add(Low, "catalog/file", file.Path, 0, "a file of the catalog")
	case compiled().editor(file.Path):
		f.add(Low, "config/editor", file.Path, 0, "settings of editors and formatters")
	case source.IsManifest(file.Path):
		f.add(Low, "config/manifest", file.Path, 0, "declares a package")
	default:
		f.add(Medium, "config/changed", file.Path, 0, "configuration")
	}
}

// unread makes sure that nothing is called harmless that was not looked at.
func (f *floor) unread(file *facts.File) {
	switch {
	case file.Unread == facts.UnreadSubmodule:
		f.add(Medium, "unread/submodule", file.Path, 0, "points to a commit of another repository")
	case file.Unread == facts.UnreadBinary && file.Mode == "100755":
		f.add(Medium, "unread/executable", file.Path, 0, "an executable that was not read")
	case file.Unread == facts.UnreadBinary, file.Unread == facts.UnreadLFS:
		f.add(Low, "unread/binary", file.Path, 0, "not text: its content was not read")
	case file.Unread != "":
		f.add(Medium, "unread/file", file.Path, 0, "was not read: %s", file.Unread)
	}
	if file.Symlink != "" && escapes(file.Path, file.Symlink) {
		f.add(High, "file/symlink", file.Path, 0, "a symlink that leaves the repository: %s", file.Symlink)
	}
}

// escapes reports whether a symlink at path points out of the repository.
func escapes(path, target string) bool {
	if strings.HasPrefix(target, "/") {
		return true
	}
	depth := strings.Count(path, "/")
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "..":
			depth--
		case "", ".":
		default:
			depth++
		}
		if depth < 0 {
			return true
		}
	}
	return false
}

// kind is the level that follows from what the path is known to be.
func (f *floor) kind(file *facts.File) {
	if file.Class == source.ClassTest && file.OldClass == "" {
		return
	}
	for _, path := range paths(file) {
		switch {
		case source.IsMigration(path):
			f.add(High, "data/migration", path, 0, "changes the shape of stored data")
		case f.compared[file.Path]: // interfaces says what happened to it
		case source.IsSchema(path) && file.Status != "added":
			f.add(High, "interface/schema", path, 0, "an interface between programs, which others may rely on")
		case source.IsSchema(path):
			f.add(Medium, "interface/schema", path, 0, "a new interface between programs")
		}
		if source.IsKeyMaterial(path, nil) {
			f.add(High, "keys/material", path, 0, "looks like a private key or a store of keys")
		}
	}
}

// profile is the level that the catalog gives the file's component, at base.
func (f *floor) profile(file *facts.File) {
	for _, c := range f.in.Catalog.Components {
		if c.Ref != file.Component && c.Ref != file.OldComponent || c.RiskProfile == "" {
			continue
		}
		level, err := ParseLevel(c.RiskProfile)
		if err != nil {
			level = High // an unknown profile is not a reason to be careless
		}
		if level >= Medium {
			f.add(level, "component/risk-profile", file.Path, 0, "belongs to %s, whose risk profile is %s", c.Ref, c.RiskProfile)
		}
	}
}
