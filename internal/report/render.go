package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
	"unicode"
)

//go:embed report.html
var page string

var pageTemplate = sync.OnceValues(func() (*template.Template, error) { return template.New("report").Parse(page) })

// HTML writes a report as one page that needs nothing else and prints well.
func HTML(w io.Writer, r *Report) error {
	t, err := pageTemplate()
	if err == nil {
		err = t.Execute(w, lay(r))
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// Markdown writes a report as Markdown with tables.
func Markdown(w io.Writer, r *Report) error {
	d := lay(r)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n**%s**\n\n", plain(d.Title), plain(d.Period), plain(d.Headline))
	for _, f := range d.Figures {
		fmt.Fprintf(&b, "- %s %s\n", plain(f.Value), plain(f.Name))
	}
	for _, s := range d.Sections {
		s.markdown(&b)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (s section) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n", plain(s.Title))
	for _, text := range s.Text {
		fmt.Fprintf(b, "\n%s\n", plain(text))
	}
	if len(s.Rows) == 0 {
		fmt.Fprintf(b, "\n%s\n", plain(s.None))
		return
	}
	b.WriteString("\n| " + strings.Join(s.Columns, " | ") + " |\n|" + strings.Repeat("---|", len(s.Columns)) + "\n")
	for _, row := range s.Rows {
		for _, cell := range row {
			b.WriteString("| " + plain(cell) + " ")
		}
		b.WriteString("|\n")
	}
}

// plain escapes what Markdown would take for markup: titles and reasons are written by others.
func plain(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case strings.ContainsRune("<>&", c):
			b.WriteString(template.HTMLEscapeString(string(c)))
			continue
		case strings.ContainsRune("\\`*_[]|#~!", c):
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// clean is text on one line without what a screen would act on, or turn the direction of.
func clean(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return unicode.ReplacementChar
		}
		return c
	}, text)
}

// Cells are a row's cells with what the page needs to know about each.
func (s section) Cells(row []string) []cell {
	cells := make([]cell, len(row))
	for i, text := range row {
		cells[i] = cell{text, s.Narrow[i]}
	}
	return cells
}

type cell struct {
	Text   string
	Narrow bool
}
