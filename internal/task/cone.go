package task

import (
	"fmt"
	"slices"
	"strings"
)

// Cone is where a task works and what that can break. A task of which nothing is known has an empty one: it is in nobody's way until
// its first result says where it writes.
type Cone struct {
	Writes []string `json:"writes,omitempty"` // files and folders that it is expected to write, or has written; sorted
	Reach  []string `json:"reach,omitempty"`  // files that need one of those, by the graph; sorted
}

// Meets says why two tasks should not be at work at a time, "" when they may: one writes what the other writes or stands on. That both
// reach the same place is no reason, or nothing would ever run beside anything.
func (c Cone) Meets(o Cone) string {
	if p, q, ok := overlap(c.Writes, o.Writes); ok {
		return "both write " + longer(p, q)
	}
	if p, q, ok := overlap(c.Reach, o.Writes); ok {
		return fmt.Sprintf("it writes %s, which depends on what this one writes", longer(p, q))
	}
	if p, q, ok := overlap(c.Writes, o.Reach); ok {
		return fmt.Sprintf("this one writes %s, which depends on what it writes", longer(p, q))
	}
	return ""
}

// overlap finds two paths of which one holds the other. Both lists are sorted, so each path has at most two places to look: itself or
// what is below it, and its parents.
func overlap(a, b []string) (string, string, bool) {
	if len(a) > len(b) {
		q, p, ok := overlap(b, a)
		return p, q, ok
	}
	for _, p := range a {
		if p == "." && len(b) > 0 {
			return p, b[0], true
		}
		for up := p; ; {
			if _, ok := slices.BinarySearch(b, up); ok {
				return p, up, true
			}
			i := strings.LastIndexByte(up, '/')
			if i < 0 {
				break
			}
			up = up[:i]
		}
		if _, ok := slices.BinarySearch(b, "."); ok {
			return p, ".", true
		}
		if i, _ := slices.BinarySearch(b, p+"/"); i < len(b) && strings.HasPrefix(b[i], p+"/") {
			return p, b[i], true
		}
	}
	return "", "", false
}

func longer(p, q string) string {
	if len(q) > len(p) {
		return q
	}
	return p
}

// Places makes sorted paths of what somebody wrote: no trailing slash, globs cut at the folder before the first sign of one, "." for all.
func Places(list []string) []string {
	out := make([]string, 0, len(list))
	for _, p := range list {
		p = strings.TrimPrefix(p, "./")
		if i := strings.IndexAny(p, "*?[{"); i >= 0 {
			p = p[:strings.LastIndexByte(p[:i], '/')+1]
		}
		if p = strings.TrimRight(p, "/"); p == "" {
			p = "."
		}
		out = append(out, p)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Mentions finds paths and names in a text: those of names that stand in it as words, longest first. It is a guess that only decides
// who waits for whom, never what anybody may do.
func Mentions(text string, names map[string][]string) []string {
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./", r))
	}) {
		w = strings.Trim(w, ".-_/")
		words[w] = true
	}
	var out []string
	for name, places := range names {
		if len(name) > 2 && words[strings.ToLower(name)] {
			out = append(out, places...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
