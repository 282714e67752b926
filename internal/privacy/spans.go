package privacy

import (
	"cmp"
	"slices"
	"strings"
)

// Span is personal data at text[From:To], in bytes.
type Span struct {
	From, To int
	What     string // the sort of data
}

// Spans lists the personal data in a text of any sort, by position: what has a check digit or a fixed form, e-mail addresses and
// telephone numbers. Unlike Find it looks at every line, whatever its length, and takes addresses everywhere for somebody's; those
// of examples, of offices and on lines that name an author are left out.
func Spans(text string) []Span {
	var out []Span
	at := 0
	for line := range strings.Lines(text) {
		for _, s := range onLine(strings.TrimRight(line, "\r\n")) {
			out = append(out, Span{at + s.From, at + s.To, s.What})
		}
		at += len(line)
	}
	slices.SortFunc(out, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(b.To, a.To), cmp.Compare(a.What, b.What))
	})
	return out
}

func onLine(line string) []Span {
	var out []Span
	if digits(line) >= 6 {
		for _, find := range []func(string) []Span{bankAccounts, cards, identities, telephones} {
			out = append(out, find(line)...)
		}
	}
	if strings.Contains(line, "@") {
		out = append(out, mails(line)...)
	}
	return out
}
