package privacy

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source"
)

// hostile are texts of one line that are repeated to the largest file there is.
func hostile() map[string]string {
	return map[string]string{
		"calls":      "log.info(email, log.info(email,\n",
		"short":      "(email\n",
		"open":       "log.info(\nemail\n",
		"strings":    `log.info("{` + strings.Repeat("{a", 1000) + "\", email\n",
		"quotes":     `log.info(` + strings.Repeat(`"{a`, 1000) + " email\n",
		"idents":     "log.info(" + strings.Repeat("a.email.length,", 250) + "\n",
		"dots":       strings.Repeat("a.", 2000) + " email(\n",
		"camel":      "log.info(" + strings.Repeat("aB", 1900) + ") email\n",
		"digits":     strings.Repeat("1 ", 2000) + "\n",
		"iban":       strings.Repeat("DE12 ", 800) + "\n",
		"at":         strings.Repeat("a@b.", 1000) + "\n",
		"phone":      strings.Repeat("+1 555 ", 580) + "\n",
		"underlined": "log.info(" + strings.Repeat("_", 4000) + "email\n",
		"spaces":     "log.info(email" + strings.Repeat(" ", 4000) + "\n",
	}
}

// BenchmarkHostile looks at 1 MiB of each.
func BenchmarkHostile(b *testing.B) {
	for name, line := range hostile() {
		text := []byte(strings.Repeat(line, 1<<20/len(line)))
		lines := []source.Range{{From: 1, To: 1 << 20}}
		for _, class := range []string{source.ClassSource, source.ClassTest} {
			b.Run(name+"/"+class, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					Find(File{Path: "a.ts", Class: class, Text: text, Lines: lines})
				}
			})
		}
	}
}

// A hostile line costs what an ordinary one does, however many calls around it are open: the hits are one a line.
func TestOpenCallsAreReportedOnce(t *testing.T) {
	t.Parallel()
	const n = 2000
	s := scanner{File: File{Path: "a.ts", Class: source.ClassSource, Lines: []source.Range{{From: 1, To: 2 * n}}},
		lines: strings.Split(strings.Repeat("log.info(\nemail\n", n), "\n")}
	s.calls()
	if len(s.hits) != n {
		t.Errorf("%d hits of %d lines", len(s.hits), n)
	}
}
