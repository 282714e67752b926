package source

import "bytes"

// directive reports whether a comment is one that a compiler, tool or runner acts upon. It would rather say yes: a plain
// comment that looks like a directive only costs a look. Head says that nothing but comments came before.
func directive(language string, text []byte, head bool) bool {
	if alwaysActs(language, text, head) {
		return true
	}
	first := true
	for len(text) > 0 {
		line, rest, more := bytes.Cut(text, newline)
		if lineActs(language, line, first) {
			return true
		}
		if !more {
			return false
		}
		text, first = rest, false
	}
	return false
}

// alwaysActs knows the comments that a language gives meaning to as a whole.
func alwaysActs(language string, text []byte, head bool) bool {
	switch language {
	case "rust": // rustc hands documentation to macros as attributes, rustdoc runs its examples
		return len(text) > 3 && (text[2] == '/' && text[3] != '/' || text[2] == '!' || text[2] == '*' && text[3] != '*' && text[3] != '/')
	case "javascript", "jsx": // types in JSDoc are checked and emitted
		return bytes.HasPrefix(text, []byte("/**")) && bytes.Contains(text, []byte("@")) && bytes.Contains(text, []byte("{")) ||
			bytes.HasPrefix(text, []byte("/*!"))
	case "typescript", "tsx":
		return bytes.HasPrefix(text, []byte("///")) && bytes.Contains(text, []byte("<")) || bytes.HasPrefix(text, []byte("/*!"))
	case "css", "scss", "less":
		return bytes.HasPrefix(text, []byte("/*!"))
	case "php": // annotations are read by reflection
		return bytes.HasPrefix(text, []byte("/**")) && bytes.IndexByte(text, '@') >= 0
	case "java", "groovy", "scala":
		return bytes.Contains(text, []byte("@deprecated"))
	case "sql":
		return len(text) > 2 && text[0] == '/' && (text[2] == '+' || text[2] == '!') || bytes.IndexByte(text, ':') >= 0 || bytes.IndexByte(text, '@') >= 0 || bytes.IndexByte(text, '+') >= 0
	case "dockerfile":
		return head && bytes.IndexByte(text, '=') >= 0 || templated(text)
	case "shell": // #SBATCH, #compdef
		return len(text) > 1 && (isWord(text[1]) || indexByte("$@%", text[1]))
	case "html":
		return len(text) > 4 && indexByte("[#%?$", firstByte(text[4:])) || templated(text) || placeholder(text)
	case "xml":
		return len(text) > 4 && indexByte("[#%?$", firstByte(text[4:])) || templated(text)
	case "graphql":
		return bytes.Contains(text, []byte("import"))
	case "yaml", "github-workflow", "toml", "ini", "dotenv", "properties", "hcl", "makefile":
		return len(text) > 1 && indexByte("@!%", text[1]) || templated(text) || bytes.Contains(text, []byte(`{"`))
	}
	return false
}

// placeholder reports whether a comment of HTML is one word, or touches its marks: servers put content in the place of those.
func placeholder(text []byte) bool {
	body := bytes.TrimSuffix(bytes.TrimPrefix(text, []byte(angleOpen)), []byte(angleClose))
	inner := bytes.TrimSpace(body)
	return !bytes.ContainsAny(inner, " \t\n") || len(body) < len(inner)+2
}

func firstByte(text []byte) byte {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 {
		return 0
	}
	return text[0]
}

// templated reports whether text holds what template engines replace, in comments too.
func templated(text []byte) bool {
	for i := 0; i+1 < len(text); i++ {
		switch text[i] {
		case '{':
			if indexByte("{%#", text[i+1]) {
				return true
			}
		case '<':
			if text[i+1] == '%' {
				return true
			}
		case '$':
			if text[i+1] == '{' {
				return true
			}
		}
	}
	return false
}

