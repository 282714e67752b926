// Package dotenv reads files of environment variables.
package dotenv

import (
	"fmt"
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/document/format"
)

// Match matches .env, .env.production, production.env; not .envrc, which is a shell script.
func Match(base string) bool {
	return base == ".env" || strings.HasPrefix(base, ".env.") || path.Ext(base) == ".env"
}

// Parse reads KEY=VALUE lines into a mapping of strings. A value in quotes may span lines; "export" before a key is
// allowed; a later key wins, as in the tools that read such files. Nothing is expanded.
func Parse(_ string, data []byte) []format.Tree {
	value, lines := map[string]any{}, format.Lines{"": 1}
	rest := strings.Split(string(data), "\n")
	for i := 0; i < len(rest); i++ {
		line := strings.TrimSpace(rest[i])
		if line == "" || line[0] == '#' {
			continue
		}
		key, text, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		key = strings.TrimSpace(key)
		if !found && strings.HasPrefix(line, "export ") {
			continue // exports what another line has set
		}
		if !found || !isEnvKey(key) {
			return format.Fail(i+1, "not a KEY=VALUE line")
		}
		lines[format.Join("", key)] = i + 1
		text, more, ok := envValue(strings.TrimSpace(text), rest[i+1:])
		if !ok {
			return format.Fail(i+1, fmt.Sprintf("the quoted value of %s is not closed", key))
		}
		i += more
		value[key] = text
	}
	return []format.Tree{{Value: value, Places: lines}}
}

func isEnvKey(key string) bool {
	for _, r := range key {
		if r != '_' && r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return key != ""
}

// envValue unquotes a value and says how many following lines belong to it.
func envValue(text string, rest []string) (value string, more int, ok bool) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		if cut := strings.Index(text, " #"); cut >= 0 {
			text = text[:cut]
		}
		return strings.TrimSpace(text), 0, true
	}
	quote, line := text[0], text[1:]
	var b strings.Builder
	for {
		if end := closing(line, quote); end >= 0 {
			b.WriteString(line[:end])
			return b.String(), more, true
		}
		if more == len(rest) {
			return "", 0, false
		}
		b.WriteString(line + "\n")
		line = strings.TrimSuffix(rest[more], "\r")
		more++
	}
}

// closing is the offset of the quote that ends a value; a backslash protects one in double quotes.
func closing(line string, quote byte) int {
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' && quote == '"' {
			i++
		} else if line[i] == quote {
			return i
		}
	}
	return -1
}
