package source

import (
	"unicode"
	"unicode/utf8"
)

// strange reports whether data holds what people do not see as it is: control characters of writing direction, invisible
// runes, unusual line ends, or bytes that are no UTF-8. Prose may use the marks that scripts and emoji need.
func strange(data []byte, class string) bool {
	last := rune(0)
	for i := 0; i < len(data); {
		if plainTable[data[i]] {
			for i++; i < len(data) && plainTable[data[i]]; {
				i++
			}
			last = rune(data[i-1])
			continue
		}
		if data[i] < utf8.RuneSelf {
			return true // a control character
		}
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 || hidden(r, i, last, class == ClassDoc) {
			return true
		}
		last = r
		i += n
	}
	return false
}

// plainTable knows the ASCII bytes that show themselves.
var plainTable = func() (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = true
	}
	t['\n'], t['\t'], t['\r'], t['\f'] = true, true, true, true
	return t
}()

// hidden reports whether r, behind last, is a rune that hides.
func hidden(r rune, offset int, last rune, prose bool) bool {
	switch {
	case r == 0xFEFF:
		return offset != 0
	case r == 0xFE0F: // shows the rune before it as an emoji
		return last < 0x80 && !prose
	case r == 0x200C || r == 0x200D || r == 0x200E || r == 0x200F || r == 0x00AD:
		return !prose || last < 0x80 && r <= 0x200D && r != 0x00AD
	case r == 0x0085 || r == 0x2028 || r == 0x2029:
		return true
	case r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0 || r == 0x034F || r == 0x2800 || r == 0x180E:
		return true
	case r >= 0xFE00 && r <= 0xFE0E || r >= 0xE0000 && r <= 0xE0FFF:
		return true
	case r > 0x80 && unicode.Is(unicode.Zs, r):
		return !prose
	}
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Co, unicode.Cs)
}

// mixedNames reports whether a name in code mixes Latin letters with look-alikes of another alphabet.
func mixedNames(s *stream) bool {
	for _, t := range s.tokens {
		if t.kind == kindWord && mixedName(s.text(t)) {
			return true
		}
	}
	return false
}

func mixedName(word []byte) bool {
	ascii := true
	for _, c := range word {
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return false
	}
	latin, other := false, false
	for _, r := range string(word) {
		latin = latin || unicode.Is(unicode.Latin, r)
		other = other || unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee) || r >= 0xFF00 && r <= 0xFFEF || r >= 0x1D400 && r <= 0x1D7FF
	}
	return other && latin || other && allLookalike(word)
}

// allLookalike reports whether every rune of a word could be read as an ASCII letter.
func allLookalike(word []byte) bool {
	for _, r := range string(word) {
		if r >= utf8.RuneSelf && !indexRune("аеорсухіјѕԁһԛԝАВЕЗІКМНОРСТУХЅЈοαΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", r) {
			return false
		}
	}
	return true
}

func indexRune(s string, r rune) bool {
	for _, c := range s {
		if c == r {
			return true
		}
	}
	return false
}
