package risk

import (
	"encoding/json"
	"path"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/source"
)

// dependencies prices what the change installs. A lock file follows its manifest; alone, nobody can tell what it changes.
func (f *floor) dependencies() {
	manifests := map[string]bool{} // folders
	for i := range f.in.Files {
		file := &f.in.Files[i]
		if source.IsManifest(file.Path) && file.Class != source.ClassTest && !proven(file) {
			manifests[path.Dir(file.Path)] = true
			f.versions(file)
		}
	}
	for i := range f.in.Files {
		file := &f.in.Files[i]
		if file.Class == source.ClassLockfile && !proven(file) && !manifests[path.Dir(file.Path)] {
			f.add(Medium, "dependencies/lock-only", file.Path, 0, "changes what is installed without its manifest")
		}
	}
}

func (f *floor) versions(file *facts.File) {
	if file.Versions == nil || file.Versions.Other {
		f.add(Medium, "dependencies/manifest", file.Path, 0, "changes more than the versions of dependencies")
	}
	if file.Versions == nil {
		return
	}
	for _, v := range file.Versions.Changes {
		switch v.Step {
		case source.StepMajor:
			f.add(High, "dependencies/major", file.Path, v.Line, "%s goes from %s to %s", v.Name, v.Old, v.New)
		case source.StepMinor:
			f.add(Medium, "dependencies/minor", file.Path, v.Line, "%s goes from %s to %s", v.Name, v.Old, v.New)
		case source.StepPatch:
			f.add(Low, "dependencies/patch", file.Path, v.Line, "%s goes from %s to %s", v.Name, v.Old, v.New)
		case source.StepAdded:
			f.add(Medium, "dependencies/added", file.Path, v.Line, "starts to use %s %s", v.Name, v.New)
		default:
			f.add(Medium, "dependencies/removed", file.Path, 0, "no longer uses %s", v.Name)
		}
	}
}

// scriptKeys are the parts of a manifest that say what commands run, and how tests do.
var scriptKeys = map[string][]string{
	"package.json":   {"scripts", "jest", "mocha", "ava", "nyc", "c8", "vitest", "husky", "lint-staged", "simple-git-hooks"},
	"composer.json":  {"scripts"},
	"deno.json":      {"tasks", "test", "lint"},
	"pyproject.toml": {"build-system", "tool.pytest", "tool.coverage", "tool.tox", "tool.nox", "tool.hatch", "tool.poe", "tool.pdm", "tool.ruff", "tool.mypy", "tool.pylint"},
	"Cargo.toml":     {"package.build", "lints", "workspace.lints"},
}

// manifests prices scripts: they run on every developer's machine and in the pipeline.
func (f *floor) manifests() {
	for i := range f.in.Files {
		file := &f.in.Files[i]
		if proven(file) || file.Class == source.ClassTest {
			continue
		}
		base := path.Base(file.Path)
		if scriptFile(base) {
			f.add(High, "governance/scripts", file.Path, 0, "says what commands build and test the software")
			continue
		}
		for _, key := range scriptKeys[base] {
			before, after := f.part(f.in.Before, file.Path, key), f.part(f.in.Documents, file.Path, key)
			if before != after {
				f.add(High, "governance/scripts", file.Path, 0, "changes %s: commands that build or test the software", key)
			}
		}
	}
}

func scriptFile(base string) bool {
	switch base {
	case "Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", "Taskfile.yml", "Taskfile.yaml", "noxfile.py":
		return true
	}
	return false
}

// part is the canonical text of one part of a document, "" when it has none.
func (f *floor) part(docs []document.Document, file, key string) string {
	for i := range docs {
		if docs[i].Path != file {
			continue
		}
		value := docs[i].Value
		for name := range splitKey(key) {
			object, ok := value.(map[string]any)
			if !ok {
				return ""
			}
			value = object[name]
		}
		if value == nil {
			return ""
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	return ""
}
