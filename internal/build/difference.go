package build

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Difference is one place where artifacts differ.
type Difference struct {
	Artifact string `json:"artifact"`
	What     string `json:"what"`              // missing, mode or content
	Offset   int64  `json:"offset"`            // of the first byte that differs
	Section  string `json:"section,omitempty"` // of an ELF file, or the entry of a zip or tar archive
	First    string `json:"first,omitempty"`   // what is there, readable
	Second   string `json:"second,omitempty"`
}

// String is a difference in one line.
func (d Difference) String() string {
	switch d.What {
	case "missing":
		return fmt.Sprintf("%s: first build: %s, second build: %s", d.Artifact, d.First, d.Second)
	case "mode":
		return fmt.Sprintf("%s: mode %s, then %s", d.Artifact, d.First, d.Second)
	}
	where := fmt.Sprintf("offset %d", d.Offset)
	if d.Section != "" {
		where += " (" + d.Section + ")"
	}
	return fmt.Sprintf("%s: %s: %s, then %s", d.Artifact, where, d.First, d.Second)
}

// differences compares two lists of artifacts, which are sorted by name.
func differences(first, second []Artifact) ([]Difference, error) {
	var all []Difference
	for len(first) > 0 || len(second) > 0 {
		switch {
		case len(second) == 0 || len(first) > 0 && first[0].Name < second[0].Name:
			all = append(all, Difference{Artifact: first[0].Name, What: "missing", First: "there", Second: "not there"})
			first = first[1:]
		case len(first) == 0 || second[0].Name < first[0].Name:
			all = append(all, Difference{Artifact: second[0].Name, What: "missing", First: "not there", Second: "there"})
			second = second[1:]
		default:
			found, err := difference(first[0], second[0])
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
			first, second = first[1:], second[1:]
		}
	}
	return all, nil
}

// difference compares two artifacts of one name.
func difference(a, b Artifact) ([]Difference, error) {
	var all []Difference
	if a.Mode != b.Mode {
		all = append(all, Difference{Artifact: a.Name, What: "mode", First: fmt.Sprintf("%#o", a.Mode), Second: fmt.Sprintf("%#o", b.Mode)})
	}
	if a.SHA256 == b.SHA256 {
		return all, nil
	}
	one, err := os.Open(a.Path)
	if err != nil {
		return nil, err
	}
	defer one.Close()
	two, err := os.Open(b.Path)
	if err != nil {
		return nil, err
	}
	defer two.Close()
	at, err := firstDifference(one, two)
	if err != nil {
		return nil, err
	}
	d := Difference{Artifact: a.Name, What: "content", Offset: at, Section: sectionAt(one, a.Size, at)}
	if d.Section == gzipContent {
		d.Section = cmp.Or(insideGzip(io.NewSectionReader(one, 0, a.Size), io.NewSectionReader(two, 0, b.Size)), gzipContent)
	}
	if d.First, err = excerpt(one, at); err != nil {
		return nil, err
	}
	if d.Second, err = excerpt(two, at); err != nil {
		return nil, err
	}
	return append(all, d), nil
}

// firstDifference is the offset of the first byte that differs; where one ends and the other goes on, the length of the shorter one.
func firstDifference(a, b io.Reader) (int64, error) {
	one, two := bufio.NewReaderSize(a, 1<<16), bufio.NewReaderSize(b, 1<<16)
	for at := int64(0); ; at++ {
		x, err1 := one.ReadByte()
		y, err2 := two.ReadByte()
		if err := errors.Join(notEnd(err1), notEnd(err2)); err != nil {
			return 0, err
		}
		if err1 != nil || err2 != nil || x != y {
			return at, nil
		}
	}
}

func notEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// excerpt is what a file holds from an offset: text where it is readable, hex where it is not.
func excerpt(r io.ReaderAt, at int64) (string, error) {
	part := make([]byte, 24)
	n, err := r.ReadAt(part, at)
	if err := notEnd(err); err != nil {
		return "", err
	}
	part = part[:n]
	switch {
	case n == 0:
		return "its end", nil
	case strings.ContainsFunc(string(part), func(r rune) bool { return (r < ' ' || r > '~') && r != '\n' && r != '\t' }):
		return fmt.Sprintf("% x", part[:min(n, 12)]), nil
	}
	return fmt.Sprintf("%q", part), nil
}
