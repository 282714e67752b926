package secrets

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// Span is a credential at text[From:To], in bytes.
type Span struct {
	From, To int
	Title    string // what it is
}

// anywhere is the engine of the built-in rules without those parts of them that look at a file's name.
var anywhere = sync.OnceValue(func() *engine {
	rules := builtinRules()
	for _, r := range rules {
		r.path = ""
	}
	return newEngine(append(rules, looseRules()...), nil)
})

// looseRules take for a credential what only may be one. They are good for leaving things out, not for refusing them.
func looseRules() []*rule {
	const names = `(?:api[_-]?key|secret|token|passw(?:or)?d|passphrase|credential|auth[_-]?key|access[_-]?key|private[_-]?key)`
	words := []string{"apikey", "api_key", "api-key", "secret", "token", "passwd", "password", "passphrase", "credential", "authkey", "auth_key", "auth-key",
		"accesskey", "access_key", "access-key", "privatekey", "private_key", "private-key"}
	return []*rule{
		{id: "loose-assignment", title: "a value that looks like a secret", entropy: 3000, keywords: words, accept: random,
			pattern: `(?i)` + names + `[\w.-]{0,30}["'\]]{0,2}\s{0,3}(?:=>|:=|[=:])\s{0,3}["'` + "`" + `]?([^\s"'` + "`" + `]{12,200})`},
		{id: "loose-password", title: "a value that looks like a password", keywords: []string{"password", "passwd", "passphrase", "pwd"}, accept: mixed,
			pattern: `(?i)(?:password|passwd|passphrase|\bpwd)["']?\s{0,3}[=:]\s{0,3}["']?([^\s"'` + "`" + `,;{}()<>$]{8,128})`},
		{id: "loose-flag", title: "a value that looks like a secret", entropy: 3000, keywords: words, accept: random,
			pattern: `(?i)--?[\w-]{0,20}` + names + `[\w-]{0,10}[ =]["']?([^\s"']{12,200})`},
		{id: "loose-authorization", title: "a value of an Authorization header", entropy: 3000, keywords: []string{"bearer ", "basic "}, accept: random,
			pattern: `(?i)\b(?:bearer|basic) ([A-Za-z0-9._~+/=-]{16,})`},
	}
}

// Spans lists what looks like a credential in a text of any sort, by position, for callers that write the text somewhere else
// and leave it out. It errs on the side of finding: what is doubtful and what a comment excuses is listed too, keys reach to
// their end, and NUL bytes hide nothing.
func Spans(text string) ([]Span, error) {
	plain := bytes.ReplaceAll([]byte(text), []byte{0}, []byte{' '}) // one byte for another: positions stay
	hits, err := anywhere().scan("", plain)
	if err != nil {
		return nil, fmt.Errorf("looking for credentials: %w", err)
	}
	out := make([]Span, 0, len(hits))
	for _, h := range hits {
		out = append(out, Span{h.start, keyEnd(h, plain), h.rule.title})
	}
	slices.SortFunc(out, func(a, b Span) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(b.To, a.To)) })
	return out, nil
}

// keyEnd is where the key ends of which a hit is the beginning: a footer, or what can no longer be a part of it.
func keyEnd(h hit, text []byte) int {
	footer := []byte(nil)
	switch h.rule.id {
	case "private-key":
		footer = []byte("-----END")
	case "putty-private-key":
		footer = []byte("Private-MAC:")
	default:
		return h.end
	}
	rest := text[h.end:]
	if at := bytes.Index(rest, footer); at >= 0 {
		return h.end + at + len(footer)
	}
	return len(text)
}

// mixed wants a letter and a digit, and none of the passwords that documentation uses.
func mixed(m match) verdict {
	letter, digit := false, false
	for _, c := range m.secret {
		letter, digit = letter || kind(c) == 1 || kind(c) == 2, digit || kind(c) == 0
	}
	if !letter || !digit || invented(m.secret) {
		return rejected
	}
	return accepted
}
