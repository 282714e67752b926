package grounding

import (
	"slices"
	"strings"
	"unicode"
)

// section is one part of the page.
type section struct {
	title string
	lines []string
	share int // tokens it gets when everybody wants more
	keep  int // 0 = served first with what others left over
	room  int // tokens it was given
}

const (
	moreTokens   = 10 // of the longest line that more writes: its number has ten digits at most
	worthCutting = 30 // tokens of a line
)

func (s section) need() int {
	n := 0
	for _, l := range s.lines {
		if l != "" {
			n += count(l)
		}
	}
	if n == 0 {
		return 0
	}
	return n + s.head()
}

// head is what the title costs, with the empty line before it.
func (s section) head() int { return count("") + count(s.title+":") }

// allot shares room among sections: to each what it needs up to its share, the rest in order of keep.
func allot(sections []section, room int) {
	for i := range sections {
		s := &sections[i]
		s.room = min(s.need(), s.share)
		room -= s.room
	}
	for _, i := range byKeep(sections) {
		s := &sections[i]
		extra := min(s.need()-s.room, room)
		s.room += extra
		room -= extra
	}
}

func byKeep(sections []section) []int {
	order := make([]int, len(sections))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return sections[a].keep - sections[b].keep })
	return order
}

// write writes the title and as many lines as the room allows. A line that does not fit is cut when it is the first or much of it
// fits, else it is counted with those left out.
func (s section) write(b *strings.Builder) {
	lines := slices.DeleteFunc(slices.Clone(s.lines), func(l string) bool { return l == "" })
	if len(lines) == 0 || s.room == 0 {
		return
	}
	room, whole := s.room-s.head(), s.room >= s.need()
	b.WriteString("\n" + s.title + ":\n")
	for i, l := range lines {
		reserve := moreTokens
		if whole || i == len(lines)-1 {
			reserve = 0
		}
		if n := count(l); n <= room-reserve {
			b.WriteString(l + "\n")
			room -= n
			continue
		}
		if i == 0 || room-reserve >= worthCutting {
			b.WriteString(cut(l, room-reserve) + "\n")
			lines = lines[1:]
		}
		if left := len(lines) - i; left > 0 {
			b.WriteString(more(left) + "\n")
		}
		return
	}
}

// count estimates the tokens of one line with its end. It errs upwards for prose, code and names: a token per four letters of a word
// begun, per two digits, per other sign, and never less than a quarter of the bytes.
func count(text string) int {
	n, letters, digits := 1, 0, 0
	flush := func() { n += (letters+3)/4 + (digits+1)/2; letters, digits = 0, 0 }
	for _, r := range text {
		switch {
		case r < unicode.MaxASCII && unicode.IsLetter(r):
			letters++
		case r < unicode.MaxASCII && unicode.IsDigit(r):
			digits++
		case r == ' ':
			flush()
		case r < unicode.MaxASCII:
			flush()
			n++
		default:
			flush()
			n += 2
		}
	}
	flush()
	return max(n, len(text)/4+1)
}

// cut shortens one line to room tokens, between runes.
func cut(text string, room int) string {
	const mark = "…"
	runes := []rune(text)
	lo, hi := 0, len(runes)
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if count(string(runes[:mid])+mark) <= room {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return string(runes[:lo]) + mark
}

// line makes one printable line of a text.
func line(text string) string { return strings.Join(strings.Fields(clean(text)), " ") }

// clean drops what is no text: control and format characters but line ends and tabs, and broken runes.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
