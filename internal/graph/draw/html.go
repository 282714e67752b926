package draw

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

//go:embed page.js
var pageScript string

//go:embed page.css
var pageStyle string

// maxPage bounds the boxes of a page; of a larger picture the smallest folders are joined before.
const maxPage = 20_000

// HTML writes a page that stands alone: it loads nothing, and its own content security policy holds it to that. Folders can be
// opened and closed; more boxes than readable start as an overview. Without scripts it shows the picture it starts with.
func (p *Picture) HTML(w io.Writer, readable, overview int) error {
	whole := p.Collapse(maxPage, maxPage)
	t := whole.folded(readable, overview)
	data, err := json.Marshal(whole.page(t)) // <, > and & leave it as \u003c and the like
	if err != nil {
		return fmt.Errorf("writing the data of the page: %w", err)
	}
	var start bytes.Buffer
	s := newSheet(&start, whole.fold(t))
	s.open(true)
	s.body()
	if err := s.close(); err != nil {
		return err
	}
	css, script := squeeze(style+pageStyle), tighten(squeeze(pageScript))
	_, err = fmt.Fprintf(w, pageText, hash(script), hash(css), markup(p.title()), css, markup(p.title()), markup(p.counts()),
		start.Bytes(), whole.pageLegend(), data, script)
	return err
}

const pageText = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'">
<title>%s</title>
<style>%s</style>
</head>
<body>
<header>
<div class="name"><h1>%s</h1><p id="counts" aria-live="polite">%s</p></div>
<div class="tools" role="toolbar" aria-label="View">
<input id="find" type="search" placeholder="Search  ( / )" aria-label="Search names" autocomplete="off" spellcheck="false">
<button id="changes" type="button" aria-pressed="false" hidden>Only changes</button>
<button id="open" type="button" title="Open one level of folders">Open</button>
<button id="close" type="button" title="Close all folders">Close</button>
<button id="fit" type="button" title="Show everything (0)">Fit</button>
<button id="out" type="button" aria-label="Zoom out" title="Zoom out (-)">−</button>
<button id="in" type="button" aria-label="Zoom in" title="Zoom in (+)">+</button>
</div>
</header>
<main>
<div id="stage" tabindex="0" aria-label="Picture. Tab moves between boxes, arrow keys follow dependencies, Enter opens a folder, Backspace closes it.">
%s</div>
<aside id="side" aria-label="Details" aria-live="polite" hidden></aside>
</main>
<footer id="legend">%s<span class="hint">drag to move · wheel to zoom · click for details · double click or Enter opens a folder</span></footer>
<script type="application/json" id="data">%s</script>
<script>%s</script>
</body>
</html>
`

// squeeze drops indentation and lines of comment. No string of the page spans lines.
func squeeze(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// tighten drops the spaces of a script that separate nothing. It knows strings; the expressions of the page hold no others.
func tighten(script string) string {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(script); i++ {
		c := script[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '`'):
			quote = c
		case quote == 0 && c == ' ' && !separates(script[i-1], script[i+1]):
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// separates says that what stands left and right of a space would become one without it.
func separates(left, right byte) bool {
	word := func(c byte) bool {
		return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
	return word(left) && word(right) || left == right
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pageLegend is the legend of everything that the page may come to show.
func (p *Picture) pageLegend() string {
	full := *p
	full.Boxes, full.Cycles = append([]Box{{Group: true}}, p.Boxes...), 1 // closing folders can make cycles
	var out bytes.Buffer
	for _, k := range full.keys() {
		if k.line == "" {
			fmt.Fprintf(&out, `<span><b>%s</b> %s</span>`, markup(k.sign), markup(k.text))
			continue
		}
		marker, start := lineMarkers(k.line)
		fmt.Fprintf(&out, `<span><svg width="36" height="10" aria-hidden="true"><path class="%s" d="M4 5H34"%s marker-end="url(#m-%s)"/></svg> %s</span>`,
			k.line, start, marker, markup(k.text))
	}
	return out.String()
}

// page is the data of the page.
type page struct {
	Dense  int      `json:"dense"`
	Noun   string   `json:"noun"`
	Before string   `json:"before"` // what stands before the counts
	Diff   bool     `json:"diff"`
	Groups [][5]any `json:"groups"` // name, label, sub, parent, open
	Boxes  [][8]any `json:"boxes"`  // name, label, sub, group, files, change, outside, hue
	Lines  [][5]any `json:"lines"`  // from, to, count, type, change
}

func (p *Picture) page(t *tree) page {
	out := page{Dense: 150, Noun: p.noun(), Before: p.commits(), Diff: p.Base != "", Groups: [][5]any{}, Boxes: [][8]any{}, Lines: [][5]any{}}
	groups := make([]Box, len(t.groups))
	for i := range groups {
		groups[i] = groupBox(t.groups[i].name, &Box{})
	}
	tellApart(groups)
	for i := range t.groups {
		g, b := &t.groups[i], &groups[i]
		out.Groups = append(out.Groups, [5]any{clean(g.name), b.title(), shorten(clean(b.Sub), maxSub), g.parent, bit(g.open)})
	}
	hue := hues(p.Boxes)
	for i := range p.Boxes {
		b := &p.Boxes[i]
		out.Boxes = append(out.Boxes, [8]any{clean(b.Name), b.title(), shorten(clean(b.Sub), maxSub), t.of[i], b.Files, b.Change, bit(b.Outside), hue[i]})
	}
	for _, l := range p.Lines {
		out.Lines = append(out.Lines, [5]any{l.From, l.To, l.Count, bit(l.Type), l.Change})
	}
	return out
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