// lineActs looks at one line of a comment: its first word, and every word that no prose holds.
func lineActs(language string, line []byte, first bool) bool {
	line = bytes.TrimSpace(line)
	marker := 0
	for marker < len(line) && indexByte("/*#-;!<", line[marker]) {
		marker++
	}
	glued := marker < len(line) && line[marker] != ' '
	if marked(line, marker) {
		return true
	}
	line = bytes.TrimLeft(line[marker:], " \t")
	if len(line) == 0 {
		return false
	}
	if firstActs(language, line, glued && first) {
		return true
	}
	return wordsAct(line)
}

// marked knows what build tools and templates put right behind "//" or "/*": "//#if", "// #ifdef", "//> using", "//DEPS".
func marked(line []byte, marker int) bool {
	if len(line) < 3 || line[0] != '/' {
		return false
	}
	if indexByte("#@$[>", line[2]) || marker < len(line) && line[marker] == '>' {
		return true
	}
	if line[2] >= 'A' && line[2] <= 'Z' && line[1] == '/' {
		n := 2
		for n < len(line) && line[n] >= 'A' && line[n] <= 'Z' {
			n++
		}
		return n > 4 && (n == len(line) || line[n] == ' ')
	}
	rest := bytes.TrimLeft(line[2:], " ")
	return len(rest) > 1 && rest[0] == '#' && rest[1] >= 'a' && rest[1] <= 'z'
}

// firstActs knows the shapes of directives: "+name", "@name", "name:value" without a space.
func firstActs(language string, line []byte, glued bool) bool {
	if (line[0] == '+' || line[0] == '@' || line[0] == '$') && len(line) > 1 && isWord(line[1]) {
		return line[0] != '@' || !proseTag(language, line[1:])
	}
	n := 0
	for n < len(line) && (isWord(line[n]) || indexByte("-.", line[n])) {
		n++
	}
	var buf [32]byte
	word := lower(buf[:0], line[:n])
	if firstWord(string(word)) || scriptWord(language, string(word)) {
		return true
	}
	if n < len(line) && line[n] == ':' && n > 0 {
		next := byte(0)
		if n+1 < len(line) {
			next = line[n+1]
		}
		if isWord(next) || indexByte("+@{[", next) && next != 0 || glued && next != '/' && next != 0 && line[0] >= 'a' && line[0] <= 'z' {
			return true
		}
	}
	if language == "go" && n < len(line) {
		return string(word) == "line" && glued || string(word) == "export" || string(word) == "extern"
	}
	return false
}

// wordsAct looks for words that are directives wherever they stand.
func wordsAct(line []byte) bool {
	var buf [32]byte
	for i := 0; i < len(line); {
		if !isWord(line[i]) {
			i++
			continue
		}
		start := i
		for i < len(line) && (isWord(line[i]) || line[i] == '-' && i+1 < len(line) && isWord(line[i+1])) {
			i++
		}
		n := i - start
		if n < 3 || n > len(buf) {
			continue
		}
		word := lower(buf[:0], line[start:i])
		if wordActs(word, line[start:]) || start > 0 && line[start-1] == '@' && tagWord(string(word)) {
			return true
		}
	}
	return false
}

func wordActs(word, rest []byte) bool {
	if anyWord(string(word)) {
		return true
	}
	switch word[0] {
	case 'c':
		return string(word) == "coding" && len(rest) > 6 && indexByte(":=", rest[6]) || string(word) == "code" && bytes.HasPrefix(rest, []byte("Code generated"))
	case 'd':
		return bytes.HasPrefix(rest, []byte("DO NOT EDIT"))
	case 't':
		return string(word) == "type" && bytes.HasPrefix(rest, []byte("type:"))
	}
	for _, p := range anyPrefixes {
		if p[0] == word[0] && len(word) > len(p) && string(word[:len(p)]) == p {
			return true
		}
	}
	return false
}

// tagWord knows the tags that act behind an "@" in the middle of a line.
func tagWord(word string) bool {
	switch word {
	case "generated", "preserve", "license", "formatter", "jsx", "flow", "suppress", "internal":
		return true
	}
	return false
}

