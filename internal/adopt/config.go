package adopt

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// configText writes adamant.yaml: only what differs from the defaults, so that there is little to read.
func configText(w Wishes) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# How this repository decides what may land. Everything left out has its default: adamant schema Repository\n")
	fmt.Fprintf(&b, "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata:\n  name: %s\nspec:\n", w.Name)
	fmt.Fprintf(&b, "  phase: %d # 1 observe, 2 guard, 3 automate, 4 delegate\n", w.Phase)
	fmt.Fprintf(&b, "  base: %s\n", quoted(w.Branch))
	if len(w.Checks) > 0 {
		b.WriteString("  checks:\n")
	}
	for _, check := range w.Checks {
		if err := writeCheck(&b, check); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// writeCheck writes one list item with its fields in the order of the Go type, values as JSON, which is YAML.
func writeCheck(b *strings.Builder, check manifest.Check) error {
	raw, err := json.Marshal(check)
	if err != nil {
		return fmt.Errorf("encoding check %s: %w", check.Name, err)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("encoding check %s: %w", check.Name, err)
	}
	indent := "    - "
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return fmt.Errorf("encoding check %s: %w", check.Name, err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return fmt.Errorf("encoding check %s: %w", check.Name, err)
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, key, spaced(value))
		indent = "      "
	}
	return nil
}

// spaced makes a JSON value pleasant to read on one line; plain words lose their quotation marks.
func spaced(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return quoted(text)
	}
	var list []string
	if json.Unmarshal(value, &list) == nil {
		for i := range list {
			list[i] = jsonString(list[i])
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	return string(value)
}

// quoted writes a string plainly where YAML cannot mistake it for anything else.
func quoted(s string) string {
	plain := s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		plain = false
	}
	if plain {
		return s
	}
	return jsonString(s)
}

func jsonString(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}
