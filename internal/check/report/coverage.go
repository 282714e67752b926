package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
)

const (
	maxSourceLine = 1 << 20    // line number
	maxMarks      = 2_000_000  // executable lines of one profile
	maxBlockLines = 10_000_000 // lines of all blocks of a Go profile together; blocks may repeat
)

// collector gathers the lines of one profile.
type collector struct {
	format  string
	opt     Options
	lines   map[string]map[int]bool // by repository path: line to hit
	foreign string                  // the first file that is none of ours
	marks   int
	blocks  int               // lines of blocks so far
	paths   map[string]string // as named in the profile to repository path; "" = foreign
	texts   map[string][][]byte
}

func newCollector(format string, opt Options) *collector {
	return &collector{format: format, opt: opt, lines: map[string]map[int]bool{}, paths: map[string]string{}, texts: map[string][][]byte{}}
}

// file returns the repository path of a file, "" when it is none of ours. find is asked once for each name.
func (c *collector) file(name string, find func(name string) (string, bool)) string {
	path, ok := c.paths[name]
	if ok {
		return path
	}
	if path, ok = find(name); !ok {
		path = ""
		if c.foreign == "" {
			c.foreign = name
		}
	} else if c.lines[path] == nil {
		c.lines[path] = map[int]bool{}
	}
	c.paths[name] = path
	return path
}

// mark notes an executable line.
func (c *collector) mark(path string, line int, hit bool) error {
	lines := c.lines[path]
	before, known := lines[line]
	if !known {
		if c.marks++; c.marks > maxMarks {
			return c.errorf(0, "it has more than %d executable lines", maxMarks)
		}
	}
	lines[line] = before || hit
	return nil
}

func (c *collector) errorf(line int, format string, args ...any) error {
	return &finding.FormatError{Format: c.format, Line: line, Column: min(line, 1), Reason: fmt.Sprintf(format, args...)}
}

func (c *collector) profile() (Profile, error) {
	if len(c.lines) == 0 {
		about := "it is empty"
		if c.foreign != "" {
			about = "for example " + c.foreign
		}
		return nil, fmt.Errorf("%s profile: %w (%s)", c.format, ErrNoCoverage, about)
	}
	out := make(Profile, len(c.lines))
	for path, lines := range c.lines {
		all := make([]Line, 0, len(lines))
		for n, hit := range lines {
			all = append(all, Line{n, hit})
		}
		out[path] = ordered(all)
	}
	return out, nil
}

// scan hands the lines of a text profile to a function.
func (c *collector) scan(r io.Reader, each func(line string, n int) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := each(strings.TrimSpace(lines.Text()), n); err != nil {
			return err
		}
	}
	return scanError(lines.Err(), c.format, n+1)
}

// readGoCover reads go test -coverprofile. A line is executable when a block with statements covers it, and hit when any
// such block was. Blocks of several test binaries may repeat; further "mode:" lines, from profiles put together, are fine.
func readGoCover(r io.Reader, c *collector) error {
	seen := false
	err := c.scan(r, func(line string, n int) error {
		switch {
		case strings.HasPrefix(line, "mode: "):
			seen = true
			return nil
		case line == "":
			return nil
		case !seen:
			return c.errorf(n, `it does not begin with "mode:": not a Go cover profile`)
		}
		return c.block(line, n)
	})
	if err == nil && !seen {
		return c.errorf(1, "it is empty; did the tests build?")
	}
	return err
}

// block reads name.go:from.column,to.column statements count.
func (c *collector) block(line string, n int) error {
	colon := strings.LastIndexByte(line, ':')
	if colon < 1 {
		return c.errorf(n, "%q is not a block of a Go cover profile", clip(line))
	}
	b, ok := parseBlock(line[colon+1:])
	if !ok {
		return c.errorf(n, "%q is not a block of a Go cover profile", clip(line))
	}
	path := c.file(line[:colon], c.goFile)
	if path == "" || b.statements == 0 {
		return nil
	}
	if c.blocks += b.to - b.from + 1; c.blocks > maxBlockLines {
		return c.errorf(n, "its blocks have more than %d lines together", maxBlockLines)
	}
	lines := c.text(path)
	for l := b.from; l <= b.to; l++ {
		if !b.code(lines, l) {
			continue
		}
		if err := c.mark(path, l, b.count > 0); err != nil {
			return err
		}
	}
	return nil
}

