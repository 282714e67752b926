package finding

import (
	"cmp"
	"slices"
	"strings"
)

// Compare says of every finding on the merged tree how it relates to the base tree, and returns them together with those
// of base that are gone (State Absent, at their place in base), sorted. renames maps base paths to merged paths.
//
// Fingerprints are compared as multisets: first within a rule and path (after the rename), then within a rule and folder, so
// that code may move between the files of a package. In another folder it is new, whatever vanished elsewhere: an equal text
// says little about unrelated files. What is still left over in one file and says the same but for whole numbers ("412 lines" became "413 lines") is Updated, as is a match whose severity or message changed. Each
// base finding answers for one merged finding at most: with n at base and n+1 merged, exactly one is New. A finding
// without a fingerprint matches nothing; one that is already Absent is not there and is left out.
func Compare(base, merged []Finding, renames map[string]string) []Finding {
	old, out := present(base), present(merged)
	m := matcher{old: old, out: out, renames: renames, taken: make([]bool, len(old)), done: make([]bool, len(out))}
	m.match(m.inPlace)
	m.match(m.inFolder)
	m.match(m.numbersApart)
	return m.result()
}

func present(fs []Finding) []Finding {
	fs = slices.DeleteFunc(slices.Clone(fs), func(f Finding) bool { return f.State == Absent })
	Sort(fs)
	return fs
}

// matcher pairs findings of base with findings of the merged tree, one to one.
type matcher struct {
	old, out []Finding
	renames  map[string]string
	taken    []bool // by old
	done     []bool // by out
}

type identity struct{ rule, path, what string }

func (m *matcher) inPlace(f *Finding, path string) identity {
	return identity{f.Rule, path, f.Fingerprint}
}

func (m *matcher) inFolder(f *Finding, path string) identity {
	if f.Path == "" || f.Fingerprint == "" {
		return identity{}
	}
	return identity{f.Rule, folder(path), f.Fingerprint}
}

// folder is the part of a path before its last slash, as paths are spelt: a quoted one keeps its quotation mark.
func folder(path string) string { return path[:strings.LastIndexByte(path, '/')+1] }

// numbersApart identifies findings about a whole file; others have their line's text to go by.
func (m *matcher) numbersApart(f *Finding, path string) identity {
	if f.Line != 0 || f.Path == "" {
		return identity{}
	}
	return identity{f.Rule, path, "message " + maskNumbers(withoutPath(f.Message, f.Path))}
}

// match pairs what is still free and has the same identity, in order. Findings whose identity has no what stay free.
func (m *matcher) match(identify func(f *Finding, path string) identity) {
	free := map[identity][]int{}
	for i := range m.old {
		id := identify(&m.old[i], m.moved(m.old[i].Path))
		if !m.taken[i] && id.what != "" {
			free[id] = append(free[id], i)
		}
	}
	for i := range m.out {
		id := identify(&m.out[i], m.out[i].Path)
		if queue := free[id]; !m.done[i] && len(queue) > 0 {
			free[id] = queue[1:]
			m.pair(queue[0], i)
		}
	}
}

func (m *matcher) moved(path string) string {
	if to, ok := m.renames[path]; ok {
		return to
	}
	return path
}

func (m *matcher) pair(old, merged int) {
	m.taken[old], m.done[merged] = true, true
	a, b := &m.old[old], &m.out[merged]
	b.State = Unchanged
	if a.Path != b.Path {
		b.OldPath = a.Path
	}
	if a.Fingerprint != b.Fingerprint {
		b.OldFingerprint = a.Fingerprint
	}
	if a.Severity != b.Severity || withoutPath(a.Message, a.Path) != withoutPath(b.Message, b.Path) {
		b.State = Updated
	}
}

func (m *matcher) result() []Finding {
	for i := range m.out {
		if !m.done[i] {
			m.out[i].State = New
		}
	}
	for i := range m.old {
		if !m.taken[i] {
			gone := m.old[i]
			gone.State = Absent
			m.out = append(m.out, gone)
		}
	}
	Sort(m.out)
	return m.out
}

// maskNumbers replaces the words that are whole decimal numbers: "412 lines" but not "CVE-2024-1", "v1.2" or "G401".
func maskNumbers(message string) string {
	words := strings.Fields(message)
	for i, w := range words {
		core := strings.Trim(w, "()[],:;.")
		if core != "" && strings.Trim(core, "0123456789") == "" {
			words[i] = strings.Replace(w, core, "#", 1)
		}
	}
	return strings.Join(words, " ")
}

// Sort orders findings by path, line, column, rule and message, and then by everything else, so that equal sets of
// findings always come in one order.
func Sort(fs []Finding) {
	slices.SortFunc(fs, func(a, b Finding) int {
		return cmp.Or(byContent(&a, &b), cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.State, b.State))
	})
}

// byContent compares all but what is assigned by comparison with others.
func byContent(a, b *Finding) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.EndLine, b.EndLine), cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Tool, b.Tool),
		cmp.Compare(a.Fix, b.Fix), cmp.Compare(a.Waiver, b.Waiver), cmp.Compare(a.Suppress, b.Suppress))
}
