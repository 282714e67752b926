package fetch

import (
	"context"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// wheels is where the build sees what was fetched from a Python index.
const wheels = "/deps/python"

// pinned is one line of a requirements.txt.
type pinned struct {
	name, version string
	marker        string   // environment marker, as written
	sums          []string // SHA-256 in hex
	line          int
}

// pypiPlan reads requirements.txt. Every line must pin one version and the hashes of its files.
func (f *Fetcher) pypiPlan(p project) (*plan, error) {
	text, err := p.find("requirements.txt")
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, pythonUnlocked(p)
	}
	lock := path.Join(p.dir, "requirements.txt")
	pins, err := parseRequirements(lock, text)
	if len(pins) == 0 || err != nil {
		return nil, err
	}
	var list strings.Builder
	for _, r := range pins {
		list.WriteString(r.String() + "\n")
	}
	const file = "requirements.txt"
	return &plan{ecosystem: PyPI, lock: lock, digest: digestOf(text), project: map[string][]byte{file: []byte(list.String())}, dir: ".",
		argv: []string{"python3", "-m", "pip", "download", "--isolated", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--progress-bar=off",
			"--timeout=1800", "--retries=0", "--index-url=" + mirrorURL + "/simple", "--require-hashes", "--no-deps", "--only-binary=:all:",
			"--dest=" + wheels, "--requirement=" + file},
		out: wheels, places: []Place{{From: ".", To: wheels}},
		use:   []string{"PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_FIND_LINKS=" + wheels, "PIP_NO_INDEX=1"},
		pages: func(ctx context.Context, add func(string, route)) error { return f.indexPages(ctx, lock, pins, add) }}, nil
}

// pythonUnlocked refuses lock files that pip cannot be held to.
func pythonUnlocked(p project) error {
	for name, do := range map[string]string{
		"uv.lock":      "uv export --format requirements-txt --output-file requirements.txt",
		"poetry.lock":  "poetry export --output requirements.txt",
		"Pipfile.lock": "pipenv requirements --hash > requirements.txt",
	} {
		if p.has(name) {
			return &Error{Path: path.Join(p.dir, name), Reason: "pip does not read it, and no requirements.txt is beside it", Do: do}
		}
	}
	return nil
}

// String is the requirement as pip gets it.
func (r pinned) String() string {
	text := r.name + "==" + r.version
	if r.marker != "" {
		text += " ; " + r.marker
	}
	for _, sum := range r.sums {
		text += " --hash=sha256:" + sum
	}
	return text
}

var requirementLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[A-Za-z0-9._,\s-]*\])?\s*={2,3}\s*([A-Za-z0-9][A-Za-z0-9.!+_-]*)\s*(?:;\s*(.*))?$`)
})

// parseRequirements reads a requirements file in pip's hash-checking mode. Options that name an index are passed over: hashes say what
// may come, wherever from. An error is an *Error.
func parseRequirements(lock string, text []byte) ([]pinned, error) {
	var pins []pinned
	for _, l := range logical(string(text)) {
		if strings.HasPrefix(l.text, "-") {
			if !indexOption(l.text) {
				return nil, &Error{Path: lock, Line: l.number, Reason: l.text + ": this option is not supported", Do: "write all requirements, pinned and with hashes, to this file"}
			}
			continue
		}
		r, err := parseRequirement(l.text)
		if err != nil {
			return nil, &Error{Path: lock, Line: l.number, Reason: err.Error(), Do: "pip-compile --generate-hashes, or uv export, writes what is needed"}
		}
		r.line = l.number
		pins = append(pins, r)
	}
	return pins, nil
}

// numbered is a line with its number.
type numbered struct {
	text   string
	number int
}

// logical joins continued lines, and leaves comments and empty lines out.
func logical(text string) []numbered {
	var all []numbered
	open := false
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue // pip takes one within a continued line as nothing too
		}
		if at := strings.Index(line, " #"); at >= 0 {
			line = strings.TrimSpace(line[:at])
		}
		body, continued := strings.CutSuffix(line, `\`)
		if open {
			last := &all[len(all)-1]
			last.text = strings.TrimSpace(last.text + " " + strings.TrimSpace(body))
		} else if body = strings.TrimSpace(body); body != "" || continued {
			all = append(all, numbered{body, number})
		}
		open = continued
	}
	return slices.DeleteFunc(all, func(l numbered) bool { return l.text == "" })
}

func indexOption(line string) bool {
	name, _, _ := strings.Cut(strings.ReplaceAll(line, "=", " "), " ")
	return slices.Contains([]string{"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--no-index", "--require-hashes", "--prefer-binary", "--only-binary"}, name)
}

func parseRequirement(line string) (pinned, error) {
	var r pinned
	words := strings.Fields(line)
	kept := words[:0:0]
	for _, word := range words {
		hash, ok := strings.CutPrefix(word, "--hash=")
		if !ok {
			kept = append(kept, word)
			continue
		}
		if sum, ok := strings.CutPrefix(hash, "sha256:"); ok {
			if raw, err := hex.DecodeString(sum); err != nil || len(raw) != 32 {
				return r, fmt.Errorf("%s is no hash", word)
			}
			r.sums = append(r.sums, strings.ToLower(sum))
		}
	}
	m := requirementLine().FindStringSubmatch(strings.Join(kept, " "))
	if m == nil || strings.Contains(m[3], " --") {
		return r, fmt.Errorf("%s: want name==version with hashes", strings.Join(kept, " "))
	}
	if len(r.sums) == 0 {
		return r, fmt.Errorf("%s has no --hash=sha256", m[1])
	}
	r.name, r.version, r.marker = pythonName(m[1]), m[2], m[3]
	return r, nil
}

// pythonName is a project's name in normal form (PEP 503).
func pythonName(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' }), "-")
}

// indexPages asks the index which files have the pinned hashes, and makes pages with those alone.
func (f *Fetcher) indexPages(ctx context.Context, lock string, pins []pinned, add func(string, route)) error {
	byName := map[string][]pinned{}
	for _, r := range pins {
		byName[r.name] = append(byName[r.name], r)
	}
	for _, r := range pins {
		if byName[r.name] == nil {
			continue // a version for each marker: asked for already
		}
		files, err := f.listing(ctx, r.name)
		if err != nil {
			return &Error{Path: lock, Line: r.line, Reason: err.Error(), Do: "look whether the index can be reached, and run again"}
		}
		f.indexPage(r.name, byName[r.name], files, add)
		delete(byName, r.name)
	}
	return nil
}

// indexPage is the page of one project (PEP 503) with the files that are pinned.
func (f *Fetcher) indexPage(name string, pins []pinned, files []indexFile, add func(string, route)) {
	var page strings.Builder
	page.WriteString("<!DOCTYPE html><html><body>\n")
	for _, file := range files {
		at := slices.IndexFunc(pins, func(r pinned) bool { return slices.Contains(r.sums, file.sha256) })
		if at < 0 {
			continue
		}
		to := "/files/" + file.sha256 + "/" + file.name
		add(to, route{item: &item{name: name, version: pins[at].version, file: file.name, url: file.url, line: pins[at].line, pin: integrity{"sha256", file.sha256}}})
		fmt.Fprintf(&page, "<a href=\"%s#sha256=%s\">%s</a>\n", html.EscapeString((&url.URL{Path: to}).EscapedPath()), file.sha256, html.EscapeString(file.name))
	}
	page.WriteString("</body></html>\n")
	add("/simple/"+name+"/", route{page: []byte(page.String()), kind: "text/html"})
}
