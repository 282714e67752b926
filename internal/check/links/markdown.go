package links

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/adamant-os/adamant/internal/check/builtin"
)

// markdown collects links and anchors from GitHub Flavored Markdown. Code is blanked first, so that all offsets stay.
func (d *document) markdown(source []byte) {
	text := bytes.Clone(source)
	blankFrontMatter(text)
	d.headings(source, text)
	blankComments(text)
	blankSpans(text)
	d.attributes(text)
	definitions := d.definitions(text)
	d.inline(text, definitions)
	d.open = d.open || bytes.Contains(text, []byte("{{")) || bytes.Contains(text, []byte("{%")) || bytes.Contains(text, []byte("--8<--"))
}

func blankFrontMatter(text []byte) {
	for _, fence := range []string{"---\n", "+++\n"} {
		if bytes.HasPrefix(text, []byte(fence)) {
			if end := bytes.Index(text[4:], []byte("\n"+fence[:3])); end >= 0 {
				blank(text[:4+end+4])
			}
		}
	}
}

// headings blanks code blocks and comments in text and collects the anchors of headings as GitHub makes them: duplicates
// get -1, -2 and so on in the order of the document.
func (d *document) headings(source, text []byte) {
	used := map[string]int{}
	var fence []byte
	var previous []byte // last line when it may be a setext heading
	blankBefore, list, comment, margin := true, false, false, 0
	for line := range builtin.Lines(source) {
		raw := text[line.Offset : line.Offset+len(line.Text)]
		body := bytes.TrimLeft(raw, " ")
		indent := len(raw) - len(body)
		switch {
		case fence != nil:
			if indent < margin+4 && bytes.HasPrefix(body, fence) && len(bytes.Trim(body, string(fence[:1])+" \t")) == 0 {
				fence = nil
			}
			blank(raw)
			previous = nil
			continue
		case comment || bytes.HasPrefix(body, []byte("<!--")):
			comment = !bytes.Contains(body, []byte("-->"))
			previous = nil
			continue
		case opensFence(body):
			fence, margin = bytes.Clone(body[:len(body)-len(bytes.TrimLeft(body, string(body[:1])))]), indent
			blank(raw)
			previous = nil
			continue
		case len(body) == 0:
			blankBefore, previous = true, nil
			continue
		case (indent >= 4 || raw[0] == '\t') && blankBefore && !list:
			blank(raw) // indented code
			continue
		}
		list = list && (indent > 0 || !blankBefore) || isItem(body)
		blankBefore = false
		if title, ok := atx(body); ok && indent < 4 {
			d.heading(title, used)
			previous = nil
			continue
		}
		if previous != nil && indent < 4 && isUnderline(body) {
			d.heading(previous, used)
			previous = nil
			continue
		}
		previous = nil
		if !isItem(body) {
			previous = body
		}
	}
}

func opensFence(body []byte) bool {
	if bytes.HasPrefix(body, []byte("```")) {
		return bytes.IndexByte(bytes.TrimLeft(body, "`"), '`') < 0
	}
	return bytes.HasPrefix(body, []byte("~~~"))
}

func isItem(body []byte) bool {
	if len(body) > 1 && (body[0] == '-' || body[0] == '*' || body[0] == '+') && (body[1] == ' ' || body[1] == '\t') {
		return true
	}
	digits := 0
	for digits < len(body) && body[digits] >= '0' && body[digits] <= '9' {
		digits++
	}
	return digits > 0 && digits+1 < len(body) && (body[digits] == '.' || body[digits] == ')') && body[digits+1] == ' '
}

func atx(body []byte) ([]byte, bool) {
	title := bytes.TrimLeft(body, "#")
	level := len(body) - len(title)
	if level == 0 || level > 6 || len(title) > 0 && title[0] != ' ' && title[0] != '\t' {
		return nil, false
	}
	title = bytes.TrimSpace(title)
	if closed := bytes.TrimRight(title, "#"); len(closed) < len(title) && (len(closed) == 0 || closed[len(closed)-1] == ' ') {
		title = bytes.TrimSpace(closed)
	}
	return title, true
}

func isUnderline(body []byte) bool {
	body = bytes.TrimRight(body, " \t\r")
	return len(body) > 0 && (len(bytes.Trim(body, "=")) == 0 || len(bytes.Trim(body, "-")) == 0)
}

var (
	customID  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s*\{\s*#([\w:.-]+)[^}]*\}\s*$`) })
	markup    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])`) })
	tags      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`</?[A-Za-z][^>]*>`) })
	underline = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|[^\pL\pN_])_+([^_]+)_+($|[^\pL\pN_])`) })
)

func (d *document) heading(title []byte, used map[string]int) {
	if m := customID().FindSubmatchIndex(title); m != nil {
		d.anchors[strings.ToLower(string(title[m[2]:m[3]]))] = true
		title = title[:m[0]]
	}
	name := slug(string(title))
	anchor := name
	for n, taken := used[name]; taken; _, taken = used[anchor] {
		n++
		anchor = name + "-" + strconv.Itoa(n)
		used[name] = n
	}
	used[anchor] = 0
	d.anchors[anchor] = true
}

