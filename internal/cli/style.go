package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// style colours text where the reader is a terminal. Colour never carries meaning alone.
type style struct{ on bool }

// styleFor looks at the writer and NO_COLOR (https://no-color.org).
func styleFor(env *Env, w io.Writer) style {
	f, ok := w.(*os.File)
	if !ok || env.Getenv("NO_COLOR") != "" || env.Getenv("TERM") == "dumb" {
		return style{}
	}
	info, err := f.Stat()
	return style{on: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (s style) paint(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string   { return s.paint("1", text) }
func (s style) dim(text string) string    { return s.paint("2", text) }
func (s style) red(text string) string    { return s.paint("31", text) }
func (s style) green(text string) string  { return s.paint("32", text) }
func (s style) yellow(text string) string { return s.paint("33", text) }

// decision colours allow, hold and deny.
func (s style) decision(text, decision string) string {
	switch decision {
	case "allow":
		return s.bold(s.green(text))
	case "hold":
		return s.bold(s.yellow(text))
	}
	return s.bold(s.red(text))
}

// printable makes text from a repository safe to show: control characters, which could move the cursor or hide text, become
// visible escapes.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}

// printableLines is printable for text that may have several lines.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// wrap breaks text at spaces into lines of at most width columns.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// pad fills text to width columns.
func pad(text string, width int) string { return fmt.Sprintf("%-*s", width, text) }

// plural writes "1 file" or "3 files".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "entry"); ok {
		return fmt.Sprintf("%d %sentries", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
