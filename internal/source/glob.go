package source

import "strings"

// glob is a pattern of gitattributes: without a slash it matches names at any depth, with one it matches from its folder.
type glob struct {
	parts  []string // between slashes
	suffix string   // of "*suffix", a common case
	prefix string   // of "folder/**", another
}

func parseGlob(pattern string) glob {
	if rest, ok := strings.CutPrefix(pattern, "*"); ok && !strings.ContainsAny(rest, `*?[\/`) {
		return glob{suffix: rest}
	}
	if rest, ok := strings.CutSuffix(pattern, "/**"); ok && rest != "" && !strings.ContainsAny(rest, `*?[\`) {
		return glob{prefix: strings.TrimPrefix(rest, "/") + "/"}
	}
	if !strings.Contains(pattern, "/") {
		return glob{parts: []string{"**", pattern}}
	}
	return glob{parts: strings.Split(strings.TrimPrefix(pattern, "/"), "/")}
}

// match reports whether path, relative to the pattern's folder, is meant.
func (g *glob) match(path string) bool {
	if g.prefix != "" {
		return len(path) > len(g.prefix) && strings.HasPrefix(path, g.prefix)
	}
	if g.parts == nil {
		return strings.HasSuffix(path[strings.LastIndexByte(path, '/')+1:], g.suffix)
	}
	if len(g.parts) == 2 && g.parts[0] == "**" {
		return matchName(g.parts[1], path[strings.LastIndexByte(path, '/')+1:])
	}
	return matchParts(g.parts, strings.Split(path, "/"))
}

// matchParts matches whole names; "**" stands for any number of them (at the end: one or more). Going back to the last "**"
// only is enough.
func matchParts(parts, names []string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(names) {
		switch {
		case p < len(parts) && parts[p] == "**":
			star, mark = p, n
			p++
			if p == len(parts) {
				return true
			}
		case p < len(parts) && matchName(parts[p], names[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return p == len(parts)
}

// matchName matches one name against one part: "*", "?", "[...]" and backslash; linear but for going back to the last "*".
func matchName(pattern, name string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, mark = p, n
			p++
			continue
		}
		if width, ok := matchByte(pattern[p:], name[n]); ok {
			p += width
			n++
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		p, n = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchByte matches one byte and gives the length of the pattern's piece.
func matchByte(pattern string, c byte) (width int, ok bool) {
	switch {
	case pattern == "":
		return 0, false
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '\\' && len(pattern) > 1:
		return 2, pattern[1] == c
	case pattern[0] == '[':
		return matchSet(pattern, c)
	}
	return 1, pattern[0] == c
}

// matchSet matches "[a-z]", "[!a]" and "[^a]"; a set without an end matches nothing.
func matchSet(pattern string, c byte) (width int, ok bool) {
	i := 1
	negate := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negate {
		i++
	}
	found := false
	for first := true; i < len(pattern) && (first || pattern[i] != ']'); first = false {
		if strings.HasPrefix(pattern[i:], "[:") {
			if end := strings.Index(pattern[i:], ":]"); end > 0 {
				found = found || classByte(pattern[i+2:i+end], c)
				i += end + 2
				continue
			}
		}
		if pattern[i] == '\\' && i+1 < len(pattern) {
			i++
		}
		low, high := pattern[i], pattern[i]
		if i+2 < len(pattern) && pattern[i+1] == '-' && pattern[i+2] != ']' {
			high = pattern[i+2]
			i += 2
		}
		found = found || low <= c && c <= high
		i++
	}
	if i >= len(pattern) {
		return 0, false
	}
	return i + 1, found != negate
}

func classByte(class string, c byte) bool {
	lower, upper := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z'
	switch class {
	case "alpha":
		return lower || upper
	case "alnum":
		return lower || upper || isDigit(c)
	case "digit":
		return isDigit(c)
	case "lower":
		return lower
	case "upper":
		return upper
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r'
	case "punct":
		return c > ' ' && c < 0x7f && !lower && !upper && !isDigit(c)
	case "xdigit":
		return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	}
	return false
}
