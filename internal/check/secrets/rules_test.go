package secrets

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/secrets/secretstest"
)

func expand(text string, seed uint64) string { return secretstest.Expand(text, seed) }

// pathFor is a path that the rule looks at.
func pathFor(id string) string {
	switch id {
	case "kubernetes-secret":
		return "deploy/a.yaml"
	case "environment":
		return ".env"
	}
	return "a.txt"
}

func TestEveryRuleFindsItsSample(t *testing.T) {
	t.Parallel()
	rules := builtinRules()
	if ids := secretstest.IDs(); len(rules) != len(ids) {
		t.Errorf("%d rules, %d samples", len(rules), len(ids))
	}
	for _, r := range rules {
		t.Run(r.id, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				text := "first line\n" + secretstest.Sample(r.id, seed) + "\nlast line\n"
				hits, err := builtinEngine().scan(pathFor(r.id), []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				if len(hits) != 1 || hits[0].rule.id != r.id || hits[0].doubtful {
					t.Fatalf("seed %d: got %s", seed, describe(hits))
				}
			}
		})
	}
}

func describe(hits []hit) string {
	var ids []string
	for _, h := range hits {
		id := h.rule.id
		if h.doubtful {
			id += "?"
		}
		ids = append(ids, id)
	}
	return "[" + strings.Join(ids, " ") + "]"
}

// TestRulesHaveCheapKeywords keeps every built-in rule behind a keyword: one without costs a pattern on every file.
func TestRulesHaveCheapKeywords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range builtinRules() {
		if len(r.keywords) == 0 {
			t.Errorf("%s has no keyword", r.id)
		}
		if seen[r.id] {
			t.Errorf("%s is there twice", r.id)
		}
		seen[r.id] = true
	}
}
