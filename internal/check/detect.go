package check

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Note is something Detect saw and could not turn into a check, or that the operator should know about one, with what to do.
type Note struct {
	Path    string
	Message string
}

// Detect proposes checks for a repository from its file names and the few manifests it reads. It runs nothing. The result
// is sorted by name and depends on its arguments only. A manifest that cannot be read is a note.
func Detect(files []string, read func(path string) ([]byte, error)) ([]manifest.Check, []Note) {
	d := &detector{read: read, names: map[string]bool{}, folders: map[string]bool{}, text: map[string]string{}}
	for _, file := range files {
		d.names[file] = true
		for dir := path.Dir(file); dir != "." && !d.folders[dir]; dir = path.Dir(dir) {
			d.folders[dir] = true
		}
	}
	d.files = slices.Sorted(slices.Values(files))
	d.golang()
	d.javascript()
	d.python()
	d.rust()
	d.maven()
	d.others()
	slices.SortFunc(d.checks, func(a, b manifest.Check) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(d.notes, func(a, b Note) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message)) })
	return d.checks, slices.Compact(d.notes)
}

// detector gathers what was found.
type detector struct {
	files   []string
	names   map[string]bool // files
	folders map[string]bool
	read    func(string) ([]byte, error)
	text    map[string]string

	checks []manifest.Check
	notes  []Note
}

func (d *detector) note(path, message string) {
	d.notes = append(d.notes, Note{Path: path, Message: message})
}

// add keeps a check under a name that is free.
func (d *detector) add(c manifest.Check) {
	name := c.Name
	for n := 2; slices.ContainsFunc(d.checks, func(other manifest.Check) bool { return other.Name == c.Name }); n++ {
		c.Name = name + "-" + strconv.Itoa(n)
	}
	d.checks = append(d.checks, c)
}

// has says whether a file is there.
func (d *detector) has(dir, name string) bool { return d.names[path.Join(dir, name)] }

// first is the first of names that is in dir, "" when none is.
func (d *detector) first(dir string, names ...string) string {
	for _, name := range names {
		if d.has(dir, name) {
			return name
		}
	}
	return ""
}

// content reads a file once; "" when it is not there or cannot be read, which is noted.
func (d *detector) content(name string) string {
	if text, known := d.text[name]; known || !d.names[name] {
		return text
	}
	text, err := d.read(name)
	if err != nil {
		d.note(name, "cannot be read, so nothing was detected from it: "+err.Error())
	}
	d.text[name] = string(text)
	return string(text)
}

// roots are the folders that hold a file of that name, outside of what others wrote or what is only test data.
func (d *detector) roots(name string) []string {
	var dirs []string
	for _, file := range d.files {
		if rest, ok := strings.CutSuffix(file, name); ok && (rest == "" || rest[len(rest)-1] == '/') && !aside(path.Dir(file)) {
			dirs = append(dirs, path.Dir(file))
		}
	}
	slices.Sort(dirs)
	return dirs
}

// topmost are those of dirs that lie in no other of them.
func topmost(dirs []string) []string {
	return slices.DeleteFunc(slices.Clone(dirs), func(dir string) bool {
		return slices.ContainsFunc(dirs, func(other string) bool { return other != dir && below(dir, other) })
	})
}

// below says whether path is other or lies in it.
func below(path, other string) bool {
	return other == "." || path == other || strings.HasPrefix(path, other+"/")
}

// aside says whether a folder holds other people's code, test data or templates rather than the project.
func aside(dir string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		switch part {
		case "vendor", "node_modules", "testdata", "third_party", "fixtures", "__fixtures__", "templates", "site-packages":
			return true
		}
		if len(part) > 1 && (part[0] == '.' || part[0] == '_') {
			return true
		}
	}
	return false
}

// named is a check's name for a folder: kind alone at the root, else with the folder behind it.
func named(kind, dir string) string {
	if dir == "." {
		return kind
	}
	slug := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(dir))
	for strings.Contains(slug, "--") {
		slug = strings.ReplaceAll(slug, "--", "-")
	}
	return kind + "-" + strings.Trim(slug, "-")
}

// directory is a folder as a check declares it: the root is not named.
func directory(dir string) string {
	if dir == "." {
		return ""
	}
	return dir
}

// anchoredIn are globs for files of one folder, anchored at the root.
func anchoredIn(dir string, names ...string) []string {
	globs := make([]string, len(names))
	for i, name := range names {
		globs[i] = "/" + path.Join(dir, name)
	}
	return globs
}
