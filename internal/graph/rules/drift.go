package rules

import "slices"

// Drift is how the violations of a head differ from those of its base.
type Drift struct {
	New   []Violation // of head, not at base
	Fixed []Violation // of base, gone at head
	Moved []Violation // of head, at base under another name
}

// Compare finds the drift. renames maps paths of base to paths of head: a violation that moved with its file is not new. A tangle
// is new when it has members that were not tangled with each other at base, and fixed when no two of its members still are.
func Compare(base, head []Violation, renames map[string]string) Drift {
	known := map[Identity]*Violation{}
	for i := range base {
		known[renamed(base[i].Identity(), renames)] = &base[i]
	}
	var d Drift
	for _, v := range head {
		old := known[v.Identity()]
		switch {
		case v.Kind == KindTangle:
			if !slices.ContainsFunc(base, func(b Violation) bool { return sameTangle(&b, &v) && contains(all(b.Members, renames), v.Members) }) {
				d.New = append(d.New, v)
			}
		case old == nil:
			d.New = append(d.New, v)
		case old.Identity() != v.Identity():
			d.Moved = append(d.Moved, v)
		}
	}
	d.Fixed = fixed(base, head, renames)
	return d
}

func fixed(base, head []Violation, renames map[string]string) []Violation {
	now := map[Identity]bool{}
	for i := range head {
		now[head[i].Identity()] = true
	}
	var out []Violation
	for _, v := range base {
		gone := !now[renamed(v.Identity(), renames)]
		if v.Kind == KindTangle {
			members := all(v.Members, renames)
			gone = !slices.ContainsFunc(head, func(h Violation) bool { return sameTangle(&h, &v) && shared(members, h.Members) > 1 })
		}
		if gone {
			out = append(out, v)
		}
	}
	return out
}

func sameTangle(a, b *Violation) bool { return a.Kind == KindTangle && a.Rule == b.Rule }

func renamed(id Identity, renames map[string]string) Identity {
	id.From, id.To = rename(id.From, renames), rename(id.To, renames)
	return id
}

func rename(name string, renames map[string]string) string {
	if to, ok := renames[name]; ok {
		return to
	}
	return name
}

func all(names []string, renames map[string]string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = rename(n, renames)
	}
	slices.Sort(out)
	return out
}

// contains says whether a sorted list holds every item of another.
func contains(list, items []string) bool { return shared(list, items) == len(items) }

// shared counts the items that a sorted list holds.
func shared(list, items []string) int {
	n := 0
	for _, item := range items {
		if _, ok := slices.BinarySearch(list, item); ok {
			n++
		}
	}
	return n
}
