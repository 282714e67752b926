package catalog

import (
	"strings"
	"unicode"
)

// The formats of Backstage's fields (ADR 2 of Backstage, after Kubernetes). Lengths are in bytes: every valid value is ASCII.

func alnum(c byte) bool { return lowerAlnum(c) || c >= 'A' && c <= 'Z' }

func lowerAlnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

func every(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

// isName: letters and digits, with - _ . between, at most 63.
func isName(s string) bool {
	return len(s) >= 1 && len(s) <= 63 && alnum(s[0]) && alnum(s[len(s)-1]) &&
		every(s, func(c byte) bool { return alnum(c) || c == '-' || c == '_' || c == '.' })
}

// isLabel: a DNS label (RFC 1123): lower case letters and digits, with - between, at most 63.
func isLabel(s string) bool {
	return len(s) >= 1 && len(s) <= 63 && lowerAlnum(s[0]) && lowerAlnum(s[len(s)-1]) &&
		every(s, func(c byte) bool { return lowerAlnum(c) || c == '-' })
}

// isSubdomain: DNS labels with dots between, at most 253.
func isSubdomain(s string) bool {
	if len(s) < 1 || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

// isKey: a name, or a DNS subdomain, "/" and a name.
func isKey(s string) bool {
	prefix, name, found := strings.Cut(s, "/")
	if !found {
		return isName(s)
	}
	return isSubdomain(prefix) && isName(name)
}

// isAPIVersion: letters and digits, with a DNS subdomain and "/" before or not.
func isAPIVersion(s string) bool {
	prefix, version, found := strings.Cut(s, "/")
	if !found {
		prefix, version = "x", s
	}
	return isSubdomain(prefix) && len(version) >= 1 && len(version) <= 63 && every(version, alnum)
}

// isKind: letters and digits, a letter first, at most 63.
func isKind(s string) bool {
	return len(s) >= 1 && len(s) <= 63 && every(s, alnum) && !(s[0] >= '0' && s[0] <= '9')
}

// isTag: lower case letters, digits, : + #, with single - between, at most 63.
func isTag(s string) bool {
	if len(s) < 1 || len(s) > 63 {
		return false
	}
	for part := range strings.SplitSeq(s, "-") {
		if part == "" || !every(part, func(c byte) bool { return lowerAlnum(c) || c == ':' || c == '+' || c == '#' }) {
			return false
		}
	}
	return true
}

// isBlank follows JavaScript's idea of white space, which counts the byte order mark and not NEL.
func isBlank(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !(unicode.IsSpace(r) && r != 0x85 || r == 0xfeff) }) < 0
}
