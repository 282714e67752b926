package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
)

const maxDepth = 64 // of XML elements

// xmlReader reads XML token by token. Entities are never defined or fetched: a document type with a subset of its own is
// refused, and an unknown entity is an error.
type xmlReader struct {
	dec    *xml.Decoder
	format string
	depth  int
}

func newXMLReader(r io.Reader, format string) *xmlReader {
	dec := xml.NewDecoder(r)
	dec.CharsetReader = charset
	return &xmlReader{dec: dec, format: format}
}

// next returns the next start, end or text token; io.EOF at the end of a whole document.
func (x *xmlReader) next() (xml.Token, error) {
	for {
		token, err := x.dec.Token()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, x.explain(err)
		}
		switch t := token.(type) {
		case xml.Directive:
			if bytes.ContainsAny(t, "[") || bytes.Contains(t, []byte("ENTITY")) {
				return nil, x.errorf("it defines entities, which are never read")
			}
			continue
		case xml.StartElement:
			x.depth++
			if x.depth > maxDepth {
				return nil, x.errorf("elements are nested more than %d deep", maxDepth)
			}
			return t, nil
		case xml.EndElement:
			x.depth--
			return t, nil
		case xml.CharData:
			return t, nil
		}
	}
}

func (x *xmlReader) errorf(format string, args ...any) error {
	line, column := x.dec.InputPos()
	return &finding.FormatError{Format: x.format, Line: line, Column: column, Reason: fmt.Sprintf(format, args...)}
}

// explain gives syntax errors their place and leaves errors of the reader as they are.
func (x *xmlReader) explain(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return x.errorf("%s", syntax.Msg)
	}
	if strings.HasPrefix(err.Error(), "xml: ") {
		return x.errorf("%s", strings.TrimPrefix(err.Error(), "xml: "))
	}
	return err
}

// text returns the character data up to the end of the element just begun, at most maxText bytes of it.
func (x *xmlReader) text() (string, error) {
	var o output
	for end := x.depth; x.depth >= end; {
		token, err := x.next()
		if err != nil {
			return "", x.cutOff(err)
		}
		if data, ok := token.(xml.CharData); ok {
			o.add(string(data))
		}
	}
	return strings.ToValidUTF8(string(o.text), ""), nil
}

// skip reads to the end of the element just begun.
func (x *xmlReader) skip() error {
	_, err := x.text()
	return err
}

// cutOff makes an end of input inside the document an error.
func (x *xmlReader) cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return x.errorf("it is cut off")
	}
	return err
}

// root reads up to the first element.
func (x *xmlReader) root() (xml.StartElement, error) {
	for {
		token, err := x.next()
		if errors.Is(err, io.EOF) {
			return xml.StartElement{}, x.errorf("it is empty; did the tool fail before it wrote?")
		}
		if err != nil {
			return xml.StartElement{}, err
		}
		if start, ok := token.(xml.StartElement); ok {
			return start, nil
		}
		if data, ok := token.(xml.CharData); ok && len(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))) > 0 {
			return xml.StartElement{}, x.errorf("text before the first element: not XML")
		}
	}
}

// end makes sure that nothing but white space follows the root element.
func (x *xmlReader) end() error {
	for {
		token, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if data, ok := token.(xml.CharData); !ok || len(bytes.TrimSpace(data)) > 0 {
			return x.errorf("something follows the root element; give one report per file")
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// charset decodes what test runners declare besides UTF-8.
func charset(label string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return r, nil
	case "iso-8859-1", "latin1", "windows-1252":
		return &latin1{r: r}, nil
	}
	return nil, fmt.Errorf("encoding %q is not read; write UTF-8", label)
}

// latin1 turns ISO 8859-1 into UTF-8.
type latin1 struct {
	r    io.Reader
	rest []byte
}

func (l *latin1) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		var raw [4096]byte
		n, err := l.r.Read(raw[:])
		for _, b := range raw[:n] {
			l.rest = append(l.rest, string(rune(b))...)
		}
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
