package manifest

import "strings"

// The modes a rule can be switched to.
const (
	RuleOff     = "off"
	RuleWarn    = "warn"
	RuleDeny    = "deny"
	RuleRatchet = "ratchet"
)

// Mode is what the settings say about a rule: an exact id wins over prefixes ending in *, a longer prefix over a shorter.
// It is empty when they say nothing and the rule keeps its own severity.
func (p PolicySettings) Mode(rule string) string {
	if mode, ok := p.Rules[rule]; ok {
		return mode
	}
	best, mode := -1, ""
	for pattern, m := range p.Rules {
		prefix, ok := strings.CutSuffix(pattern, "*")
		if ok && strings.HasPrefix(rule, prefix) && len(prefix) > best {
			best, mode = len(prefix), m
		}
	}
	return mode
}
