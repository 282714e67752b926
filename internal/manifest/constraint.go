package manifest

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// constraint is what a field's tags demand of its value. The zero value demands nothing.
type constraint struct {
	enum   []string
	keys   []string
	format string
	min    *int64
	max    *int64
}

func constraintOf(tag reflect.StructTag) constraint {
	return constraint{enum: words(tag.Get("enum")), keys: words(tag.Get("keys")), format: tag.Get("format"),
		min: bound(tag.Get("min")), max: bound(tag.Get("max"))}
}

func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func bound(s string) *int64 {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return &v
}

// element is what is left of a list's or map's constraint for its items: what concerns strings.
func (c constraint) element() constraint { return constraint{enum: c.enum, format: c.format} }

func (c constraint) key(k string) string {
	if c.keys == nil || slices.Contains(c.keys, k) {
		return ""
	}
	return fmt.Sprintf("unknown key %q%s", k, suggestion(k, c.keys))
}

func (c constraint) count(n int) string { return c.between(int64(n), "entry", "entries") }

func (c constraint) integer(v int64) string {
	if (c.min == nil || v >= *c.min) && (c.max == nil || v <= *c.max) {
		return ""
	}
	switch {
	case c.max == nil:
		return fmt.Sprintf("is %d; want at least %d", v, *c.min)
	case c.min == nil:
		return fmt.Sprintf("is %d; want at most %d", v, *c.max)
	}
	return fmt.Sprintf("is %d; want %d to %d", v, *c.min, *c.max)
}

func (c constraint) between(n int64, one, many string) string {
	switch {
	case c.min != nil && n < *c.min:
		return fmt.Sprintf("has %s; want at least %s", plural(n, one, many), plural(*c.min, one, many))
	case c.max != nil && n > *c.max:
		return fmt.Sprintf("has %s; want at most %s", plural(n, one, many), plural(*c.max, one, many))
	}
	return ""
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (c constraint) text(s string) string {
	if c.enum != nil && !slices.Contains(c.enum, s) {
		return fmt.Sprintf("cannot be %q%s", clip(s), suggestion(s, c.enum))
	}
	if problem := c.between(int64(utf8.RuneCountInString(s)), "character", "characters"); problem != "" {
		return problem
	}
	return checkFormat(c.format, s)
}

// checkFormat is what a format tag means. An empty string passes only where the format is optional by its field: it never
// does here.
func checkFormat(format, s string) string {
	switch format {
	case "duration":
		if d, err := time.ParseDuration(s); err != nil || d <= 0 {
			return fmt.Sprintf("cannot be %q; want a time span such as 90s, 10m or 1h30m", clip(s))
		}
	case "date":
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return fmt.Sprintf("cannot be %q; want a date as YYYY-MM-DD", clip(s))
		}
	case "moment":
		if _, _, err := ParseMoment(s); err != nil {
			return "cannot be " + err.Error()
		}
	case "glob":
		if err := CheckGlob(s); err != nil {
			return "is malformed: " + err.Error()
		}
	case "path":
		if problem := checkPath(s); problem != "" {
			return fmt.Sprintf("cannot be %q; %s", clip(s), problem)
		}
	case "url":
		if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Sprintf("cannot be %q; want an http or https URL", clip(s))
		}
	case "usd":
		return checkUSD(s)
	case "name":
		if !isName(s) {
			return fmt.Sprintf("cannot be %q; want letters and digits with - _ . between them, at most 63", clip(s))
		}
	}
	return ""
}

// checkPath wants a path inside the repository.
func checkPath(s string) string {
	switch {
	case s == "":
		return "want a path"
	case strings.HasPrefix(s, "/"):
		return "want a path relative to the root of the repository"
	case slices.Contains(strings.Split(s, "/"), ".."):
		return "a path must stay inside the repository"
	case strings.ContainsAny(s, "\\\x00"):
		return "want slashes"
	}
	return ""
}

// isName is the rule Backstage and Kubernetes share for names.
func isName(s string) bool {
	if s == "" || len(s) > 63 || !isAlnum(s[0]) || !isAlnum(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '-' && s[i] != '_' && s[i] != '.' {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// closest is the name that differs from word by the fewest edits, "" when none is near.
func closest(word string, names []string) string {
	best, least := "", 1+len(word)/3
	for _, name := range names {
		if d := distance(strings.ToLower(word), strings.ToLower(name)); d <= least && (best == "" || d < least) {
			best, least = name, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := previous
			if a[i] != b[j] {
				cost = 1 + min(previous, row[j], row[j+1])
			}
			previous, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
