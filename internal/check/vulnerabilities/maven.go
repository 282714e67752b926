package vulnerabilities

import (
	"cmp"
	"strings"
)

// mavenToken is one part of a Maven version with what stood before it: '.' or '-'.
type mavenToken struct {
	prefix byte
	text   string
}

// compareMaven follows "Version Order Specification" of Maven's POM reference. Every text is a version there.
func compareMaven(a, b string) int {
	x, y := mavenTokens(a), mavenTokens(b)
	for i := range max(len(x), len(y)) {
		var s, t mavenToken
		switch {
		case i >= len(x):
			t = y[i]
			s = t.padding()
		case i >= len(y):
			s = x[i]
			t = s.padding()
		default:
			s, t = x[i], y[i]
		}
		if c := compareTokens(s, t); c != 0 {
			return c
		}
	}
	return 0
}

// padding is the empty token that a longer version is compared with.
func (t mavenToken) padding() mavenToken {
	if t.prefix == '.' && t.number() {
		return mavenToken{'.', "0"}
	}
	return mavenToken{t.prefix, ""}
}

func (t mavenToken) number() bool { return allDigits(t.text) }

// null reports whether a token says nothing: 0, "", final, ga, release.
func (t mavenToken) null() bool {
	return t.number() && strings.Trim(t.text, "0") == "" || !t.number() && qualifier(t.text) == unqualified
}

// mavenTokens splits at dots, hyphens, underscores and between letters and digits, and cuts trailing tokens that say
// nothing, at the end and before every hyphen.
func mavenTokens(version string) []mavenToken {
	var tokens []mavenToken
	prefix, start := byte('-'), 0
	version = strings.ToLower(version)
	push := func(end int, next byte) {
		text := version[start:end]
		if text == "" {
			text = "0"
		}
		if short, ok := map[string]string{"a": "alpha", "b": "beta", "m": "milestone"}[text]; ok && end < len(version) && isDigit(version[end]) {
			text = short
		}
		tokens = append(tokens, mavenToken{prefix, text})
		prefix = next
	}
	for i := range len(version) {
		c := version[i]
		switch {
		case c == '.':
			push(i, '.')
			start = i + 1
		case c == '-' || c == '_':
			push(i, '-')
			start = i + 1
		case i > start && isDigit(c) != isDigit(version[i-1]):
			push(i, '-')
			start = i
		}
	}
	push(len(version), 0)
	return trimNulls(tokens)
}

func trimNulls(tokens []mavenToken) []mavenToken {
	for end := len(tokens); end > 0; {
		cut := end
		for cut > 0 && tokens[cut-1].null() {
			cut--
		}
		tokens = append(tokens[:cut:cut], tokens[end:]...)
		end = cut - 1
		for end > 0 && tokens[end].prefix != '-' {
			end--
		}
	}
	return tokens
}

// The order of known qualifiers; unknown ones come after sp, by name.
const unqualified = 6

func qualifier(text string) int {
	switch text {
	case "alpha":
		return 1
	case "beta":
		return 2
	case "milestone":
		return 3
	case "rc", "cr":
		return 4
	case "snapshot":
		return 5
	case "", "final", "ga", "release":
		return unqualified
	case "sp":
		return 7
	}
	return 8
}

func compareTokens(a, b mavenToken) int {
	rank := func(t mavenToken) int { // qualifiers, then -number, then .number
		switch {
		case !t.number():
			return 0
		case t.prefix == '-':
			return 1
		}
		return 2
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	if a.number() {
		return compareDigits(a.text, b.text)
	}
	x, y := qualifier(a.text), qualifier(b.text)
	if x == 8 && y == 8 {
		return strings.Compare(a.text, b.text)
	}
	return cmp.Compare(x, y)
}
