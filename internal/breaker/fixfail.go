package breaker

import (
	"fmt"
	"slices"
	"strings"
)

const (
	fixFailNudge = 3
	fixFailStop  = 4
	fixFailKept  = 64 // pairs of edit and failure remembered
	failingKept  = 64 // failing tests of one run
)

// fixFail sees the same edit followed by the same failing tests, whatever lies between.
type fixFail struct {
	edits uint64 // made since the last run of tests
	pairs []fixFailPair
	once  once
}

type fixFailPair struct {
	key uint64
	n   int
}

func (r *fixFail) step(e Event, s sight) Decision {
	if s.edits {
		r.edits = hash(fmt.Sprint(r.edits, s.action))
	}
	if s.failing == "" || r.edits == 0 {
		return Decision{}
	}
	n := r.count(hash(s.failing, fmt.Sprint(r.edits)))
	r.edits = 0
	reason := fmt.Sprintf("the same edit was followed by the same failing tests %d times (%s)", n, clip(strings.ReplaceAll(s.failing, "\n", ", "), shownRunes*2))
	return Decision{Kind: r.once.at(n, fixFailNudge, fixFailStop), Rule: RuleFixFail, Reason: reason}
}

// count says how often a pair was seen, this time included. The pair seen least recently makes room.
func (r *fixFail) count(key uint64) int {
	pair := fixFailPair{key: key}
	if i := slices.IndexFunc(r.pairs, func(p fixFailPair) bool { return p.key == key }); i >= 0 {
		pair = r.pairs[i]
		r.pairs = slices.Delete(r.pairs, i, i+1)
	} else if len(r.pairs) == fixFailKept {
		r.pairs = slices.Delete(r.pairs, 0, 1)
	}
	pair.n++
	r.pairs = append(r.pairs, pair)
	return pair.n
}

var failingTest = lazy(`(?m)^\s*--- FAIL: (\S+)|^FAILED (\S+)|^(\S+::\S+) FAILED|^(?:FAIL|ERROR): (\S+(?: \([^)]*\))?)|^FAIL\s+(\S+)|` +
	`^\s*[●✕✗] (\S.*)$|^test (\S+) \.\.\. FAILED|^rspec (\S+)|^not ok \d+ -? ?(.*)$|^(\S+ > \S.*) FAILED`)

// failingTests are the names of the tests that an observation says failed, sorted.
func failingTests(observation string) string {
	var names []string
	for _, match := range failingTest().FindAllStringSubmatch(ends(observation), failingKept) {
		for _, name := range match[1:] {
			if name = spaces(name); name != "" {
				names = append(names, normalText(name))
			}
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "\n")
}
