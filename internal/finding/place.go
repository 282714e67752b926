package finding

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// unit is what a tool counts columns in.
type unit int

const (
	inBytes unit = iota
	inRunes
	inUTF16
)

// placer turns a tool's places into repository-relative ones and remembers those that point outside.
type placer struct {
	opt     Options
	format  string
	files   reader
	outside int
	first   string // the first place outside
	tool    string // who reported it
}

// spot is a place as a tool gave it. Line and column are 1-based, 0 or less when not given.
type spot struct {
	file              string
	line, column, end int
	unit              unit
}

// place sets f's place. A place outside the checkout goes into the message instead.
func (p *placer) place(f *Finding, s spot) {
	if s.file == "" {
		return
	}
	rel, ok := p.relative(s.file)
	if !ok {
		p.reject(f, s.file, s.line)
		return
	}
	if rel == "." {
		return
	}
	f.Path, f.Line, f.EndLine = rel, max(s.line, 0), max(s.end, 0)
	if f.Line > 0 {
		f.Column = p.column(rel, s)
	}
	if f.EndLine <= f.Line {
		f.EndLine = 0
	}
}

func (p *placer) reject(f *Finding, file string, line int) {
	at := file
	if line > 0 {
		at = fmt.Sprintf("%s:%d", file, line)
	}
	f.Message = fmt.Sprintf("%s (reported at %s, outside the checkout)", f.Message, at)
	if p.outside == 0 {
		p.first, p.tool = at, f.Tool
	}
	p.outside++
}

// Relative returns the repository-relative path of a file that a tool named: an absolute path below root, or a relative
// one below dir (a folder of the repository). It reports false when the file lies outside. Nothing is looked up on disk.
func Relative(root, dir, file string) (string, bool) {
	file = slashed(file)
	if !isAbs(file) {
		return inside(path.Join(dir, file))
	}
	if root == "" {
		return "", false
	}
	rest, ok := cutRoot(path.Clean(file), strings.TrimSuffix(path.Clean(slashed(root)), "/"))
	if !ok {
		return "", false
	}
	return inside(strings.TrimPrefix(rest, "/"))
}

func (p *placer) relative(file string) (string, bool) {
	return Relative(p.opt.Root, p.opt.Dir, file)
}

// cutRoot removes root from the front of file. Paths with a drive letter compare without regard to case.
func cutRoot(file, root string) (string, bool) {
	if len(file) < len(root) || (len(file) > len(root) && file[len(root)] != '/') {
		return "", false
	}
	head := file[:len(root)]
	return file[len(root):], head == root || hasDrive(root) && strings.EqualFold(head, root)
}

func inside(rel string) (string, bool) {
	rel = path.Clean(rel)
	return rel, rel != ".." && !strings.HasPrefix(rel, "../") && !isAbs(rel) && !strings.ContainsRune(rel, 0)
}

// slashed turns the separators of a path that was written on Windows.
func slashed(file string) string {
	if hasDrive(file) || strings.HasPrefix(file, `\\`) || !strings.Contains(file, "/") {
		return strings.ReplaceAll(file, `\`, "/")
	}
	return file
}

func isAbs(file string) bool { return strings.HasPrefix(file, "/") || hasDrive(file) }

func hasDrive(file string) bool {
	return len(file) >= 3 && file[1] == ':' && (file[2] == '/' || file[2] == '\\') &&
		(file[0]|0x20 >= 'a' && file[0]|0x20 <= 'z')
}

// column returns the 1-based byte column of a spot.
func (p *placer) column(rel string, s spot) int {
	if s.column < 1 {
		return 0
	}
	lines := p.files.file(rel).lines
	if s.unit == inBytes || s.line > len(lines) {
		return s.column
	}
	return bytesBefore(lines[s.line-1], s.column-1, s.unit) + 1
}

// bytesBefore returns how many bytes the first n units of a line take. Units past its end count as bytes.
func bytesBefore(line []byte, n int, u unit) int {
	offset := 0
	for n > 0 && offset < len(line) {
		r, size := utf8.DecodeRune(line[offset:])
		offset += size
		n--
		if u == inUTF16 && utf16.RuneLen(r) == 2 {
			n--
		}
	}
	return offset + max(n, 0)
}

// runesBefore is the inverse of bytesBefore for code points.
func runesBefore(line []byte, n int) int {
	past := max(0, n-len(line))
	return utf8.RuneCount(line[:n-past]) + past
}

// finish takes the checkout's own place out of messages, sorts findings, drops exact repetitions and tells of places outside the checkout.
func (p *placer) finish(fs []Finding) []Finding {
	if p.outside > 0 {
		fs = append(fs, Finding{
			Rule: "report/outside-checkout", Severity: Error, Tool: p.tool,
			Message: fmt.Sprintf("places outside the checkout in the %s report: %d, the first at %s", p.format, p.outside, p.first),
			Fix:     "run the tool inside the checkout, or say which folder it ran in",
		})
	}
	for i := range fs {
		fs[i].Message = Unrooted(fs[i].Message, p.opt.Root)
	}
	Sort(fs)
	return slices.Compact(fs)
}

// Unrooted makes the paths under a folder that a message names relative to it, so that two checkouts of one tree give the same
// messages. root may be empty.
func Unrooted(message, root string) string {
	root = strings.TrimSuffix(slashed(root), "/") + "/"
	if root == "/" {
		return message
	}
	var out strings.Builder
	for {
		i := strings.Index(message, root)
		if i < 0 {
			return out.String() + message
		}
		out.WriteString(message[:i])
		if before, _ := utf8.DecodeLastRuneInString(out.String()); partOfPath(before) {
			out.WriteString(root) // the end of a longer path
		}
		message = message[i+len(root):]
	}
}

func partOfPath(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/\\._-:", r)
}
