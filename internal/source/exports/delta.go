package exports

import (
	"cmp"
	"slices"
)

// Delta is what a change does to interfaces.
type Delta struct {
	Changes []Change `json:"changes,omitempty"` // sorted
	Unread  []Unread `json:"unread,omitempty"`  // sorted: what happened to their interfaces is not known
	// Looked are the changed files whose interfaces were compared, by the path they have now, sorted. What happened to those of
	// other files is not known.
	Looked []string `json:"looked"`
	// Cut is how many additions were left out of changes, which holds at most 2,000 and everything but additions first.
	Cut int `json:"cut,omitempty"`
}

// Unread is a file whose interface could not be read on one side.
type Unread struct {
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
	Scope   string `json:"scope"`
}

// File is a changed file; a side that is not there has no path.
type File struct {
	OldPath, Path string
	Before, After []byte
}

// Source is an unchanged file.
type Source struct {
	Path string
	Data []byte
}

// Rest gives the files of a folder that the change leaves as they are.
type Rest func(folder string) []Source

// maxChanges bounds a delta.
const maxChanges = 2000

// Diff compares the interfaces of changed files by the languages that read them.
func Diff(languages []Language, files []File, rest Rest) *Delta {
	d := &Delta{Looked: []string{}}
	for i := range languages {
		c := &comparer{language: &languages[i], units: map[string]*unit{}, delta: d}
		for _, f := range files {
			c.file(f)
		}
		c.compare(rest)
	}
	Sort(d.Changes)
	slices.SortFunc(d.Unread, func(a, b Unread) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	d.Unread = slices.Compact(d.Unread)
	slices.Sort(d.Looked)
	d.Looked = slices.Compact(d.Looked)
	d.cut()
	return d
}

// cut drops the last additions of a delta that is too long. What is removed or changed stays, however much it is.
func (d *Delta) cut() {
	room := maxChanges
	for _, c := range d.Changes {
		if c.Change != Added {
			room--
		}
	}
	d.Changes = slices.DeleteFunc(d.Changes, func(c Change) bool {
		if c.Change != Added || c.Breaking {
			return false
		}
		if room--; room < 0 {
			d.Cut++
			return true
		}
		return false
	})
}

// comparer compares the files of one language.
type comparer struct {
	language *Language
	units    map[string]*unit
	delta    *Delta
}

// unit is what is imported as one, on both sides, as far as the change touches it.
type unit struct {
	base, head Surface
	unread     bool
}

func (c *comparer) unit(name string) *unit {
	u := c.units[name]
	if u == nil {
		u = &unit{}
		c.units[name] = u
	}
	return u
}

// file reads both sides of a file. What a renamed file offered is looked for where the file is now.
func (c *comparer) file(f File) {
	old, now := f.OldPath != "" && c.language.Match(f.OldPath), f.Path != "" && c.language.Match(f.Path)
	if !old && !now {
		return
	}
	if !c.language.Sniffs {
		c.delta.Looked = append(c.delta.Looked, cmp.Or(f.Path, f.OldPath))
	}
	if now {
		u := c.unit(c.language.Unit(f.Path))
		offers, unread := c.read(&u.head, f.Path, f.Path, f.After)
		u.unread = u.unread || unread
		now = offers || f.Path == f.OldPath // what was renamed to something that offers nothing is gone from where it was
	}
	if !old {
		return
	}
	at, where := f.OldPath, c.language.Unit(f.OldPath)
	if now {
		at = f.Path
	}
	u := c.unit(c.language.Unit(at))
	before := len(u.base.Symbols)
	_, unread := c.read(&u.base, f.OldPath, at, f.Before)
	u.unread = u.unread || unread
	if now && where != c.language.Unit(f.Path) && slices.ContainsFunc(u.base.Symbols[before:], func(s Symbol) bool { return !s.Hidden }) {
		c.add(Change{Unit: c.language.Unit(f.Path), Path: f.Path, Line: 1, Name: where, Kind: "file", Change: Moved,
			Reason: "it was " + f.OldPath}, "")
	}
}

// read adds what a file offers to a surface. Symbols are placed at the path the file has now, so that a renamed file's find
// each other. True means that it could not be read.
func (c *comparer) read(into *Surface, p, at string, data []byte) (offers, unread bool) {
	s := c.language.Read(p, data)
	if s == nil {
		return false, false
	}
	if c.language.Sniffs {
		c.delta.Looked = append(c.delta.Looked, at)
	}
	if s.Problem != "" {
		c.delta.Unread = append(c.delta.Unread, Unread{Path: at, Line: int(s.Line), Message: s.Problem, Scope: c.language.Scope(p)})
	}
	for i := range s.Symbols {
		s.Symbols[i].Path = at
	}
	into.Symbols = append(into.Symbols, s.Symbols...)
	into.Open = cmp.Or(into.Open, s.Open)
	return true, s.Problem != ""
}

// compare compares each unit. Only when something seems to be gone or changed is the rest of a folder read.
func (c *comparer) compare(rest Rest) {
	for name, u := range c.units { // Diff sorts
		if u.unread {
			continue
		}
		changes := c.language.Compare(&u.base, &u.head)
		if c.language.Folders && slices.ContainsFunc(changes, func(x Change) bool { return x.Change != Added || x.Breaking }) {
			for _, s := range rest(name) {
				if c.language.Match(s.Path) {
					c.read(&u.base, s.Path, s.Path, s.Data)
					c.read(&u.head, s.Path, s.Path, s.Data)
				}
			}
			changes = c.language.Compare(&u.base, &u.head)
		}
		for _, change := range changes {
			c.add(change, name)
		}
	}
}

func (c *comparer) add(change Change, unit string) {
	change.Language, change.Scope = c.language.Name, c.language.Scope(change.Path)
	change.Unit = cmp.Or(change.Unit, unit)
	c.delta.Changes = append(c.delta.Changes, change)
}
