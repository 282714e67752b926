package source

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// suppressions lists the places that silence a tool. Comments are searched and, where a language has them, attributes; text
// in literals is not. A file that was not surely cut is searched line by line as well: better one too many.
func suppressions(a *Analysis) []mark {
	var list []mark
	if a.tokens != nil {
		for _, t := range a.tokens.tokens {
			switch t.kind {
			case kindComment, kindDirective:
				list = commentMarks(list, a.tokens.text(t), int(t.line))
			case kindText:
				list = pragmaMarks(list, a.tokens.text(t), int(t.line))
			}
		}
		list = append(list, attributeMarks(a)...)
	}
	if a.tokens == nil || !a.tokens.exact {
		list = lineMarks(list, a)
	}
	return list
}

// commentMarks searches one comment line by line.
func commentMarks(list []mark, text []byte, line int) []mark {
	for len(text) > 0 {
		part, rest, _ := bytes.Cut(text, newline)
		if s := suppression(part); s != "" {
			list = append(list, mark{Mark: Mark{Line: line, Text: clip(s)}})
		}
		text = rest
		line++
	}
	return list
}

// suppression gives the part of a comment's line from a suppression on, or "".
func suppression(line []byte) string {
	for i := 0; i < len(line); i++ {
		if !isWord(line[i]) && line[i] != '@' || i > 0 && (isWord(line[i-1]) || line[i-1] == '@') {
			continue
		}
		any := indexByte("Nnpgcbt", line[i])
		if !any && (line[i] >= 128 || suppressionTable[line[i]] == nil) {
			continue
		}
		if first := opens(line, i); (first || any) && suppresses(line[i:], first) {
			return strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(string(line[i:])), starClose), angleClose))
		}
	}
	return ""
}

// opens reports whether byte i is the first of the comment or follows another marker in it ("x # noqa").
func opens(line []byte, i int) bool {
	for i > 0 && (line[i-1] == ' ' || line[i-1] == '\t') {
		i--
	}
	return i == 0 || indexByte("/#*;-!<", line[i-1])
}

// suppresses knows the suppressions. Those that prose may mention count only where a comment begins.
func suppresses(text []byte, first bool) bool {
	switch {
	case starts(text, "NOSONAR"), starts(text, "nosec"), starts(text, "nosem"), starts(text, "nosemgrep"), starts(text, "NOPMD"), starts(text, "NOLINTNEXTLINE"), starts(text, "NOLINTBEGIN"), starts(text, "NOLINT"):
		return first || text[0] == 'N'
	case begins(text, "pylint:"):
		return bytes.Contains(text, []byte("disable")) || bytes.Contains(text, []byte("skip-file"))
	case begins(text, "pragma: no cover"), begins(text, "pragma: no branch"), begins(text, "pragma: allowlist"), begins(text, "pragma: no mutate"):
		return true
	case begins(text, "gitleaks:allow"), begins(text, "checkov:skip"), begins(text, "bridgecrew:skip"), begins(text, "trivy:ignore"), begins(text, "tfsec:ignore"), begins(text, "codecov:ignore"):
		return true
	}
	return first && suppressesFirst(text)
}

func suppressesFirst(text []byte) bool {
	if text[0] >= 128 {
		return false
	}
	for _, s := range suppressionTable[text[0]] {
		if begins(text, s) && (text[0] != 'n' && s != "skipcq" || starts(text, s)) {
			return true
		}
	}
	return false
}

// suppressionTable lists suppressions by their first byte.
var suppressionTable = operatorTable("nolint", "noqa", "noinspection", "skipcq", "eslint-disable", "@ts-ignore", "@ts-nocheck", "@ts-expect-error", "type: ignore", "type:ignore", "lint:ignore", "lint:file-ignore", "istanbul ignore", "c8 ignore", "v8 ignore",
	"shellcheck disable", "hadolint ignore", "hadolint global ignore", "hadolint shell", "biome-ignore", "deno-lint-ignore", "tslint:disable", "oxlint-disable", "stylelint-disable", "mypy: ignore", "mypy: disable",
	"pyright: ignore", "pyright: basic", "pyre-ignore", "pyre-fixme", "ruff: noqa", "flake8: noqa", "isort: skip", "fmt: off", "fmt: skip", "flow-disable", "$FlowFixMe", "jshint ignore", "jscs:disable",
	"tflint-ignore", "yamllint disable", "kics-scan ignore", "kics-scan disable", "zizmor: ignore", "markdownlint-disable", "cspell:disable", "spell-checker:disable", "sqlfluff:disable", "sqlfluff: noqa",
	"rubocop:disable", "swiftlint:disable", "ktlint-disable", "detekt:disable", "scalastyle:off", "checkstyle:off", "CHECKSTYLE:OFF", "clang-format off", "clang-tidy", "cppcheck-suppress", "phpcs:ignore", "phpcs:disable",
	"@phpstan-ignore", "@psalm-suppress", "@codeCoverageIgnore", "@suppress", "LCOV_EXCL", "GCOVR_EXCL", "revive:disable", "exhaustive:ignore", "buf:lint:ignore", "protolint:disable", "regal ignore", "semgrep-ignore",
	"prettier-ignore", "ansible-lint: skip", "coverage:ignore", "coverage: ignore", "ReSharper disable", "sonar-disable", "rustfmt::skip", "vale off", "cov:ignore", "trufflehog:ignore")

