package history

import (
	"slices"
	"sort"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
)

// View is the history as it was right after one of its changes: later ones do not exist for it.
type View struct {
	index   *Index
	changes int
}

// Changes is how many changes the view sees.
func (v View) Changes() int { return v.changes }

// At is the history as it was right after an earlier change; false when the view does not hold that commit.
func (v View) At(commit git.OID) (View, bool) {
	then, ok := v.index.At(commit)
	return then, ok && then.changes <= v.changes
}

// History says what the view knows about paths (raw bytes, as git has them), and about author ("Name <email>", compared by
// address). Ages are measured from the view's own newest change, not from a date that the judged change could forge.
func (v View) History(paths []string, author string) facts.History {
	out := facts.History{Window: v.changes, Complete: !v.index.cut, Experience: v.experience(author)}
	changes, people := map[int]struct{}{}, map[uint32]struct{}{}
	hours := 0
	for _, path := range distinct(paths) {
		life := v.life(path)
		if len(life) == 0 {
			continue
		}
		past := v.past(life)
		past.Path = facts.SpellPath(path)
		out.Paths = append(out.Paths, past)
		hours += past.AgeHours
		for _, change := range life {
			changes[change] = struct{}{}
			people[v.index.author(change)] = struct{}{}
		}
	}
	for change := range changes {
		out.Fixes += v.count(change, flagFix)
		out.Reverts += v.count(change, flagRevert)
	}
	out.Prior, out.Developers = len(changes), len(people)
	if len(out.Paths) > 0 {
		out.AgeHours = hours / len(out.Paths)
	}
	sort.Slice(out.Paths, func(i, j int) bool { return out.Paths[i].Path < out.Paths[j].Path })
	return out
}

func distinct(paths []string) []string {
	sorted := slices.Clone(paths)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func (v View) count(change int, flag uint32) int {
	if v.index.flag(change, flag) {
		return 1
	}
	return 0
}

// life lists the changes of the file that is at path, newest first, through its moves, up to where it was added.
func (v View) life(path string) []int {
	var out []int
	n, ok := v.index.path(path)
	for limit := v.changes; ok; {
		trail := v.index.decodeTrail(n, limit)
		ok = false
		for _, e := range slices.Backward(trail) {
			if e.kind == died {
				return out
			}
			out = append(out, e.change)
			if e.kind == born {
				return out
			}
			if e.kind == moved {
				n, limit, ok = e.from, e.change, true
				break
			}
		}
	}
	return out
}

func (v View) past(life []int) facts.Past {
	past := facts.Past{
		Prior: len(life), FixHours: -1,
		AgeHours: v.hoursSince(life[0]), BornHours: v.hoursSince(life[len(life)-1]),
	}
	micro := 0
	for _, change := range life {
		if !v.index.flag(change, flagFix) {
			continue
		}
		past.Fixes++
		hours := v.hoursSince(change)
		micro += halved(hours)
		if past.FixHours < 0 || hours < past.FixHours {
			past.FixHours = hours
		}
	}
	past.RecentFixes = micro / 1000
	return past
}

func (v View) hoursSince(change int) int {
	return int(max(0, v.index.time(v.changes-1)-v.index.time(change)) / 3600)
}

// experience counts the author's changes.
func (v View) experience(author string) int {
	address := author
	if i := strings.LastIndexByte(author, '<'); i >= 0 {
		address = strings.TrimSuffix(author[i+1:], ">")
	}
	address = strings.ToLower(address)
	who := -1
	for i := range v.index.names.len() {
		if string(v.index.names.at(i)) == address {
			who = i
			break
		}
	}
	count := 0
	for i := range v.changes {
		if int(v.index.author(i)) == who {
			count++
		}
	}
	return count
}

// halfLife is how long it takes a fix to lose half of its weight, in hours.
const halfLife = 365 * 24

// halvings are a million times 2^(-i/16), rounded.
var halvings = [17]int{1000000, 957603, 917004, 878126, 840896, 805245, 771105, 738413, 707107, 677128, 648420, 620929, 594604, 569394, 545254, 522137, 500000}

// halved is what is left of one million after hours, in integers so that every machine agrees.
func halved(hours int) int {
	whole, rest := hours/halfLife, hours%halfLife*16
	step, inside := rest/halfLife, rest%halfLife
	value := halvings[step] - (halvings[step]-halvings[step+1])*inside/halfLife
	return value >> min(whole, 62)
}
