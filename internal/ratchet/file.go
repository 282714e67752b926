package ratchet

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Dir is the folder that marks lie in, from the repository's root.
const Dir = ".adamant/ratchets/"

// PathOf is the file of a rule's mark. Bytes that file names do not like are written %XX; the slashes of a rule are folders.
func PathOf(rule string) string {
	parts := strings.Split(rule, "/")
	for i, part := range parts {
		parts[i] = escape(part)
	}
	return Dir + strings.Join(parts, "/") + ".json"
}

// RuleOf is the rule whose mark a path is, false when it is no mark's path.
func RuleOf(path string) (string, bool) {
	name, ok := strings.CutPrefix(path, Dir)
	if !ok {
		return "", false
	}
	if name, ok = strings.CutSuffix(name, ".json"); !ok {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '%' || i+2 >= len(name) {
			b.WriteByte(name[i])
			continue
		}
		c, err := strconv.ParseUint(name[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(c))
		i += 2
	}
	rule := b.String()
	return rule, rule != "" && PathOf(rule) == path
}

// escape writes one part of a rule id as a file name: never empty, never "." or "..", and the same on every file system.
func escape(part string) string {
	if part == "" {
		return "%"
	}
	var b strings.Builder
	for i := range len(part) {
		c := part[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '@' || c == '+'
		if plain || c == '.' && i > 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// Parse reads a mark's file. The rule is the one that the path names; a file that names another is refused, and so is
// anything that Encode would not write but for layout and the order of keys.
func Parse(path string, data []byte) (Mark, []manifest.Diagnostic) {
	mark, problems := parse(path, data)
	if want := PathOf(mark.Rule); len(problems) == 0 && want != path {
		problems = []manifest.Diagnostic{{Path: path, Line: lineOf(data, `"name"`), Message: fmt.Sprintf(
			"this is the mark of rule %q, which belongs into %s", mark.Rule, want)}}
	}
	return mark, problems
}

// Read is Parse for a mark that lies under another name, such as git's temporary files. The error is a manifest.Diagnostics.
func Read(name string, data []byte) (Mark, error) {
	mark, problems := parse(name, data)
	return mark, manifest.Join(problems)
}

func parse(name string, data []byte) (Mark, []manifest.Diagnostic) {
	file, problems := manifest.LoadRatchet(name, data)
	if len(problems) > 0 {
		return Mark{}, problems
	}
	mark := Mark{Rule: file.Metadata.Name, Version: file.Spec.Version, Reason: file.Spec.Reason, Scopes: map[string]Units{}}
	for scope, units := range file.Spec.Scopes {
		if len(units) > 0 {
			mark.Scopes[scope] = units
		}
	}
	return mark, nil
}

func lineOf(data []byte, text string) int {
	before, _, found := strings.Cut(string(data), text)
	if !found {
		return 1
	}
	return 1 + strings.Count(before, "\n")
}

// Encode writes a mark: keys sorted, one fingerprint a line, so that git's own merge gets by on its own where it can. The same
// mark gives the same bytes.
func (m Mark) Encode() []byte {
	var b strings.Builder
	b.WriteString("{\n  \"apiVersion\": \"adamant.dev/v1\",\n  \"kind\": \"Ratchet\",\n  \"metadata\": {\n    \"name\": ")
	b.WriteString(quote(m.Rule))
	b.WriteString("\n  },\n  \"spec\": {\n")
	if m.Reason != "" {
		fmt.Fprintf(&b, "    \"reason\": %s,\n", quote(m.Reason))
	}
	b.WriteString("    \"scopes\": {")
	separator := "\n"
	for _, scope := range slices.Sorted(maps.Keys(m.Scopes)) {
		if len(m.Scopes[scope]) == 0 {
			continue
		}
		b.WriteString(separator)
		fmt.Fprintf(&b, "      %s: {\n", quote(scope))
		fingerprints := slices.Sorted(maps.Keys(m.Scopes[scope]))
		for i, fingerprint := range fingerprints {
			fmt.Fprintf(&b, "        %s: %d", quote(fingerprint), m.Scopes[scope][fingerprint])
			if i < len(fingerprints)-1 {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
		}
		b.WriteString("      }")
		separator = ",\n"
	}
	if separator != "\n" {
		b.WriteString("\n    ")
	}
	fmt.Fprintf(&b, "},\n    \"version\": %s\n  }\n}\n", quote(m.Version))
	return []byte(b.String())
}

// quote is a JSON string in its canonical form. Marks hold texts that were JSON strings before, so it cannot fail.
func quote(text string) string {
	data, err := manifest.CanonicalJSON(text)
	if err != nil {
		return strconv.Quote(text)
	}
	return string(data)
}
