package source

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The steps a dependency can take, from mildest to worst. Versions are compared as semantic ones; a step that cannot be told
// is major, and so is a step back. Below 1.0 a new minor version may break like a major one and is called minor.
const (
	StepPatch   = "patch"
	StepMinor   = "minor"
	StepMajor   = "major"
	StepAdded   = "added"
	StepRemoved = "removed"
)

// VersionChange is one dependency that a manifest asks for in another version than before.
type VersionChange struct {
	Name string `json:"name"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
	Step string `json:"step"`
	Line int    `json:"line,omitempty"` // in the merged file; 0 when removed
}

// Versions is what an edit of a manifest does to its dependencies.
type Versions struct {
	Changes []VersionChange `json:"changes,omitempty"` // sorted by name
	Other   bool            `json:"other,omitempty"`   // lines changed that name no dependency
	// Directives are the parts of a go.mod that changed, besides module, go and require: replace, tool, exclude, ...; sorted.
	Directives []string `json:"directives,omitempty"`
}

// CompareVersions reads the dependencies of two versions of a manifest line by line, nil when path is none whose lines it
// knows. It is a reading for risk, not a parser: it never misses a changed line, but may call it Other.
func CompareVersions(path string, before, after []byte) *Versions {
	rx := versionLine(path)
	if rx == nil || !IsManifest(path) {
		return nil
	}
	a, b := trimCommon(before, after)
	first := bytes.Count(after[:commonStart(before, after)], newline) + 1
	old, oldOther := readVersions(rx, a, 0)
	new, newOther := readVersions(rx, b, first)
	v := &Versions{Other: !slices.Equal(oldOther, newOther), Directives: changedDirectives(path, before, after)}
	for name, was := range old {
		now, there := new[name]
		switch {
		case !there:
			v.Changes = append(v.Changes, VersionChange{Name: name, Old: was.version, Step: StepRemoved})
			continue
		case now.version != was.version:
			v.Changes = append(v.Changes, VersionChange{Name: name, Old: was.version, New: now.version, Step: step(was.version, now.version), Line: now.line})
		}
		v.Other = v.Other || now.rest != was.rest
	}
	for name, now := range new {
		if _, there := old[name]; !there {
			v.Changes = append(v.Changes, VersionChange{Name: name, New: now.version, Step: StepAdded, Line: now.line})
		}
	}
	slices.SortFunc(v.Changes, func(a, b VersionChange) int { return strings.Compare(a.Name, b.Name) })
	return v.major()
}

// major joins the removal of a Go module and the addition of its next major version.
func (v *Versions) major() *Versions {
	gone := map[string]int{}
	for i, c := range v.Changes {
		if c.Step == StepRemoved {
			gone[majorless(c.Name)] = i
		}
	}
	joined := map[int]bool{}
	for i, c := range v.Changes {
		if old, ok := gone[majorless(c.Name)]; ok && c.Step == StepAdded && !joined[old] {
			v.Changes[i].Old, v.Changes[i].Step = v.Changes[old].Old, StepMajor
			joined[old] = true
		}
	}
	kept := v.Changes[:0]
	for i, c := range v.Changes {
		if !joined[i] {
			kept = append(kept, c)
		}
	}
	v.Changes = kept
	return v
}

func majorless(module string) string {
	if i := strings.LastIndex(module, "/v"); i > 0 {
		if _, err := strconv.Atoi(module[i+2:]); err == nil {
			return module[:i]
		}
	}
	return module
}

var (
	goVersionLine     = lineOf(`^(?:require\s+)?([\w.~/-]+\.[\w.~/-]+)\s+(v\d\S*)(?:\s*//.*)?$`)
	jsonVersionLine   = lineOf(`^"([^"]+)"\s*:\s*"(?:npm:[^"]+@|workspace:)?[~^>=<v\s]*(\d[^"\s|]*)"\s*,?$`)
	tomlVersionLine   = lineOf(`^"?([\w.-]+)"?\s*=\s*(?:\{[^"]*version\s*=\s*)?"[~^>=<!\s]*(\d[^",\s]*)".*$`)
	pythonVersionLine = lineOf(`^"?([\w.-]+)(?:\[[\w,\s.-]*\])?\s*[~=>]=+\s*(\d[^\s;,"#\\]*)\s*"?,?(?:\s*\\)?$`)
)

func lineOf(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// versionLine is the expression of a line that names a dependency and its version, nil for manifests that are not known.
func versionLine(path string) func() *regexp.Regexp {
	f := newFile(path)
	switch {
	case f.name == "go.mod":
		return goVersionLine
	case f.name == "package.json":
		return jsonVersionLine
	case f.name == "cargo.toml" || f.name == "libs.versions.toml" || f.name == "pipfile":
		return tomlVersionLine
	case f.name == "pyproject.toml", f.extension == "txt", f.extension == "in":
		return pythonVersionLine
	}
	return nil
}

// notName knows keys with a version that is not a dependency's.
func notName(name string) bool {
	switch strings.ToLower(name) {
	case "version", "edition", "rust-version", "node", "npm", "python", "requires-python", "go", "toolchain", "lockfileversion", "target":
		return true
	}
	return false
}

type versionAt struct {
	version string
	rest    string // of the line, without the version
	line    int
}

// readVersions returns the dependencies, and the lines that name none.
func readVersions(rx func() *regexp.Regexp, data []byte, first int) (map[string]versionAt, []string) {
	found := map[string]versionAt{}
	var other []string
	n := first - 1
	for line := range bytes.Lines(data) {
		n++
		text := string(bytes.TrimSpace(line))
		m := rx().FindStringSubmatchIndex(text)
		if m == nil || notName(text[m[2]:m[3]]) {
			other = append(other, text)
			continue
		}
		name := text[m[2]:m[3]]
		for again := 2; has(found, name); again++ {
			name = text[m[2]:m[3]] + " (" + strconv.Itoa(again) + ")"
		}
		rest := text[:m[4]] + strings.TrimSuffix(strings.TrimSuffix(text[m[5]:], ","), " // indirect")
		found[name] = versionAt{text[m[4]:m[5]], rest, n}
	}
	return found, other
}

func has(found map[string]versionAt, name string) bool {
	_, there := found[name]
	return there
}

// step compares two versions.
func step(old, new string) string {
	a, okA := numbers(old)
	b, okB := numbers(new)
	switch {
	case !okA || !okB || slices.Compare(b[:], a[:]) < 0 || a[0] != b[0]:
		return StepMajor
	case a[1] != b[1]:
		return StepMinor
	}
	return StepPatch
}

// numbers are major, minor and patch of a version; false when it has none.
func numbers(version string) (out [3]int, ok bool) {
	core, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "+")
	core, _, _ = strings.Cut(core, "-")
	for i, part := range strings.SplitN(core, ".", 4) {
		n, err := strconv.Atoi(part)
		if err != nil && i == 0 {
			return out, false
		}
		if i < len(out) && err == nil {
			out[i] = n
		}
	}
	return out, true
}
