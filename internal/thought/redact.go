package thought

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/check/secrets"
	"github.com/adamant-os/adamant/internal/privacy"
)

// Redactor takes credentials and personal data out of texts. The zero value knows the detectors of the secrets check and of
// package privacy; it is safe for concurrent use.
type Redactor struct {
	known []string
}

// leastKnown is how short a known value may be, in bytes: shorter ones stand everywhere.
const leastKnown = 8

// NewRedactor also takes out these very values, such as the attempt's token, wherever and however encoded they stand.
func NewRedactor(known ...string) *Redactor {
	r := &Redactor{}
	for _, k := range known {
		if len(k) >= leastKnown {
			r.known = append(r.known, k)
		}
	}
	return r
}

// Redacted is a text without what must not be written, and the sorts of what was there, sorted.
type Redacted struct {
	Text  string
	Sorts []string
}

// rounds is how often a text is looked at anew after something was taken out of it, since that may bring something together.
const rounds = 4

// Redact cleans a text and takes out of it what must not be written. An error means that nothing of it may be.
func (r *Redactor) Redact(text string) (Redacted, error) {
	out := Redacted{Text: clean(text)}
	for range rounds {
		spans, err := r.spans(out.Text, depth)
		if err != nil {
			return Redacted{}, err
		}
		if len(spans) == 0 {
			break
		}
		for _, s := range spans {
			out.Sorts = append(out.Sorts, s.what)
		}
		out.Text = replace(out.Text, spans)
	}
	slices.Sort(out.Sorts)
	out.Sorts = slices.Compact(out.Sorts)
	return out, nil
}

// span is what must go: text[from:to].
type span struct {
	from, to int
	what     string
}

// spans lists what must go, by position.
func (r *Redactor) spans(text string, deep int) ([]span, error) {
	out, err := r.plain(text)
	if err != nil {
		return nil, err
	}
	if deep > 0 {
		hidden, err := r.encoded(text, deep-1)
		if err != nil {
			return nil, err
		}
		out = append(out, hidden...)
	}
	slices.SortFunc(out, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	return out, nil
}

// plain finds what stands there in clear.
func (r *Redactor) plain(text string) ([]span, error) {
	var out []span
	for _, k := range r.known {
		for at := 0; ; {
			i := strings.Index(text[at:], k)
			if i < 0 {
				break
			}
			out = append(out, span{at + i, at + i + len(k), "a credential of this attempt"})
			at += i + len(k)
		}
	}
	found, err := secrets.Spans(text)
	if err != nil {
		return nil, fmt.Errorf("redacting: %w", err)
	}
	for _, s := range found {
		out = append(out, span{s.From, s.To, s.Title})
	}
	for _, s := range privacy.Spans(text) {
		out = append(out, span{s.From, s.To, s.What})
	}
	return out, nil
}

// encoded finds runs of an encoding that hold something when they are decoded. The whole run goes.
func (r *Redactor) encoded(text string, deep int) ([]span, error) {
	var out []span
	for _, c := range codings {
		for _, at := range c.runs(text) {
			for _, plain := range c.decode(text[at[0]:at[1]]) {
				inside, err := r.spans(clean(plain), deep)
				if err != nil {
					return nil, err
				}
				if len(inside) > 0 {
					out = append(out, span{at[0], at[1], inside[0].what + ", encoded"})
					break
				}
			}
		}
	}
	return out, nil
}

// replace puts a note where spans stand; those that overlap become one.
func replace(text string, spans []span) string {
	var out strings.Builder
	at := 0
	for i := 0; i < len(spans); {
		s := spans[i]
		for i++; i < len(spans) && spans[i].from < s.to; i++ {
			s.to = max(s.to, spans[i].to)
		}
		out.WriteString(text[at:s.from])
		out.WriteString("[redacted: " + s.what + "]")
		at = s.to
	}
	out.WriteString(text[at:])
	return out.String()
}

var escapes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-Z\\\\-_])")
})

// clean drops what shows nothing and could tear a credential apart: escape sequences of terminals, control characters (a NUL after
// each letter is UTF-16) and letters without width. What is no UTF-8 becomes U+FFFD.
func clean(text string) string {
	if strings.IndexByte(text, 0x1b) >= 0 {
		text = escapes().ReplaceAllString(text, "")
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c < 0x20, c >= 0x7f && c <= 0x9f, c == 0xad, c >= 0x200b && c <= 0x200f, c >= 0x202a && c <= 0x202e, c >= 0x2060 && c <= 0x206f, c == 0xfeff:
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
