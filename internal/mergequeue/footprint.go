package mergequeue

import "maps"

// footprint is a union of affected sets.
type footprint struct {
	all  bool
	ids  map[string]map[string]bool // by how they were found, by id
	some bool                       // anything was added that affects anything
}

func (a Affected) everything() bool { return a.By == "" }
func (a Affected) nothing() bool    { return a.By != "" && len(a.IDs) == 0 }

func (f *footprint) add(a Affected) {
	switch {
	case a.nothing() || f.all:
		return
	case a.everything():
		f.all = true
	}
	f.some = true
	if f.ids == nil {
		f.ids = map[string]map[string]bool{}
	}
	if f.ids[a.By] == nil {
		f.ids[a.By] = make(map[string]bool, len(a.IDs))
	}
	for _, id := range a.IDs {
		f.ids[a.By][id] = true
	}
}

// meets says whether a set shares an id with the union, as far as that can be known.
func (f *footprint) meets(a Affected) bool {
	if !f.some || a.nothing() {
		return false
	}
	if f.all || a.everything() || len(f.ids) > 1 || f.ids[a.By] == nil {
		return true // sets found by different means: nobody can say that they share nothing
	}
	for _, id := range a.IDs {
		if f.ids[a.By][id] {
			return true
		}
	}
	return false
}

func footprintOf(items ...*item) footprint {
	var f footprint
	for _, it := range items {
		f.add(it.Affected)
	}
	return f
}

// meet says whether two sets share an id, as far as that can be known.
func meet(a, b Affected) bool {
	switch {
	case a.nothing() || b.nothing():
		return false
	case a.everything() || b.everything() || a.By != b.By:
		return true
	}
	for i, j := 0, 0; i < len(a.IDs) && j < len(b.IDs); {
		switch {
		case a.IDs[i] == b.IDs[j]:
			return true
		case a.IDs[i] < b.IDs[j]:
			i++
		default:
			j++
		}
	}
	return false
}

func (f *footprint) clone() footprint {
	var out footprint
	out.all, out.some = f.all, f.some
	for by, ids := range f.ids {
		if out.ids == nil {
			out.ids = map[string]map[string]bool{}
		}
		out.ids[by] = maps.Clone(ids)
	}
	return out
}
