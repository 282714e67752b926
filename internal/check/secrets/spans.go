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
	return newEngine(rules, nil)
})

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
