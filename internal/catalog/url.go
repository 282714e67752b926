package catalog

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// isURL says whether the WHATWG URL standard can parse s as an absolute URL, which is what Backstage asks of links. It does
// not apply IDNA: a host with letters beyond ASCII, or one that begins with xn--, is taken as it is.
func isURL(s string) bool {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !isScheme(scheme) {
		return false
	}
	switch strings.ToLower(scheme) {
	case "http", "https", "ws", "wss", "ftp":
		return specialURL(strings.TrimLeft(rest, `/\`))
	case "file":
		return fileURL(rest)
	}
	if !strings.HasPrefix(rest, "//") {
		return true // an opaque path takes any text
	}
	return opaqueHostURL(rest[2:])
}

func isScheme(s string) bool {
	return s != "" && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z') &&
		every(s, func(c byte) bool { return alnum(c) || c == '+' || c == '-' || c == '.' })
}

func specialURL(s string) bool {
	if end := strings.IndexAny(s, `/\?#`); end >= 0 {
		s = s[:end]
	}
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		s = s[at+1:]
	}
	host, port := splitPort(s)
	return host != "" && isPort(port) && isDomain(host)
}

// fileURL: file: takes no port and no user, and may have no host.
func fileURL(rest string) bool {
	if len(rest) < 2 || !isSlash(rest[0]) || !isSlash(rest[1]) {
		return true
	}
	host := rest[2:]
	if end := strings.IndexAny(host, `/\?#`); end >= 0 {
		host = host[:end]
	}
	return host == "" || isDriveLetter(host) || isDomain(host)
}

func isSlash(c byte) bool { return c == '/' || c == '\\' }

func isDriveLetter(s string) bool {
	return len(s) == 2 && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z') && (s[1] == ':' || s[1] == '|')
}

func opaqueHostURL(s string) bool {
	if end := strings.IndexAny(s, "/?#"); end >= 0 {
		s = s[:end]
	}
	user := strings.LastIndexByte(s, '@')
	host, port := splitPort(s[user+1:])
	if host == "" {
		return user < 0 && port == "" && !strings.HasSuffix(s, ":")
	}
	if strings.HasPrefix(host, "[") {
		return isPort(port) && isIPv6(host)
	}
	return isPort(port) && !strings.ContainsAny(host, "\x00\t\n\r #/:<>?@[\\]^|")
}

// splitPort cuts at the last colon outside square brackets.
func splitPort(s string) (host, port string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || i < strings.LastIndexByte(s, ']') {
		return s, ""
	}
	return s[:i], s[i+1:]
}

func isPort(s string) bool {
	digits := strings.TrimLeft(s, "0")
	if s == "" || digits == "" {
		return true
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	return err == nil && n <= 65535 && every(s, func(c byte) bool { return c >= '0' && c <= '9' })
}

func isIPv6(host string) bool {
	inner, ok := strings.CutSuffix(strings.TrimPrefix(host, "["), "]")
	a, err := netip.ParseAddr(inner)
	return ok && err == nil && a.Is6() && a.Zone() == ""
}

func isDomain(host string) bool {
	if strings.HasPrefix(host, "[") {
		return isIPv6(host)
	}
	host = strings.ReplaceAll(percentDecode(host), "\u00ad", "") // soft hyphens do not count
	if host == "" {
		return false
	}
	for _, r := range host {
		if r <= ' ' || r == 0x7f || strings.ContainsRune("#/:<>?@[\\]^|%", r) || r > 0x7f && !hostRune(r) {
			return false
		}
	}
	return isIPv4OrName(host)
}

func hostRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) || unicode.IsPunct(r)
}

func percentDecode(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(v))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// isIPv4OrName: a host whose last label is a number must be an IPv4 address, in any of the forms browsers take.
func isIPv4OrName(host string) bool {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := parts[len(parts)-1]
	if _, ok := ipv4Part(last); !ok && !(last != "" && every(last, func(c byte) bool { return c >= '0' && c <= '9' })) {
		return true
	}
	if len(parts) > 4 {
		return false
	}
	for i, p := range parts {
		v, ok := ipv4Part(p)
		limit := uint64(255)
		if i == len(parts)-1 {
			limit = 1<<(8*(5-len(parts))) - 1
		}
		if !ok || v > limit {
			return false
		}
	}
	return true
}

func ipv4Part(s string) (uint64, bool) {
	if s == "" {
		return 0, false
	}
	base, digits := 10, s
	switch {
	case strings.HasPrefix(s, "0x"), strings.HasPrefix(s, "0X"):
		base, digits = 16, s[2:]
	case len(s) > 1 && s[0] == '0':
		base, digits = 8, s[1:]
	}
	if digits == "" {
		return 0, true
	}
	if !every(digits, alnum) {
		return 0, false
	}
	v, err := strconv.ParseUint(digits, base, 64)
	return v, err == nil
}