// goBlock is a block of a Go cover profile; lines and columns are 1-based, the end column is past the block.
type goBlock struct {
	from, fromColumn int
	to, toColumn     int
	statements       int
	count            uint64
}

func parseBlock(s string) (goBlock, bool) {
	fields := strings.Fields(s)
	if len(fields) != 3 {
		return goBlock{}, false
	}
	start, end, _ := strings.Cut(fields[0], ",")
	var b goBlock
	var ok1, ok2 bool
	b.from, b.fromColumn, ok1 = twoNumbers(start)
	b.to, b.toColumn, ok2 = twoNumbers(end)
	var err1, err2 error
	b.statements, err1 = strconv.Atoi(fields[1])
	b.count, err2 = strconv.ParseUint(fields[2], 10, 64)
	ok := ok1 && ok2 && err1 == nil && err2 == nil && b.statements >= 0
	return b, ok && b.from >= 1 && b.from <= b.to && b.to <= maxSourceLine
}

// twoNumbers reads line.column.
func twoNumbers(s string) (line, column int, ok bool) {
	before, after, _ := strings.Cut(s, ".")
	line, err1 := strconv.Atoi(before)
	column, err2 := strconv.Atoi(after)
	return line, column, err1 == nil && err2 == nil && column >= 0
}

// code says whether the part of a line inside the block holds code: blocks reach from brace to brace, over blank lines and
// comments. Lines whose text is not known do.
func (b goBlock) code(lines [][]byte, line int) bool {
	if line > len(lines) {
		return true
	}
	s := lines[line-1]
	if line == b.to {
		s = s[:min(max(b.toColumn-1, 0), len(s))]
	}
	if line == b.from {
		s = s[min(max(b.fromColumn-1, 0), len(s)):]
	}
	s = bytes.TrimSpace(s)
	return len(bytes.Trim(s, "{}() \t,;")) > 0 && !bytes.HasPrefix(s, []byte("//"))
}

// goFile maps a name of a Go profile: an import path with a file name, or a path.
func (c *collector) goFile(name string) (string, bool) {
	if i := strings.LastIndexByte(name, '/'); i > 0 && c.opt.GoPackage != nil {
		if dir, ok := c.opt.GoPackage(name[:i]); ok {
			return c.opt.known(dir, name[i+1:])
		}
	}
	if strings.HasPrefix(name, "./") || strings.HasPrefix(name, "/") || c.opt.GoPackage == nil {
		return c.opt.known(c.opt.Dir, name)
	}
	return "", false
}

// text returns the lines of a file, nil when they are not known.
func (c *collector) text(path string) [][]byte {
	lines, ok := c.texts[path]
	if ok || c.opt.Text == nil {
		return lines
	}
	if text, ok := c.opt.Text(path); ok {
		lines = bytes.Split(text, []byte("\n"))
	}
	c.texts[path] = lines
	return lines
}

// readLCOV reads an LCOV tracefile: SF, DA and end_of_record; functions and branches are left out.
func readLCOV(r io.Reader, c *collector) error {
	path, open, any := "", false, false
	err := c.scan(r, func(line string, n int) error {
		key, value, _ := strings.Cut(line, ":")
		switch {
		case line == "end_of_record":
			open = false
		case key == "SF":
			path, open, any = c.file(value, c.plainFile), true, true
		case key == "DA" && !open:
			return c.errorf(n, "a line count (DA) outside a file (SF)")
		case key == "DA":
			return c.lcovLine(path, value, n)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case !any:
		return c.errorf(1, "no file (SF) is in it: empty, or not an LCOV tracefile")
	case open:
		return c.errorf(0, "it is cut off: the last file has no end_of_record")
	}
	return nil
}

// lcovLine reads line,count[,checksum]. Counts below zero are a known fault of some compilers and are no hits.
func (c *collector) lcovLine(path, value string, n int) error {
	fields := strings.Split(value, ",")
	if len(fields) < 2 {
		return c.errorf(n, "DA:%s is not line,count", clip(value))
	}
	line, err1 := strconv.Atoi(strings.TrimSpace(fields[0]))
	count, err2 := strconv.ParseFloat(strings.TrimSpace(fields[1]), 64)
	if err1 != nil || err2 != nil || line < 0 || line > maxSourceLine {
		return c.errorf(n, "DA:%s is not line,count", clip(value))
	}
	if path == "" || line == 0 {
		return nil
	}
	return c.mark(path, line, count > 0)
}

func (c *collector) plainFile(name string) (string, bool) { return c.opt.known(c.opt.Dir, name) }
