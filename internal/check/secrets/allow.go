package secrets

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"sync"
)

// allowlist is a set of exceptions in the manner of gitleaks.
type allowlist struct {
	paths     []*regexp.Regexp
	regexes   []*regexp.Regexp
	stopwords [][]byte // lower case
	target    string   // what regexes look at: "" or secret, match, line
	all       bool     // every kind of condition that is given must hold, instead of any
}

func allowsPath(lists []*allowlist, path string) bool {
	for _, l := range lists {
		if l.hasPath(path) && !(l.all && (len(l.regexes) > 0 || len(l.stopwords) > 0)) {
			return true
		}
	}
	return false
}

func allows(lists []*allowlist, path string, m match) bool {
	return slices.ContainsFunc(lists, func(l *allowlist) bool { return l.allows(path, m) })
}

func (l *allowlist) hasPath(path string) bool {
	return slices.ContainsFunc(l.paths, func(re *regexp.Regexp) bool { return re.MatchString(path) })
}

func (l *allowlist) allows(path string, m match) bool {
	text := m.secret
	switch l.target {
	case "match":
		text = m.group(0)
	case "line":
		text = m.line()
	}
	conditions := []struct{ given, holds bool }{
		{len(l.paths) > 0, l.hasPath(path)},
		{len(l.regexes) > 0, slices.ContainsFunc(l.regexes, func(re *regexp.Regexp) bool { return re.Match(text) })},
		{len(l.stopwords) > 0, containsAny(bytes.ToLower(m.secret), l.stopwords)},
	}
	held := false
	for _, c := range conditions {
		if l.all && c.given && !c.holds {
			return false
		}
		held = held || c.given && c.holds
	}
	return held
}

// line is the line on which the match starts, to the line's end or the match's, whichever is later.
func (m match) line() []byte {
	from := bytes.LastIndexByte(m.text[:m.bounds[0]], '\n') + 1
	to := len(m.text)
	if at := bytes.IndexByte(m.text[m.bounds[1]:], '\n'); at >= 0 {
		to = m.bounds[1] + at
	}
	return m.text[from:to]
}

func containsAny(text []byte, words [][]byte) bool {
	return slices.ContainsFunc(words, func(word []byte) bool { return bytes.Contains(text, word) })
}

// fillers are what people write where a credential would stand.
var fillers = sync.OnceValue(func() [][]byte {
	var words [][]byte
	for _, word := range []string{
		"example", "changeme", "change-me", "change_me", "placeholder", "redacted", "your-", "your_", "yourkey", "yourtoken",
		"insert", "replace", "fillme", "fill_in", "foobar", "dummy", "sample", "notreal", "not-real", "not_real", "invalid",
		"xxxx", "....", "****", "----", "____", "0000000", "aaaaaa", "1234567", "abcdefg", "deadbeef", "<", "${", "{{", "$(", "%s", "%v", "%(",
	} {
		words = append(words, []byte(word))
	}
	return words
})

// placeholder reports whether a would-be secret is plainly invented: a filler word, a template, or few distinct characters.
func placeholder(secret []byte) bool {
	if containsAny(bytes.ToLower(secret), fillers()) {
		return true
	}
	var seen [256]bool
	distinct := 0
	for _, c := range secret {
		if !seen[c] {
			seen[c] = true
			distinct++
		}
	}
	return len(secret) >= 12 && distinct <= 5
}

// entropy is the Shannon entropy of the bytes of a text, in thousandths of a bit for each byte.
func entropy(text []byte) int {
	var count [256]int
	for _, c := range text {
		count[c]++
	}
	n := len(text)
	micro := int64(0)
	for _, c := range count {
		if c > 0 {
			micro += int64(c) * int64(math.Round(1e6*math.Log2(float64(n)/float64(c))))
		}
	}
	return int(micro / int64(n) / 1000)
}
