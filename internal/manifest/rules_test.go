package manifest

import "testing"

func TestModeMostSpecificWins(t *testing.T) {
	t.Parallel()
	p := PolicySettings{Rules: map[string]string{"*": RuleWarn, "secrets/*": RuleDeny, "secrets/jwt": RuleOff}}
	for rule, want := range map[string]string{"secrets/jwt": RuleOff, "secrets/aws": RuleDeny, "links/broken": RuleWarn} {
		if got := p.Mode(rule); got != want {
			t.Errorf("Mode(%q) = %q, want %q", rule, got, want)
		}
	}
	if got := (PolicySettings{}).Mode("secrets/jwt"); got != "" {
		t.Errorf("empty settings: %q", got)
	}
}
