package agentsmd

import (
	"bytes"
	"fmt"
	"strings"
)

// The lines between which a section stands. A line that begins as begin does opens it, so that its words may change.
const (
	begin     = "<!-- adamant:agents-md begin"
	beginLine = begin + ": written by adamant catalog agents-md; write outside of these two lines, it stays -->"
	endLine   = "<!-- adamant:agents-md end -->"
)

// State is what a file is to a page.
type State string

// The states.
const (
	Missing State = "missing" // there is no file
	Current State = "current" // its section is the page
	Stale   State = "stale"   // its section is another
	Foreign State = "foreign" // it has no section: a person wrote it
)

// MarkerError says that the markers of a file cannot be understood.
type MarkerError struct {
	Line    int // 1-based
	Message string
}

func (e *MarkerError) Error() string { return fmt.Sprintf("%d: %s", e.Line, e.Message) }

// Merge is a file with the page in it, and what the file was before; have is nil when there is none. Text outside of the markers stays. A
// file without markers is returned as it is, unless add: then it gets the section at its end.
func Merge(have []byte, p Page, add bool) ([]byte, State, error) {
	if have == nil {
		return []byte("# " + p.Title + "\n\n" + string(section(p, "\n"))), Missing, nil
	}
	from, to, found, err := find(have)
	if err != nil {
		return nil, "", err
	}
	eol := "\n"
	if bytes.Contains(have, []byte("\r\n")) {
		eol = "\r\n"
	}
	want := section(p, eol)
	switch {
	case !found && !add:
		return have, Foreign, nil
	case !found:
		return append(parted(have, eol), want...), Foreign, nil
	case bytes.Equal(have[from:to], want) || to == len(have) && bytes.Equal(have[from:to], bytes.TrimSuffix(want, []byte(eol))):
		return have, Current, nil
	}
	return bytes.Join([][]byte{have[:from], want, have[to:]}, nil), Stale, nil
}

// HasSection says that a file has markers, well formed or not.
func HasSection(have []byte) bool {
	_, _, found, err := find(have)
	return found || err != nil
}

func section(p Page, eol string) []byte {
	text := beginLine + "\n\n" + p.Text + "\n" + endLine + "\n"
	return []byte(strings.ReplaceAll(text, "\n", eol))
}

// parted is a file that ends with an empty line.
func parted(have []byte, eol string) []byte {
	out := bytes.Clone(have)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, eol...)
	}
	if len(out) > 0 {
		out = append(out, eol...)
	}
	return out
}

// find is where the section begins and what follows it.
func find(have []byte) (from, to int, found bool, err error) {
	at, number, open := 0, 0, 0
	for line := range bytes.Lines(have) {
		number++
		text := strings.TrimSpace(string(line))
		switch {
		case strings.HasPrefix(text, begin) && (open > 0 || found):
			return 0, 0, false, &MarkerError{number, "a second section of adamant begins; keep one"}
		case strings.HasPrefix(text, begin):
			from, open = at, number
		case text == endLine && open == 0:
			return 0, 0, false, &MarkerError{number, "a section of adamant ends that never began; remove this line, or put back: " + beginLine}
		case text == endLine:
			to, open, found = at+len(line), 0, true
		}
		at += len(line)
	}
	if open > 0 {
		return 0, 0, false, &MarkerError{open, "a section of adamant begins and never ends; put back the line: " + endLine}
	}
	return from, to, found, nil
}
