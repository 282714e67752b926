package thought

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// depth is how many encodings may lie in each other.
const depth = 2

// coding is a way to write a text so that nobody reads it. Decode gives what a run of it may stand for.
type coding struct {
	runs   *regexp.Regexp
	decode func(run string) []string
}

var codings = sync.OnceValue(func() []coding {
	re := regexp.MustCompile
	return []coding{
		{re(`[A-Za-z0-9+/_-]{16,}(?:\s*\n[ \t]*[A-Za-z0-9+/_-]+)*={0,2}`), fromBase64},
		{re(`(?:[0-9a-fA-F]{2}[ :]?){12,}`), fromHex},
		{re(`[^\s"'<>%]*(?:%[0-9a-fA-F]{2}[^\s"'<>%]*)+`), fromPercent},
		{re(`[^\s"'<>\\]*(?:\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})[^\s"'<>\\]*)+`), fromEscapes},
	}
})

// fromBase64 decodes both alphabets, from each of the four places where a group may begin: a run may have a prefix.
func fromBase64(run string) []string {
	run = strings.Map(func(c rune) rune {
		switch c {
		case ' ', '\t', '\n', '=':
			return -1
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return c
	}, run)
	var out []string
	for from := range min(4, len(run)) {
		part := run[from:]
		if len(part)%4 == 1 {
			part = part[:len(part)-1]
		}
		if raw, err := base64.RawStdEncoding.DecodeString(part); err == nil && readable(raw) {
			out = append(out, string(raw))
		}
	}
	return out
}

func fromHex(run string) []string {
	raw, err := hex.DecodeString(strings.NewReplacer(" ", "", ":", "").Replace(run))
	if err != nil || !readable(raw) {
		return nil
	}
	return []string{string(raw)}
}

func fromPercent(run string) []string {
	text, err := url.PathUnescape(run)
	if err != nil {
		return nil
	}
	return []string{text}
}

var escapeForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})`) })

func fromEscapes(run string) []string {
	return []string{escapeForm().ReplaceAllStringFunc(run, func(e string) string {
		n, _ := strconv.ParseUint(e[2:], 16, 32)
		return string(rune(n))
	})}
}

// readable says that bytes are worth looking at: somewhere in them are twelve printable characters in a row, or every other one
// is (UTF-16).
func readable(raw []byte) bool {
	run := 0
	for _, c := range raw {
		switch {
		case c >= ' ' && c <= '~':
			if run++; run == 12 {
				return true
			}
		case c != 0:
			run = 0
		}
	}
	return false
}