func lower(buf, word []byte) []byte {
	if len(word) > cap(buf) {
		return nil
	}
	for _, c := range word {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}

var anyPrefixes = []string{
	"eslint-", "tslint-", "stylelint-", "webpack", "turbopack", "rubocop", "phpcs", "ktlint-", "swiftlint", "lcov_excl",
	"gcov", "gcovr_excl", "pyre-", "nolint", "sonar", "biome-", "oxlint-", "deno-", "nosem", "phpstan", "psalm",
	"codecoverageignore", "markdownlint-", "spell-checker", "cspell", "prettier-", "detekt", "scalafix", "scalastyle",
}

// anyWord knows directives wherever in a comment they stand.
func anyWord(word string) bool {
	switch word {
	case "nolint", "noqa", "eslint", "tslint", "jshint", "jslint", "istanbul", "nosec", "nosem", "nosemgrep", "nosonar",
		"nopmd", "noinspection", "pylint", "pyright", "mypy", "flake8", "ruff", "isort", "yapf", "shellcheck", "hadolint",
		"checkov", "tfsec", "terrascan", "kics-scan", "yamllint", "zizmor", "markdownlint", "stylelint", "clang-format",
		"clang-tidy", "cppcheck-suppress", "semgrep", "gitleaks", "trufflehog", "nosecret", "__pure__",
		"__no_side_effects__", "sourcemappingurl", "sourceurl", "jsximportsource", "jsxruntime", "jest-environment",
		"vitest-environment", "vite-ignore", "ts-ignore", "ts-nocheck", "ts-expect-error", "ts-check", "flowfixme",
		"phpunit", "rustfmt", "sqlfluff", "protolint", "swiftlint", "spotless", "brakeman", "reek", "renovate",
		"x-release-please-version", "x-release-please-start-version", "imagepolicy", "yaml-language-server", "cloud-config",
		"endbuild", "endinject", "fallthrough", "fallthru", "swift-tools-version", "autoprefixer", "purgecss", "cython",
		"distutils", "pytype", "ansible-lint", "doctest", "coverity", "cc_on", "kcov", "pragma", "noreorder", "nocover":
		return true
	}
	return false
}

// proseTag knows the tags of documentation that only people read. Examples are not among them: some runners execute them.
func proseTag(language string, line []byte) bool {
	switch language {
	case "javascript", "jsx", "typescript", "tsx", "java", "kotlin", "scala", "groovy", "csharp", "c", "cpp", "swift":
	default:
		return false
	}
	n := 0
	for n < len(line) && isWord(line[n]) {
		n++
	}
	switch string(line[:n]) {
	case "param", "returns", "return", "throws", "exception", "see", "since", "author", "remarks", "copyright", "todo", "version", "deprecated", "brief", "receiver", "property":
		return true
	}
	return false
}

// scriptWord knows the directives of JavaScript that are words of prose elsewhere.
func scriptWord(language, word string) bool {
	switch language {
	case "javascript", "jsx", "typescript", "tsx":
		return word == "global" || word == "globals" || word == "exported" || word == "flow" || word == "noflow" || word == "jsx"
	}
	return false
}

// firstWord knows directives at the start of a comment or of a line of it; prose may hold them elsewhere.
func firstWord(word string) bool {
	switch word {
	case "c8", "v8", "frozen_string_literal", "encoding", "warn_indent", "shareable_constant_value", "trivy", "lint",
		"revive", "tflint-ignore", "vale", "textlint", "codespell", "fmt", "typed", "sqlc", "goose", "liquibase",
		"changeset", "counterfeiter", "mockgen", "swagger", "ko", "vim", "checkstyle", "pmd", "resharper", "skipcq",
		"deepcode", "jinja2", "dprint-ignore", "helm-docs", "oxlint", "biome", "prettier":
		return true
	}
	return false
}
