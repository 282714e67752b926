package depcruise

import "bytes"

// plain turns JSON with comments and trailing commas into JSON of the same length: what goes becomes spaces, so every place stays
// where it was. Text is not touched.
func plain(data []byte) []byte {
	out := bytes.Clone(data)
	comma := -1 // of the last comma that nothing followed yet
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case c == '"':
			i = afterText(out, i)
			comma = -1
		case c == '/' && i+1 < len(out) && (out[i+1] == '/' || out[i+1] == '*'):
			i = blank(out, i)
		case c == ',':
			comma = i
		case c == '}' || c == ']':
			if comma >= 0 {
				out[comma] = ' '
			}
			comma = -1
		case c > ' ':
			comma = -1
		}
	}
	return out
}

// afterText is the place of the quote that closes a text.
func afterText(data []byte, at int) int {
	for i := at + 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(data)
}

// blank overwrites the comment at a place, but for its line ends, and returns its last byte.
func blank(data []byte, at int) int {
	end := len(data)
	if data[at+1] == '/' {
		if n := bytes.IndexByte(data[at:], '\n'); n >= 0 {
			end = at + n
		}
	} else if n := bytes.Index(data[at+2:], []byte("*/")); n >= 0 {
		end = at + 2 + n + 2
	} else {
		return end // never closed: the parser says where it stops
	}
	for i := at; i < end; i++ {
		if data[i] != '\n' && data[i] != '\r' {
			data[i] = ' '
		}
	}
	return end - 1
}
