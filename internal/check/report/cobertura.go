package report

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
)

// coberturaReader reads Cobertura's XML: sources, and the lines of each class, or those of its methods when it has none.
// Rates and branches are left out.
type coberturaReader struct {
	xml     *xmlReader
	c       *collector
	sources []string
	path    string // of the open class
	methods bool   // inside a class's methods
	own     bool   // the open class has lines of its own
	spare   []Line // lines of its methods, for when it has none
}

func readCobertura(r io.Reader, c *collector) error {
	x := newXMLReader(r, c.format)
	root, err := x.root()
	if err != nil {
		return err
	}
	if root.Name.Local != "coverage" {
		return x.errorf("the root element is %s, not coverage", root.Name.Local)
	}
	b := coberturaReader{xml: x, c: c}
	for x.depth > 0 {
		token, err := x.next()
		if err != nil {
			return x.cutOff(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			err = b.begin(e)
		case xml.EndElement:
			err = b.end(e)
		}
		if err != nil {
			return x.cutOff(err)
		}
	}
	return x.end()
}

func (b *coberturaReader) begin(e xml.StartElement) error {
	switch e.Name.Local {
	case "source":
		text, err := b.xml.text()
		b.sources = append(b.sources, strings.TrimSpace(text))
		return err
	case "class":
		name := attr(e, "filename")
		if name == "" {
			return b.xml.errorf("a class without a filename")
		}
		b.path, b.own, b.spare = b.c.file(name, b.find), false, nil
	case "methods":
		b.methods = true
	case "line":
		return b.line(e)
	}
	return nil
}

func (b *coberturaReader) end(e xml.EndElement) error {
	switch e.Name.Local {
	case "methods":
		b.methods = false
	case "class":
		for _, l := range b.spare {
			if b.own {
				break
			}
			if err := b.c.mark(b.path, l.Number, l.Hit); err != nil {
				return err
			}
		}
		b.path = ""
	}
	return nil
}

func (b *coberturaReader) line(e xml.StartElement) error {
	line, err1 := strconv.Atoi(attr(e, "number"))
	hits, err2 := strconv.ParseFloat(attr(e, "hits"), 64)
	if err1 != nil || err2 != nil || line < 0 || line > maxSourceLine {
		return b.xml.errorf("a line with number=%q and hits=%q", attr(e, "number"), attr(e, "hits"))
	}
	if b.path == "" || line == 0 {
		return nil
	}
	if b.methods {
		b.spare = append(b.spare, Line{line, hits > 0})
		return nil
	}
	b.own = true
	return b.c.mark(b.path, line, hits > 0)
}

// find looks for a class's file below each source, and then where the tool ran.
func (b *coberturaReader) find(name string) (string, bool) {
	opt := &b.c.opt
	for _, source := range b.sources {
		if source == "" {
			continue
		}
		if path, ok := opt.known(opt.Dir, strings.TrimSuffix(source, "/")+"/"+name); ok {
			return path, true
		}
	}
	return opt.known(opt.Dir, name)
}
