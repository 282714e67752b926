package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy/patience"
)

// Constitution is what judges changes at one commit.
type Constitution struct {
	Modules []facts.Module // rules and libraries
	Tests   []facts.Module // *_test.rego
	Options Options
}

// Equal says that nothing at all differs.
func (c Constitution) Equal(other Constitution) bool {
	return slices.Equal(c.Modules, other.Modules) && slices.Equal(c.Tests, other.Tests) && slices.Equal(c.Options.Data, other.Options.Data) &&
		slices.Equal(c.Options.Constraints, other.Options.Constraints) && equalJSON(c.Options.Settings, other.Options.Settings)
}

// Difference says whether one constitution denies everything that another one denies.
type Difference struct {
	Tightened bool
	Reasons   []string // why not, sorted; empty when tightened
}

// compareTime is how many evaluations' deadlines a comparison may take altogether.
const compareTime = 4

// maxReasons bounds what a difference lists.
const maxReasons = 20

// Compare says whether merged only tightens base. It must be shown twice: by the text of the rules (each is as it was, has
// fewer conditions, or a wider bound; helpers are as they were; nothing new can stand for something old), and by trying:
// base's tests pass under merged's rules, merged's own tests pass, and on the inputs of all those tests and on each document
// merged denies and holds whatever base does. What cannot be decided, in time, counts as weakened. The error is the caller's
// context's alone.
func Compare(ctx context.Context, base, merged Constitution, documents []*facts.Input) (*Difference, error) {
	deadline := cmp.Or(base.Options.Deadline, DefaultDeadline) * compareTime
	bounded, cancel := patience.With(ctx, deadline, &TimeoutError{deadline})
	defer cancel()
	c := &comparison{base: base, merged: merged}
	err := c.compare(bounded, documents)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var slow *TimeoutError
	switch {
	case errors.As(err, &slow):
		c.because("comparing the two constitutions took longer than %s, so it is not known what the edit does", slow.Deadline)
	case err != nil:
		c.because("the two constitutions could not be compared: %s", oneLine(err.Error()))
	}
	slices.Sort(c.reasons)
	c.reasons = slices.Compact(c.reasons)
	if more := len(c.reasons) - maxReasons; more > 0 {
		c.reasons = append(c.reasons[:maxReasons], fmt.Sprintf("and %d more", more))
	}
	return &Difference{Tightened: len(c.reasons) == 0, Reasons: c.reasons}, nil
}

// comparison is one comparison under way.
type comparison struct {
	base, merged Constitution
	before, now  *Engine
	reasons      []string
}

func (c *comparison) because(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "..."
	}
	c.reasons = append(c.reasons, text)
}

func (c *comparison) compare(ctx context.Context, documents []*facts.Input) error {
	c.switches()
	c.others()
	var err error
	if c.before, err = c.base.engine(ctx); err != nil {
		return fmt.Errorf("base: %w", err)
	}
	if c.now, err = c.merged.engine(ctx); err != nil {
		return fmt.Errorf("merged: %w", err)
	}
	if err := c.texts(); err != nil {
		return err
	}
	corpus, err := c.tests(ctx)
	if err != nil {
		return err
	}
	if err := c.examples(ctx, corpus); err != nil {
		return err
	}
	return c.documents(ctx, documents)
}

func (c *Constitution) engine(ctx context.Context) (*Engine, error) {
	return Compile(ctx, c.Modules, c.Options)
}

// switches compares spec.policy: no rule may be switched towards off, no registry be added.
func (c *comparison) switches() {
	base, merged := c.base.Options.Settings, c.merged.Options.Settings
	for _, probe := range probes(base.Rules, merged.Rules) {
		if was, is := base.Mode(probe), merged.Mode(probe); !switchedUp(was, is) {
			c.because("spec.policy.rules: %s goes from %s to %s", strings.TrimSuffix(probe, anyRule), shown(was), shown(is))
		}
	}
	for _, registry := range merged.Registries {
		if len(base.Registries) > 0 && !slices.Contains(base.Registries, registry) {
			c.because("spec.policy.registries: %s is allowed", registry)
		}
	}
	if len(base.Registries) > 0 && len(merged.Registries) == 0 {
		c.because("spec.policy.registries: any registry is allowed")
	}
	base.Rules, base.Registries, merged.Rules, merged.Registries = nil, nil, nil, nil
	if !equalJSON(base, merged) {
		c.because("spec.policy: more than rules and registries changed")
	}
}

func shown(mode string) string {
	if mode == "" {
		return "its own severity"
	}
	return mode
}

func equalJSON(a, b any) bool {
	one, err := manifest.CanonicalJSON(a)
	two, other := manifest.CanonicalJSON(b)
	return err == nil && other == nil && string(one) == string(two)
}

// anyRule stands for the rules under a prefix that no other entry names.
const anyRule = "\x00"

// probes are rule ids, one for each set of rules that two lists of switches cannot tell apart.
func probes(lists ...map[string]string) []string {
	set := map[string]bool{}
	for _, list := range lists {
		for pattern := range list {
			if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
				set[prefix+anyRule] = true
			} else {
				set[pattern] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// switchedUp says that a switch stops at least what it stopped before. A rule without a switch keeps its own severity, which
// may be any: only off and warn, which stop nothing, may become that, and only deny surely stops as much.
func switchedUp(was, is string) bool {
	switch was {
	case is, manifest.RuleOff:
		return true
	case manifest.RuleWarn:
		return is != manifest.RuleOff
	}
	return is == manifest.RuleDeny
}

// others compares what is not written in Rego of ours: whether an edit of it only tightens cannot be told.
func (c *comparison) others() {
	before, now := foreignTexts(c.base), foreignTexts(c.merged)
	for path, text := range now {
		if was, ok := before[path]; !ok || was != text {
			c.because("%s: only an edit of rules in packages adamant.* can be compared", path)
		}
	}
	for path := range before {
		if _, ok := now[path]; !ok {
			c.because("%s: is gone", path)
		}
	}
}

func foreignTexts(c Constitution) map[string]string {
	out := map[string]string{}
	for _, m := range c.Modules {
		if !native(m) {
			out[m.Path] = m.Text
		}
	}
	for _, m := range slices.Concat(c.Options.Data, c.Options.Constraints) {
		out[m.Path] = m.Text
	}
	return out
}

// native says that a module is written in packages adamant.*, other than those that judge no changes.
func native(m facts.Module) bool {
	if !strings.HasSuffix(m.Path, ".rego") || IsTest(m.Path) || isAsideModule(m) {
		return false
	}
	for line := range strings.SplitSeq(m.Text, "\n") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "package "); ok {
			return strings.HasPrefix(strings.TrimSpace(name), "adamant.")
		}
	}
	return true // its errors are reported when it is compiled
}
