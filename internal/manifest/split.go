package manifest

import "bytes"

// chunk is the text of one document with the 1-based line it starts at.
type chunk struct {
	text []byte
	line int
}

// firstLine is the line of the chunk's first content.
func (c chunk) firstLine() int {
	line := c.line
	for text := c.text; len(text) > 0; line++ {
		n := lineLength(text)
		if !isPreamble(text[:n]) {
			return line
		}
		text = text[n:]
	}
	return c.line
}

// split cuts a stream at its document markers. "---" and "..." at the start of a line are markers wherever they stand
// (YAML 1.2, 9.1.2: they are forbidden inside every scalar), so no parsing is needed.
func split(data []byte) []chunk {
	var s splitter
	s.data, s.line = data, 1
	s.startLine = 1
	for s.at < len(data) {
		n := lineLength(data[s.at:])
		s.take(data[s.at:s.at+n], n)
	}
	s.cut()
	return s.chunks
}

type splitter struct {
	data            []byte
	at, line        int
	start           int // of the current chunk
	startLine       int
	marked, content bool // the current chunk has its "---", has content
	chunks          []chunk
}

func (s *splitter) take(text []byte, n int) {
	switch {
	case isMarker(text, '-'):
		if s.marked || s.content {
			s.cut()
		}
		s.marked = true
		s.step(n)
	case isMarker(text, '.'):
		s.step(n)
		s.cut()
	default:
		s.content = s.content || !isPreamble(text)
		s.step(n)
	}
}

func (s *splitter) step(n int) {
	s.at += n
	s.line++
}

// cut ends the current chunk before s.at. Comments and blank lines alone are no document.
func (s *splitter) cut() {
	if s.marked || s.content {
		s.chunks = append(s.chunks, chunk{text: s.data[s.start:s.at], line: s.startLine})
	}
	s.start, s.startLine, s.marked, s.content = s.at, s.line, false, false
}

// lineLength is the length of the first line with its line break (LF, CRLF or CR).
func lineLength(data []byte) int {
	lf := bytes.IndexByte(data, '\n')
	end := len(data)
	if lf >= 0 {
		end = lf + 1
	}
	if cr := bytes.IndexByte(data[:end], '\r'); cr >= 0 && cr+1 < end && data[cr+1] != '\n' {
		return cr + 1
	}
	return end
}

func isMarker[T string | []byte](line T, c byte) bool {
	if len(line) < 3 || line[0] != c || line[1] != c || line[2] != c {
		return false
	}
	return len(line) == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r' || line[3] == '\n'
}

// isPreamble says whether a line is blank, a comment, a directive or a bare marker.
func isPreamble(line []byte) bool {
	text := bytes.TrimSpace(line)
	return len(text) == 0 || text[0] == '#' || line[0] == '%' || bytes.Equal(text, []byte("---")) || bytes.Equal(text, []byte("..."))
}