// begins reports whether text has the prefix.
func begins(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix
}

// starts is begins for a whole word.
func starts(text []byte, word string) bool {
	return begins(text, word) && (len(text) == len(word) || !isWord(text[len(word)]))
}

// pragmaMarks finds preprocessor lines that silence a compiler.
func pragmaMarks(list []mark, text []byte, line int) []mark {
	if !begins(text, "#") || !bytes.Contains(text, []byte("pragma")) {
		return list
	}
	for _, s := range []string{"diagnostic ignored", "warning disable", "warning(disable", "warning (disable", "warning( disable"} {
		if bytes.Contains(text, []byte(s)) {
			return append(list, mark{Mark: Mark{Line: line, Text: clip(string(text))}})
		}
	}
	return list
}

// attributeMarks finds the annotations of the languages that have them.
func attributeMarks(a *Analysis) []mark {
	v := a.code
	if v == nil || !silences(a.Language) {
		return nil
	}
	var list []mark
	for i, t := range v.tokens {
		if t.kind != kindWord || !silencer(a.Language, v.text(t)) || !v.attribute(i) {
			continue
		}
		end := i + 1
		if v.is(end, "(") {
			end = v.after(end)
		}
		list = append(list, mark{Mark: Mark{Line: int(t.line), Text: clip(v.shape(i, min(end, i+40)))}})
	}
	return list
}

// silences reports whether a language has annotations that silence tools.
func silences(language string) bool {
	switch language {
	case "java", "kotlin", "scala", "groovy", "csharp", "rust", "cpp":
		return true
	}
	return false
}

// silencer reports whether a name is that of an annotation that silences tools.
func silencer(language string, name []byte) bool {
	switch string(name) {
	case "SuppressWarnings", "SuppressFBWarnings", "SuppressLint", "Suppress", "nowarn":
		return language == "java" || language == "kotlin" || language == "scala" || language == "groovy"
	case "SuppressMessage", "ExcludeFromCodeCoverage":
		return language == "csharp"
	case "allow", "expect":
		return language == "rust"
	case "maybe_unused":
		return language == "cpp"
	}
	return false
}

// attribute reports whether token i follows "@", "[" or "#[".
func (v *view) attribute(i int) bool {
	switch v.language {
	case "csharp":
		return v.is(i-1, "[") || v.is(i-1, ",") || v.is(i-1, ".")
	case "rust":
		return v.is(i-1, "[") && (v.is(i-2, "#") || v.is(i-2, "!"))
	case "cpp":
		return v.is(i-1, "[") && v.is(i-2, "[")
	}
	return v.is(i-1, "@") || v.is(i-1, ":") && v.is(i-2, "file")
}

// lineMarks searches lines for a suppression behind any language's comment marker, leaving out lines found already.
func lineMarks(list []mark, a *Analysis) []mark {
	if proseLanguage(a.Language) || len(a.data) > maxSource {
		return list
	}
	seen := map[int]bool{}
	for _, m := range list {
		seen[m.Line] = true
	}
	line := 0
	for text := range bytes.Lines(a.data) {
		line++
		i := markerAt(text)
		if i < 0 || seen[line] {
			continue
		}
		if s := suppression(text[i:]); s != "" {
			list = append(list, mark{Mark: Mark{Line: line, Text: clip(s)}})
		}
	}
	return list
}

// markerAt is where a comment may begin on a line, or -1.
func markerAt(text []byte) int {
	at := -1
	for _, s := range []string{"//", "/*", "#", "<!--", "--", ";"} {
		if i := bytes.Index(text, []byte(s)); i >= 0 && (at < 0 || i < at) {
			at = i
		}
	}
	return at
}

// clip shortens text to at most 200 bytes of whole runes.
func clip(text string) string {
	const limit = 200
	text = strings.ToValidUTF8(strings.TrimSpace(text), "\uFFFD")
	if len(text) <= limit {
		return text
	}
	end := limit
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
