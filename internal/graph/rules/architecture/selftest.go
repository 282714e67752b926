package architecture

import (
	"context"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/manifest"
)

// prove runs a rule's self-test. Each case is a graph of its own, of one edge or of several with semicolons between; the limit of
// fan-in and fan-out is taken as 0, so that one edge is one too many.
func (c *compiler) prove(at string, r *manifest.ArchitectureRule, rule rules.Rule) {
	if r.Test == nil {
		return
	}
	rule.Selects = nil
	if rule.More != nil {
		zero := 0
		rule.More = &zero
	}
	for _, side := range []struct {
		name  string
		edges []string
		fail  bool
	}{{"fail", r.Test.Fail, true}, {"pass", r.Test.Pass, false}} {
		for i, text := range side.edges {
			list := strings.Split(text, ";")
			pointer := fmt.Sprintf("%s/test/%s/%d", at, side.name, i)
			violated, err := c.judge(rule, list)
			switch {
			case err != nil:
				c.report(pointer, "the self-test of %s: %v", r.Name, err)
			case violated && !side.fail:
				c.report(pointer, "rule %s refuses %q, which must pass", r.Name, text)
			case !violated && side.fail:
				c.report(pointer, "rule %s lets %q pass, which must fail: correct its layers or globs", r.Name, text)
			}
		}
	}
}

// judge asks a rule about a graph of a few edges.
func (c *compiler) judge(rule rules.Rule, edges []string) (bool, error) {
	var b graph.Builder
	for _, e := range edges {
		from, to, edge := strings.Cut(e, "->")
		if strings.TrimSpace(from) == "" || edge && strings.TrimSpace(to) == "" {
			return false, fmt.Errorf("%q is no edge; write \"path -> path\", or one path", e)
		}
		id := b.Node(c.file(from))
		if edge {
			b.Edge(graph.Edge{From: id, To: b.Node(c.file(to))})
		}
	}
	levels := c.levels()
	levels["packages"] = dirOf
	report, err := rules.Judge(context.Background(), b.Graph(), &rules.Set{Forbidden: []rules.Rule{rule}, Levels: levels}, rules.Options{})
	if err != nil {
		return false, err
	}
	for _, p := range report.Problems {
		if p.Fatal {
			return false, fmt.Errorf("%s", p.Message)
		}
	}
	return len(report.Violations) > 0, nil
}

func (c *compiler) file(name string) graph.Node {
	name = strings.TrimSpace(name)
	return graph.Node{Name: name, Test: c.tree.Test(name)}
}
