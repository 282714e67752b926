package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/adamant-os/adamant/internal/facts"
)

// Line is an executable line of a file.
type Line struct {
	Number int // 1-based
	Hit    bool
}

// Profile holds the executable lines of files by repository-relative path, in order, each once.
type Profile map[string][]Line

// Merge returns the union of two profiles; a line is hit when either hits it.
func (p Profile) Merge(other Profile) Profile {
	out := maps.Clone(p)
	if out == nil {
		out = Profile{}
	}
	for path, lines := range other {
		out[path] = ordered(append(slices.Clone(out[path]), lines...))
	}
	return out
}

// ordered sorts lines and makes one of equal numbers, hit when any was.
func ordered(lines []Line) []Line {
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), -compareBool(a.Hit, b.Hit))
	})
	return slices.CompactFunc(lines, func(a, b Line) bool { return a.Number == b.Number })
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Total is the share of all executable lines that were hit, in milli-percent rounded down; -1 when there is none.
func (p Profile) Total() int {
	hit, all := 0, 0
	for _, lines := range p {
		for _, l := range lines {
			all++
			if l.Hit {
				hit++
			}
		}
	}
	return milliPercent(hit, all)
}

// Diff is the share of the executable lines among the given lines of each path that were hit, in milli-percent rounded
// down (-1 when none is executable), and how many are executable. missing decides about a line of a file that the profile
// does not know: true when the file's language is measured and the line would be executable, and then the line counts as
// not hit. Without it such files do not count.
func (p Profile) Diff(changed map[string][]facts.LineRange, missing func(path string, line int) bool) (coverage, executable int) {
	hit := 0
	for path, ranges := range changed {
		known, ok := p[path]
		for _, r := range disjoint(ranges) {
			if ok {
				n, h := within(known, r)
				executable, hit = executable+n, hit+h
			} else if missing != nil {
				executable += countMissing(path, r, missing)
			}
		}
	}
	return milliPercent(hit, executable), executable
}

func countMissing(path string, r facts.LineRange, missing func(string, int) bool) int {
	n := 0
	for line := r.From; line <= r.To; line++ {
		if missing(path, line) {
			n++
		}
	}
	return n
}

// within counts the executable lines of a range, and those that were hit.
func within(lines []Line, r facts.LineRange) (executable, hit int) {
	i, _ := slices.BinarySearchFunc(lines, r.From, func(l Line, from int) int { return cmp.Compare(l.Number, from) })
	for ; i < len(lines) && lines[i].Number <= r.To; i++ {
		executable++
		if lines[i].Hit {
			hit++
		}
	}
	return executable, hit
}

// disjoint merges overlapping ranges, so that no line counts twice.
func disjoint(ranges []facts.LineRange) []facts.LineRange {
	ranges = slices.Clone(ranges)
	slices.SortFunc(ranges, func(a, b facts.LineRange) int { return cmp.Compare(a.From, b.From) })
	var out []facts.LineRange
	for _, r := range ranges {
		if n := len(out); n > 0 && r.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, r.To)
			continue
		}
		out = append(out, r)
	}
	return out
}

func milliPercent(part, whole int) int {
	if whole == 0 {
		return -1
	}
	return part * 100_000 / whole
}
