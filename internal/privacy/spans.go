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

// leastDigits is how many digits a line has that holds any of what is numbered.
const leastDigits = 6

// numbered finds data by its numbers, with the least digits that a line needs for each.
var numbered = []struct {
	digits int
	in     func(line string) []Span
}{{8, bankAccounts}, {13, cards}, {leastDigits, identities}, {9, telephones}}

func onLine(line string) []Span {
	var out []Span
	if n := digits(line); n >= leastDigits {
		for _, find := range numbered {
			if n >= find.digits {
				out = append(out, find.in(line)...)
			}
		}
	}
	if strings.Contains(line, "@") {
		out = append(out, mails(line)...)
	}
	return out
}