// slug is GitHub's anchor of a heading: the rendered text in lower case, without anything but letters, digits, marks,
// connecting punctuation, hyphens and spaces, and with a hyphen for each space.
func slug(title string) string {
	if strings.ContainsAny(title, "[<_") {
		title = markup().ReplaceAllString(title, "$1")
		title = tags().ReplaceAllString(title, "")
		title = underline().ReplaceAllString(title, "$1$2$3")
	}
	var b strings.Builder
	for _, r := range strings.TrimSpace(title) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Pc):
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// blankSpans overwrites code spans, which end in the paragraph in which they begin, and escaped brackets.
func blankSpans(text []byte) {
	for at := 0; at < len(text); at++ {
		switch text[at] {
		case '\\':
			if at+1 < len(text) && strings.IndexByte("[]()<>`!\\", text[at+1]) >= 0 {
				blank(text[at : at+2])
				at++
			}
		case '`':
			run := 1
			for at+run < len(text) && text[at+run] == '`' {
				run++
			}
			if end := spanEnd(text[at+run:], run); end >= 0 {
				blank(text[at : at+run+end])
				at += end
			}
			at += run - 1
		}
	}
}

// spanEnd returns the offset after the backticks that close a span of that many, -1 when there are none.
func spanEnd(text []byte, run int) int {
	text = text[:min(len(text), longest)]
	for at := 0; at < len(text); at++ {
		switch {
		case text[at] == '\n' && at+1 < len(text) && text[at+1] == '\n':
			return -1
		case text[at] == '`':
			n := 1
			for at+n < len(text) && text[at+n] == '`' {
				n++
			}
			if n == run {
				return at + n
			}
			at += n - 1
		}
	}
	return -1
}

// definitions collects "[label]: target" lines, adds their targets as links and blanks them.
func (d *document) definitions(text []byte) map[string]bool {
	labels := map[string]bool{}
	for line := range builtin.Lines(text) {
		body := bytes.TrimLeft(line.Text, " ")
		end := bytes.Index(body, []byte("]:"))
		if len(body) == 0 || body[0] != '[' || end < 2 {
			continue
		}
		label := string(body[1:end])
		if label[0] == '^' || strings.ContainsAny(label, "[]") {
			continue
		}
		labels[normalLabel(label)] = true
		rest := body[end+2:]
		value := bytes.TrimLeft(rest, " \t")
		offset := line.Offset + len(line.Text) - len(value)
		target := string(value)
		if strings.HasPrefix(target, "<") {
			target, _, _ = strings.Cut(target[1:], ">")
		} else if fields := strings.Fields(target); len(fields) > 0 {
			target = fields[0]
		}
		d.links = append(d.links, link{target: target, offset: offset})
		blank(text[line.Offset : line.Offset+len(line.Text)])
	}
	return labels
}

func normalLabel(label string) string {
	return strings.ToLower(strings.Join(strings.Fields(label), " "))
}

// inline collects [text](target), ![text](target), [text][label] and [label][].
func (d *document) inline(text []byte, labels map[string]bool) {
	for at := 0; at < len(text); {
		next := bytes.IndexByte(text[at:], ']')
		if next < 0 || at+next+1 >= len(text) {
			return
		}
		at += next + 1
		switch text[at] {
		case '(':
			if target, offset, ok := destination(text[at+1:]); ok && opened(text[:at-1]) >= 0 {
				d.links = append(d.links, link{target: target, offset: at + 1 + offset})
			}
		case '[':
			d.reference(text, at, labels)
		}
	}
}

// opened returns the offset of the bracket that matches one at the end of text, -1 when the paragraph has none.
func opened(text []byte) int {
	depth := 0
	for i := len(text) - 1; i >= 0 && len(text)-i < longest; i-- {
		switch text[i] {
		case ']':
			depth++
		case '[':
			if depth == 0 {
				return i
			}
			depth--
		case '\n':
			if i > 0 && text[i-1] == '\n' {
				return -1
			}
		}
	}
	return -1
}

// destination parses what follows "](": a target in angle brackets, or one without spaces and with balanced parentheses.
func destination(text []byte) (target string, offset int, ok bool) {
	text = text[:min(len(text), longest)]
	start := len(text) - len(bytes.TrimLeft(text, " \n"))
	text = text[start:]
	if len(text) == 0 {
		return "", 0, false
	}
	if text[0] == '<' {
		end := bytes.IndexAny(text, ">\n")
		if end < 0 || text[end] == '\n' {
			return "", 0, false
		}
		return string(text[1:end]), start + 1, true
	}
	depth := 0
	for i, c := range text {
		switch {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == ')':
			return string(text[:i]), start, true
		case c == ' ' || c == '\n' || c == '\t':
			rest := bytes.TrimLeft(text[i:], " \n\t")
			titled := len(rest) > 0 && strings.IndexByte(`"'()`, rest[0]) >= 0
			return string(text[:i]), start, titled
		}
	}
	return "", 0, false
}

// reference judges "[text][label]" whose "][" ends at at+1. A bracket that follows a word is an index, not a link.
func (d *document) reference(text []byte, at int, labels map[string]bool) {
	end := bytes.IndexByte(text[at:min(len(text), at+200)], ']')
	first := opened(text[:at-1])
	if end < 0 || first < 0 || first > 0 && (isLetter(text[first-1]) || text[first-1] == ')' || text[first-1] == ']') {
		return
	}
	label := string(text[at+1 : at+end])
	if strings.TrimSpace(label) == "" {
		label = string(text[first+1 : at-1])
	}
	label = strings.TrimSpace(label)
	if label == "" || strings.ContainsAny(label, "[]\n{}$") || label[0] == '^' || strings.Trim(label, "0123456789., ") == "" || labels[normalLabel(label)] {
		return
	}
	d.links = append(d.links, link{target: label, offset: first, undefined: true})
}
