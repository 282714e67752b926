package risk

import (
	"cmp"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

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

// part is a set of keys of a manifest that decide how changes are judged.
type part struct {
	rule, why string
	keys      map[string][]string // by the manifest's name
}

// parts are the decisions that manifests hold besides what they declare.
var parts = []part{
	{"governance/scripts", "commands that build or test the software", map[string][]string{
		"package.json":   {"scripts", "husky", "lint-staged", "simple-git-hooks"},
		"composer.json":  {"scripts"},
		"deno.json":      {"tasks"},
		"pyproject.toml": {"build-system", "tool.tox", "tool.nox", "tool.hatch", "tool.poe", "tool.pdm"},
		"Cargo.toml":     {"package.build"},
	}},
	{"governance/test-runner", "which tests run and what coverage counts", map[string][]string{
		"package.json":   {"jest", "mocha", "ava", "nyc", "c8", "vitest"},
		"deno.json":      {"test"},
		"pyproject.toml": {"tool.pytest", "tool.coverage"},
		"setup.cfg":      {"tool:pytest", "coverage:run", "coverage:report"},
		"Cargo.toml":     {"profile.test"},
	}},
	{"governance/linters", "what linters report", map[string][]string{
		"package.json":   {"eslintConfig", "eslintIgnore", "stylelint", "xo", "standard", "remarkConfig"},
		"deno.json":      {"lint"},
		"pyproject.toml": {"tool.ruff", "tool.mypy", "tool.pylint", "tool.flake8", "tool.pyright", "tool.basedpyright", "tool.bandit", "tool.ty"},
		"setup.cfg":      {"flake8", "mypy", "pylint", "pycodestyle", "bandit"},
		"Cargo.toml":     {"lints", "workspace.lints"},
		"tsconfig.json": {"exclude", "compilerOptions.strict", "compilerOptions.strictNullChecks", "compilerOptions.noImplicitAny", "compilerOptions.noImplicitReturns", "compilerOptions.noUnusedLocals",
			"compilerOptions.noUnusedParameters", "compilerOptions.noUncheckedIndexedAccess", "compilerOptions.checkJs"},
	}},
	{"governance/sources", "where dependencies come from", map[string][]string{
		"package.json":   {"overrides", "resolutions", "pnpm", "packageManager", "publishConfig"},
		"pyproject.toml": {"tool.uv", "tool.poetry.source", "tool.pdm.source"},
		"Cargo.toml":     {"patch", "replace", "source"},
		"composer.json":  {"repositories"},
	}},
}

// manifests prices what manifests decide: scripts run on every developer's machine and in the pipeline.
func (f *floor) manifests() {
	for i := range f.in.Files {
		file := &f.in.Files[i]
		if proven(file) || file.Class == source.ClassTest {
			continue
		}
		for _, name := range paths(file) {
			if scriptFile(path.Base(name)) {
				f.add(High, "governance/scripts", name, 0, "says what commands build and test the software")
			}
		}
		f.parts(file)
		f.directives(file)
	}
}

// parts compares the keys of both sides of a manifest, whatever it was called before.
func (f *floor) parts(file *facts.File) {
	for _, p := range parts {
		keys := map[string]bool{}
		for _, name := range paths(file) {
			for _, key := range p.keys[manifestName(path.Base(name))] {
				keys[key] = true
			}
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			before, after := f.part(f.in.Before, cmp.Or(file.OldPath, file.Path), key), f.part(f.in.Documents, file.Path, key)
			if before != after {
				f.add(High, p.rule, file.Path, 0, "changes %s: %s", key, p.why)
			}
		}
	}
}

// manifestName is what a manifest is listed as: tsconfig.base.json is a tsconfig.json.
func manifestName(base string) string {
	if strings.HasPrefix(base, "tsconfig.") && strings.HasSuffix(base, ".json") {
		return "tsconfig.json"
	}
	return base
}

// directives prices what a go.mod says besides versions, and a module that takes a folder out of the one above.
func (f *floor) directives(file *facts.File) {
	if path.Base(file.Path) == "go.mod" && file.Status == "added" && strings.Contains(file.Path, "/") {
		f.add(High, "governance/test-runner", file.Path, 0, "makes the folder a module of its own: its tests no longer run with those above it")
	}
	if file.Versions == nil {
		return
	}
	for _, verb := range file.Versions.Directives {
		switch verb {
		case "replace", "unreadable":
			f.add(High, "governance/sources", file.Path, 0, "changes %s: where dependencies come from", verb)
		case "tool", "ignore":
			f.add(High, "governance/scripts", file.Path, 0, "changes %s: commands that build or test the software", verb)
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
