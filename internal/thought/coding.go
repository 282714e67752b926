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

// coding is a way to write a text so that nobody reads it: where runs of it are, and what a run may stand for. It costs a pass over
// the text where there is none.
type coding struct {
	runs   func(text string) [][]int
	decode func(run string) []string
}

var codings = []coding{{base64Runs, fromBase64}, {hexRuns, fromHex}, {percentRuns, fromPercent}, {escapeRuns, fromEscapes}}

// leastRun is how long a run is, in characters, that could hold anything.
const leastRun = 16

// base64Runs also goes over line ends: tools wrap what they encode.
func base64Runs(text string) (out [][]int) {
	for i := 0; i < len(text); i++ {
		from := i
		if i = skip(text, i, isBase64); i-from < leastRun {
			continue
		}
		for {
			next := skip(text, i, isSpace)
			if !strings.Contains(text[i:next], "\n") {
				break
			}
			end := skip(text, next, isBase64)
			if end == next {
				break
			}
			i = end
		}
		out = append(out, []int{from, skip(text, i, func(c byte) bool { return c == '=' })})
	}
	return out
}

func hexRuns(text string) (out [][]int) {
	for i := 0; i < len(text); i++ {
		from := i
		if i = skip(text, i, func(c byte) bool { return isHex(c) || isSpace(c) || c == ':' }); i-from >= 2*12 {
			out = append(out, []int{from, i})
		}
	}
	return out
}

func skip(text string, from int, class func(byte) bool) int {
	for from < len(text) && class(text[from]) {
		from++
	}
	return from
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

var percentForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^\s"'<>%]*(?:%[0-9a-fA-F]{2}[^\s"'<>%]*)+`) })

func percentRuns(text string) [][]int {
	if strings.Count(text, "%") < 2 {
		return nil
	}
	return percentForm().FindAllStringIndex(text, -1)
}

var escapeForms = sync.OnceValue(func() [2]*regexp.Regexp {
	const one = `\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})`
	return [2]*regexp.Regexp{regexp.MustCompile(`[^\s"'<>\\]*(?:` + one + `[^\s"'<>\\]*)+`), regexp.MustCompile(one)}
})

func escapeRuns(text string) [][]int {
	if !strings.Contains(text, `\u`) && !strings.Contains(text, `\x`) {
		return nil
	}
	return escapeForms()[0].FindAllStringIndex(text, -1)
}

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

// fromHex decodes from both places where a byte may begin.
func fromHex(run string) []string {
	digits := strings.NewReplacer(" ", "", ":", "", "\n", "", "\t", "").Replace(run)
	var out []string
	for from := range min(2, len(digits)) {
		part := digits[from:]
		raw, err := hex.DecodeString(part[:len(part)/2*2])
		if err == nil && readable(raw) {
			out = append(out, string(raw))
		}
	}
	return out
}

func fromPercent(run string) []string {
	text, err := url.PathUnescape(run)
	if err != nil {
		return nil
	}
	return []string{text}
}

func fromEscapes(run string) []string {
	return []string{escapeForms()[1].ReplaceAllStringFunc(run, func(e string) string {
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
