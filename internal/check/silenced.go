package check

import (
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source"
)

// inSource is the kind of a suppression that a comment in the source asks for (SARIF, section 3.35.2).
const inSource = "inSource"

// Silenced says that a comment in a file tells tools to look away from a line: one on the line, the line before or behind, or
// one further up that is not for a single line. Reports are believed no further than that.
func Silenced(path string, content []byte, line int) bool {
	language, class := source.Classify(path, content[:min(len(content), 4096)], nil)
	return slices.ContainsFunc(source.Analyse(language, class, path, content).Suppressions(), func(s source.Suppression) bool {
		near := s.Line >= line-1 && s.Line <= line+1
		return near && line > 0 || (s.Line < line || line == 0) && !forOneLine(s.Text)
	})
}

// forOneLine recognises suppressions that end where their line, or the next one, does.
func forOneLine(text string) bool {
	text = strings.ToLower(text)
	for _, file := range []string{"ruff: noqa", "flake8: noqa", "lint:file-ignore", "deno-lint-ignore-file"} {
		if strings.HasPrefix(text, file) {
			return false
		}
	}
	for _, one := range []string{"next-line", "nextline", "-line", "noqa", "nosec", "nosem", "nosonar", "type: ignore", "type:ignore", "ts-ignore", "ts-expect-error", "lint:ignore", "gitleaks:allow", "pragma: allowlist"} {
		if strings.Contains(text, one) {
			return true
		}
	}
	return false
}
