package finding

import (
	"cmp"
	"strconv"
	"strings"
)

// message resolves a result's message (§3.11): its text, or the string its rule or tool keeps under the message's id,
// with the arguments in place and embedded links reduced to their words.
func message(m *sarifMessage, rule *sarifRule, global map[string]sarifText) string {
	text := cmp.Or(m.Text, m.Markdown)
	if text == "" && m.ID != "" {
		text = stringByID(m.ID, rule, global)
	}
	if len(m.Arguments) > 0 {
		text = fill(text, m.Arguments)
	}
	text = strings.TrimSpace(withoutLinks(text))
	if text == "" && rule != nil && rule.ShortDescription != nil {
		text = strings.TrimSpace(rule.ShortDescription.Text)
	}
	return cmp.Or(text, strings.TrimSpace("no message "+m.ID))
}

func stringByID(id string, rule *sarifRule, global map[string]sarifText) string {
	if rule != nil {
		if s, ok := rule.MessageStrings[id]; ok {
			return s.Text
		}
	}
	return global[id].Text
}

// fill replaces {0} and so on by the arguments; {{ and }} stand for braces.
func fill(text string, args []string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if n, end, ok := placeholder(text, i); ok && n < len(args) {
			b.WriteString(args[n])
			i = end
			continue
		}
		b.WriteByte(text[i])
		if i+1 < len(text) && (text[i] == '{' || text[i] == '}') && text[i+1] == text[i] {
			i++
		}
	}
	return b.String()
}

// placeholder reads {n} at text[i:] and returns n and the index of its closing brace.
func placeholder(text string, i int) (n, end int, ok bool) {
	if text[i] != '{' {
		return 0, 0, false
	}
	length := strings.IndexByte(text[i:], '}')
	if length < 2 {
		return 0, 0, false
	}
	n, err := strconv.Atoi(text[i+1 : i+length])
	return n, i + length, err == nil && n >= 0
}

// withoutLinks turns [words](3), a link to a related location (§3.11.6), into words.
func withoutLinks(text string) string {
	var b strings.Builder
	for {
		middle := strings.Index(text, "](")
		if middle < 0 {
			return b.String() + text
		}
		open, target := strings.LastIndexByte(text[:middle], '['), number(text[middle+2:])
		if open < 0 || target == 0 || !strings.HasPrefix(text[middle+2+target:], ")") {
			b.WriteString(text[:middle+2])
			text = text[middle+2:]
			continue
		}
		b.WriteString(text[:open] + text[open+1:middle])
		text = text[middle+2+target+1:]
	}
}

// number returns how many digits s begins with.
func number(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }
