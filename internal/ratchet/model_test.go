package ratchet_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/adamant-os/adamant/internal/ratchet"
)

// The model: files hold violations, each with an identity that only the test knows and a fingerprint that others may share.
// Branches fix, add, replace and move violations and rename files; they start anywhere in main's past and land in any order.
// Landing merges by identity, asks the law, and writes its marks. Nothing here is git: internal/judge does the same with
// real repositories.

type violation struct {
	file        int // identity of the file, which keeps it through renames
	fingerprint string
}

type tree struct {
	violations map[int]violation // by identity
	folders    map[int]string    // of each file
}

func (m tree) clone() tree { return tree{maps.Clone(m.violations), maps.Clone(m.folders)} }

// truth is what a mark of the tree would be.
func (m tree) truth() ratchet.Mark {
	out := ratchet.Mark{Rule: "lint/r", Version: "1", Scopes: map[string]ratchet.Units{}}
	for _, v := range m.violations {
		out.Add(m.folders[v.file], v.fingerprint, 1)
	}
	return out
}

const (
	modelFiles   = 12
	modelFolders = 4
)

type model struct {
	*rand.Rand
	next   int  // identity of the next violation
	shared bool // fingerprints are shared: text that occurs in many places
}

func (r *model) violation(file int) violation {
	fingerprint := fmt.Sprintf("%016x", r.next+100)
	if r.shared && r.IntN(2) == 0 {
		fingerprint = fmt.Sprintf("%016x", r.IntN(3))
	}
	return violation{file, fingerprint}
}

func (r *model) put(m tree, file int) {
	m.violations[r.next] = r.violation(file)
	r.next++
}

func (r *model) folder() string { return fmt.Sprintf("f%d/", r.IntN(modelFolders)) }

func (r *model) start() tree {
	m := tree{map[int]violation{}, map[int]string{}}
	for file := range modelFiles {
		m.folders[file] = r.folder()
		for range r.IntN(4) {
			r.put(m, file)
		}
	}
	return m
}

// branch is a change made on an older main.
type branch struct{ from, to tree }

func (r *model) branch(from tree, mayAdd bool) branch {
	to := from.clone()
	for range 1 + r.IntN(4) {
		ids := slices.Sorted(maps.Keys(to.violations))
		kind := r.IntN(6)
		switch {
		case kind == 0: // a file is renamed into another folder
			to.folders[r.IntN(modelFiles)] = r.folder()
		case kind <= 1 && mayAdd:
			r.put(to, r.IntN(modelFiles))
		case len(ids) == 0:
		case kind == 2 && mayAdd: // one is replaced by another in its file
			old := ids[r.IntN(len(ids))]
			file := to.violations[old].file
			delete(to.violations, old)
			r.put(to, file)
		case kind == 3: // code is moved to another file
			id := ids[r.IntN(len(ids))]
			v := to.violations[id]
			v.file = r.IntN(modelFiles)
			to.violations[id] = v
		default:
			delete(to.violations, ids[r.IntN(len(ids))])
		}
	}
	return branch{from, to}
}

// merge applies what the branch did to main; what both changed stays as main has it.
func merged(main tree, b branch) tree {
	out := main.clone()
	for id, v := range b.from.violations {
		now, kept := b.to.violations[id]
		switch {
		case !kept:
			delete(out.violations, id)
		case now != v && main.violations[id] == v:
			out.violations[id] = now
		}
	}
	for id, v := range b.to.violations {
		if _, known := b.from.violations[id]; !known {
			out.violations[id] = v
		}
	}
	for file, folder := range b.to.folders {
		if folder != b.from.folders[file] && main.folders[file] == b.from.folders[file] {
			out.folders[file] = folder
		}
	}
	return out
}

// compare is what the gate knows of a change: equal fingerprints in one file are one violation, then equal ones anywhere.
func compare(before, after tree) ratchet.Case {
	c := ratchet.Case{Rule: "lint/r", Version: "1"}
	unit := func(m tree, v violation) ratchet.Unit {
		return ratchet.Unit{Scope: m.folders[v.file], Fingerprint: v.fingerprint}
	}
	old, fresh := slices.Sorted(maps.Keys(before.violations)), slices.Sorted(maps.Keys(after.violations))
	for _, anywhere := range []bool{false, true} {
		fresh = slices.DeleteFunc(fresh, func(id int) bool {
			v := after.violations[id]
			at := slices.IndexFunc(old, func(id int) bool {
				o := before.violations[id]
				return o.fingerprint == v.fingerprint && (anywhere || o.file == v.file)
			})
			if at < 0 {
				return false
			}
			if from, to := unit(before, before.violations[old[at]]), unit(after, v); from != to {
				c.Moved = append(c.Moved, ratchet.Move{From: from, To: to})
			}
			old = slices.Delete(old, at, at+1)
			return true
		})
	}
	for _, id := range fresh {
		c.New = append(c.New, unit(after, after.violations[id]))
	}
	for _, id := range old {
		c.Gone = append(c.Gone, unit(before, before.violations[id]))
	}
	return c
}

// grows says by identity, which the gate does not know, whether a folder gets more violations than the change takes out of it.
// Violations that moved count in neither.
func grows(before, after tree) bool {
	grown := map[string]int{}
	for id, v := range after.violations {
		if _, known := before.violations[id]; !known {
			grown[after.folders[v.file]]++
		}
	}
	for id, v := range before.violations {
		if _, kept := after.violations[id]; !kept {
			grown[before.folders[v.file]]--
		}
	}
	return slices.ContainsFunc(slices.Collect(maps.Values(grown)), func(n int) bool { return n > 0 })
}

type tally struct{ landings, blocked, innocent, additions int }

// round lets two or three branches land in any order and checks each decision and each mark.
func (r *model) round(t *testing.T, n *tally) {
	main := r.start()
	mark := main.truth()
	past := []tree{main}
	var waiting []branch
	for range 2 + r.IntN(2) {
		waiting = append(waiting, r.branch(past[r.IntN(len(past))], r.IntN(2) == 0))
	}
	r.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
	for _, b := range waiting {
		after := merged(main, b)
		c := compare(main, after)
		c.Mark = &mark
		base := main.truth()
		if r.IntN(2) == 0 || c.WantsBase() {
			c.Base = &base
		}
		blocked := slices.ContainsFunc(c.Standings(), func(s ratchet.Standing) bool { return s.Over })
		n.landings++
		r.check(t, n, main, after, c, blocked)
		if blocked {
			n.blocked++
			continue
		}
		landed, _ := c.Land()
		if !landed.Equal(after.truth()) {
			t.Fatalf("after landing the mark is\n%s\nand the truth\n%s", landed.Encode(), after.truth().Encode())
		}
		main, mark, past = after, landed, append(past, after)
	}
}

func (r *model) check(t *testing.T, n *tally, before, after tree, c ratchet.Case, blocked bool) {
	added := 0
	for id := range after.violations {
		if _, known := before.violations[id]; !known {
			added++
		}
	}
	if added == 0 {
		n.innocent++
		if blocked {
			t.Fatalf("a branch that adds nothing was blocked: %+v", c)
		}
	}
	rise := len(after.violations) > len(before.violations)
	if rise {
		n.additions++
	}
	if rise && !blocked {
		t.Fatalf("more violations than before, and not blocked: %+v", c)
	}
	if !r.shared && blocked != grows(before, after) {
		t.Fatalf("blocked %t, but by identity it should be %t: %+v", blocked, grows(before, after), c)
	}
	for _, u := range c.New { // what would be named must really be more than there was
		if had, has := fingerprints(before)[u.Fingerprint], fingerprints(after)[u.Fingerprint]; has <= had {
			t.Fatalf("an old violation was named: %+v", u)
		}
	}
}

func fingerprints(m tree) map[string]int {
	out := map[string]int{}
	for _, v := range m.violations {
		out[v.fingerprint]++
	}
	return out
}

// TestRandomBranches is the ratchet's promise on 20,000 random pairs and triples of branches.
func TestRandomBranches(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprintf("shared=%t", shared), func(t *testing.T) {
			t.Parallel()
			var n tally
			for seed := range uint64(10_000) {
				r := &model{Rand: rand.New(rand.NewPCG(seed, 7)), shared: shared}
				r.round(t, &n)
			}
			t.Logf("%d landings, %d blocked, %d of branches that add nothing, %d with more violations than before", n.landings, n.blocked, n.innocent, n.additions)
			if n.blocked == 0 || n.innocent == 0 || n.additions == 0 {
				t.Error("the model is too tame to show anything")
			}
		})
	}
}

// TestRandomClones merges the marks of clones that landed changes on their own, by the minimum: it never rises over either, and
// it is the truth when nothing was replaced and no two violations look alike.
func TestRandomClones(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3_000) {
		r := &model{Rand: rand.New(rand.NewPCG(seed, 8))}
		main := r.start()
		x, y := r.fixes(main), r.fixes(main)
		both, err := ratchet.Merge(x.truth(), y.truth())
		if err != nil {
			t.Fatal(err)
		}
		if truth := merged(x, branch{main, y}).truth(); !both.Equal(truth) {
			t.Fatalf("seed %d: merged\n%s\ntruth\n%s", seed, both.Encode(), truth.Encode())
		}
	}
}

func (r *model) fixes(from tree) tree {
	to := from.clone()
	for id := range from.violations {
		if r.IntN(3) == 0 {
			delete(to.violations, id)
		}
	}
	return to
}
