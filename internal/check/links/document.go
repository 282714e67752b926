package links

import (
	"bytes"
	"path"
	"regexp"
	"strings"
	"sync"
)

// document is what a parser sees in one file.
type document struct {
	links   []link
	anchors map[string]bool // lower case
	open    bool            // anchors may be made at run time or by an include, so a missing one proves nothing
}

// link is one relative link, image or reference. Offset is where it stands, in bytes.
type link struct {
	target    string
	offset    int
	undefined bool // a reference without definition; target is its label
}

func parse(file string, text []byte) *document {
	d := &document{anchors: map[string]bool{}}
	switch strings.ToLower(path.Ext(file)) {
	case ".html", ".htm":
		masked := bytes.Clone(text)
		blankComments(masked)
		d.open = !bytes.Contains(text, []byte("<html")) || bytes.Contains(text, []byte("<script")) || bytes.Contains(text, []byte("{{")) || bytes.Contains(text, []byte("{%"))
		d.attributes(masked)
	case ".rst":
		d.restructured(text)
	default:
		d.markdown(text)
	}
	return d
}

var attribute = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)[\s"'](href|src|id|name)\s*=\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'>]+))`)
})

// longest bounds tags, targets, link texts and code spans, in bytes, so that no input costs more than its length.
const longest = 1024

// attributes collects links and anchors from HTML tags.
func (d *document) attributes(text []byte) {
	for at := 0; at < len(text); {
		open := bytes.IndexByte(text[at:], '<')
		if open < 0 {
			return
		}
		at += open
		end := bytes.IndexByte(text[at:min(len(text), at+longest)], '>')
		if end < 0 {
			at++
			continue
		}
		tag := text[at : at+end+1]
		if len(tag) > 4 && isLetter(tag[1]) && bytes.IndexByte(tag, '=') > 0 {
			for _, m := range attribute().FindAllSubmatchIndex(tag, -1) {
				d.attribute(tag, at, m)
			}
		}
		at++
	}
}

func (d *document) attribute(tag []byte, at int, m []int) {
	from, to := m[4], m[5]
	for i := 6; from < 0; i += 2 {
		from, to = m[i], m[i+1]
	}
	value := strings.TrimSpace(string(tag[from:to]))
	switch strings.ToLower(string(tag[m[2]:m[3]])) {
	case "id", "name":
		d.anchors[strings.ToLower(value)] = true
	default:
		if built(tag) {
			return
		}
		d.links = append(d.links, link{target: strings.ReplaceAll(value, "&amp;", "&"), offset: at + from})
	}
}

// built reports whether a tag loads what a build may put there: scripts, styles and icons.
func built(tag []byte) bool {
	name := strings.ToLower(string(tag[1:min(len(tag), 8)]))
	return strings.HasPrefix(name, "script") || strings.HasPrefix(name, "link") || strings.HasPrefix(name, "use ")
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// blankComments overwrites HTML comments with spaces and keeps line ends.
func blankComments(text []byte) {
	for at := 0; ; {
		start := bytes.Index(text[at:], []byte("<!--"))
		if start < 0 {
			return
		}
		start += at
		end := bytes.Index(text[start:], []byte("-->"))
		if end < 0 {
			return
		}
		at = start + end + 3
		blank(text[start:at])
	}
}

func blank(text []byte) {
	for i, c := range text {
		if c != '\n' {
			text[i] = ' '
		}
	}
}
