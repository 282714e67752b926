package judge

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// mergeVariable makes this test binary git's merge driver.
const mergeVariable = "ADAMANT_TEST_MERGE_DRIVER"

func TestMain(m *testing.M) {
	if os.Getenv(mergeVariable) == "" {
		os.Exit(m.Run())
	}
	if err := mergeDriver(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func mergeDriver(base, ours, theirs string) error {
	var sides [3][]byte
	for i, file := range []string{base, ours, theirs} {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		sides[i] = data
	}
	merged, err := ratchet.MergeFiles(sides[0], sides[1], sides[2])
	if err != nil {
		return err
	}
	return os.WriteFile(ours, merged, 0o600)
}

const labConfig = openConfig + `  policy:
    rules: {suppressions/added: ratchet, team/debts: ratchet}
`

const labRule = `package adamant.rules.debts

# METADATA
# title: No debts
# custom:
#   id: team/debts
deny contains {"message": sprintf("a debt: %s", [doc.value.debt]), "path": doc.path} if {
	some doc in input.documents
	doc.value.debt != ""
}
`

// The rules that the lab breaks.
var labRules = []string{facts.RuleSuppressions, "team/debts"}

const (
	labFolders = 4
	labFiles   = 10
	labSlots   = 6
)

// lab is a repository whose main lives on while branches of all ages land on it. Violations carry numbers that only the lab
// reads: comments that silence a tool in Go files, and debts in JSON files.
type lab struct {
	t         testing.TB
	r         *gittest.Repo
	rand      *rand.Rand
	next      int
	name      string // for errors
	assessors map[string]*gate.Assessor
	past      []string // commits of main
	tally     labTally
}

type labTally struct{ landed, blocked, innocent, additions, conflicts, measured, lowered int }

func newLab(t testing.TB, seed uint64) *lab {
	l := &lab{t: t, r: gittest.New(t), rand: rand.New(rand.NewPCG(seed, 3)), assessors: map[string]*gate.Assessor{}}
	driver := fmt.Sprintf("%s=1 '%s' %%O %%A %%B %%P", mergeVariable, os.Args[0])
	l.r.Git("config", "merge.adamant-ratchet.driver", driver)
	l.r.Write(".gitattributes", ".adamant/ratchets/** merge=adamant-ratchet\n")
	l.r.Write(facts.ConfigPath, labConfig)
	l.r.Write(".adamant/policy/debts.rego", labRule)
	for i := range labFiles {
		l.r.Write(fmt.Sprintf("%s/file%d.go", l.folder(), i), l.file(i))
		l.writeDebt(l.folder(), fmt.Sprintf("debt %d", l.number()))
	}
	for i := range 3 {
		l.r.Write(fmt.Sprintf("%s/clean%d.json", l.folder(), i), "{\"debt\": \"\"}\n")
	}
	l.r.Commit("start")
	for _, rule := range labRules {
		l.writeMark(l.truth("HEAD").Mark(rule))
	}
	l.past = append(l.past, l.r.Commit("seed"))
	return l
}

func (l *lab) folder() string { return fmt.Sprintf("p%d", l.rand.IntN(labFolders)) }

func (l *lab) number() int {
	l.next++
	return l.next
}

func (l *lab) writeMark(m ratchet.Mark) { l.r.Write(ratchet.PathOf(m.Rule), string(m.Encode())) }

func (l *lab) writeDebt(folder, debt string) {
	n := l.number()
	l.r.Write(fmt.Sprintf("%s/debt%d.json", folder, n), fmt.Sprintf("{\"about\": %d, \"long\": %q,\n \"debt\": %q}\n", n, strings.Repeat(strconv.Itoa(n), 40), debt))
}

// file is Go code with slots for functions, far enough apart that git merges edits of two of them.
func (l *lab) file(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package p\n\n// File %d.\n", n)
	for slot := range labSlots {
		fmt.Fprintf(&b, "\n// slot %d of file %d\n// keeps edits\n// apart\n\n", slot, n)
		if l.rand.IntN(2) == 0 {
			b.WriteString(l.function(l.rand.IntN(2) == 0))
		}
	}
	return b.String()
}

func (l *lab) function(bad bool) string {
	n := l.number()
	comment := ""
	if bad {
		comment = fmt.Sprintf(" //nolint:all // v%d", n)
	}
	return fmt.Sprintf("func F%d() {\n\tx := %d\n\t_ = x + %d%s\n\t_ = x\n}\n", n, n, n, comment)
}

var (
	labComment  = regexp.MustCompile(` //nolint:all // v(\d+)`)
	labDebt     = regexp.MustCompile(`"debt": "debt (\d+)"`)
	labFunction = regexp.MustCompile(`(?m)^func F\d+\(\) \{\n(?:\t.*\n)+\}\n`)
	labSlot     = regexp.MustCompile(`// apart\n\n`)
)

// change makes one random edit on the branch that is checked out, and says whether it adds a violation.
func (l *lab) change() (adds bool) {
	switch l.rand.IntN(9) {
	case 0: // a new function with a violation
		l.insert(l.function(true))
		return true
	case 1: // a new debt
		l.writeDebt(l.folder(), fmt.Sprintf("debt %d", l.number()))
		return true
	case 2: // one for one in one file
		if file, text := l.pick(".go", labComment); file != "" {
			l.r.Write(file, l.replaceOne(text, labComment, ""))
			l.insertInto(file, l.function(true))
			return true
		}
	case 3: // harmless code
		l.insert(l.function(false))
	case 4: // a function moves to another file
		if file, text := l.pick(".go", labFunction); file != "" {
			all := labFunction.FindAllString(text, -1)
			function := all[l.rand.IntN(len(all))]
			l.r.Write(file, strings.Replace(text, function, "", 1))
			l.insert(function)
		}
	case 5: // a file moves to another folder
		files := l.files(".go", ".json")
		file := files[l.rand.IntN(len(files))]
		if to := path.Join(l.folder(), path.Base(file)); to != file {
			l.r.Write(to, l.read(file))
			l.r.Remove(file)
		}
	case 6: // a debt is paid
		if file, text := l.pick(".json", labDebt); file != "" {
			l.r.Write(file, labDebt.ReplaceAllString(text, `"debt": ""`))
		}
	default: // a violation is mended
		if file, text := l.pick(".go", labComment); file != "" {
			l.r.Write(file, l.replaceOne(text, labComment, ""))
		}
	}
	return false
}

func (l *lab) replaceOne(text string, what *regexp.Regexp, by string) string {
	at := what.FindAllStringIndex(text, -1)
	one := at[l.rand.IntN(len(at))]
	return text[:one[0]] + by + text[one[1]:]
}

func (l *lab) insert(function string) {
	files := l.files(".go")
	l.insertInto(files[l.rand.IntN(len(files))], function)
}

func (l *lab) insertInto(file, function string) {
	text := l.read(file)
	at := labSlot.FindAllStringIndex(text, -1)
	one := at[l.rand.IntN(len(at))]
	l.r.Write(file, text[:one[1]]+function+text[one[1]:])
}

// pick finds a file that holds something.
func (l *lab) pick(extension string, what *regexp.Regexp) (file, text string) {
	var with []string
	for _, f := range l.files(extension) {
		if what.MatchString(l.read(f)) {
			with = append(with, f)
		}
	}
	if len(with) == 0 {
		return "", ""
	}
	file = with[l.rand.IntN(len(with))]
	return file, l.read(file)
}

func (l *lab) files(extensions ...string) []string {
	var out []string
	for i := range labFolders {
		entries, err := os.ReadDir(filepath.Join(l.r.Dir, fmt.Sprintf("p%d", i)))
		if err != nil && !os.IsNotExist(err) {
			l.t.Fatal(err)
		}
		for _, e := range entries {
			if slices.Contains(extensions, path.Ext(e.Name())) {
				out = append(out, fmt.Sprintf("p%d/%s", i, e.Name()))
			}
		}
	}
	return out
}

func (l *lab) read(file string) string {
	data, err := os.ReadFile(filepath.Join(l.r.Dir, file))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(data)
}

// violations maps each rule and number in the working tree to the folders that have it: the truth, read without adamant. A number
// is there twice when two branches moved a function to two places: git merges that without a word.
func (l *lab) violations() map[string][]string {
	out := map[string][]string{}
	for _, file := range l.files(".go", ".json") {
		text := l.read(file)
		for i, what := range []*regexp.Regexp{labComment, labDebt} {
			for _, m := range what.FindAllStringSubmatch(text, -1) {
				id := labRules[i] + " v" + m[1]
				out[id] = append(out[id], path.Dir(file))
			}
		}
	}
	return out
}

// compareTrees says what is new, and by how much each rule has grown in each folder. Of a number, what stays in its folder stays, and
// what is left over has moved.
func compareTrees(before, after map[string][]string) (fresh []string, grown map[string]int) {
	grown = map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(union(before, after))) {
		was, is := slices.Clone(before[id]), []string{}
		for _, folder := range after[id] {
			if at := slices.Index(was, folder); at >= 0 {
				was = slices.Delete(was, at, at+1)
			} else {
				is = append(is, folder)
			}
		}
		moved := min(len(was), len(is))
		rule, _, _ := strings.Cut(id, " ")
		for _, folder := range is[moved:] {
			fresh = append(fresh, id)
			grown[rule+" "+folder]++
		}
		for _, folder := range was[moved:] {
			grown[rule+" "+folder]--
		}
	}
	return fresh, grown
}

func union(a, b map[string][]string) map[string]bool {
	out := map[string]bool{}
	for id := range a {
		out[id] = true
	}
	for id := range b {
		out[id] = true
	}
	return out
}

// truth measures a commit.
func (l *lab) truth(rev string) *Measurement {
	repo := l.open()
	defer l.close(repo)
	commit, err := repo.Resolve(l.t.Context(), rev)
	if err != nil {
		l.t.Fatal(err)
	}
	side, governance, err := GovernanceAt(l.t.Context(), repo, commit)
	if err != nil {
		l.t.Fatal(err)
	}
	m, err := measureSide(l.t.Context(), repo, side, governance, l.assessor(l.t.Context(), governance),
		MeasureOptions{Now: time.Unix(1_790_000_000, 0), Warn: func(text string) { l.t.Error(text) }})
	if err != nil {
		l.t.Fatal(err)
	}
	return m
}

func (l *lab) open() *git.Repo {
	repo, err := git.Open(l.t.Context(), l.r.Dir)
	if err != nil {
		l.t.Fatal(err)
	}
	return repo
}

func (l *lab) close(repo *git.Repo) {
	if err := repo.Close(); err != nil {
		l.t.Error(err)
	}
}

// judge assesses a branch by the path that adamant check takes, and replays the document that came of it.
func (l *lab) judge(branch string) *gate.Assessment {
	ctx := l.t.Context()
	repo := l.open()
	defer l.close(repo)
	base, err := repo.Resolve(ctx, "main")
	if err != nil {
		l.t.Fatal(err)
	}
	head, err := repo.Resolve(ctx, branch)
	if err != nil {
		l.t.Fatal(err)
	}
	side, governance, err := GovernanceAt(ctx, repo, base)
	if err != nil {
		l.t.Fatal(err)
	}
	now := time.Unix(1_790_000_000, 0).UTC()
	places := l.t.TempDir()
	collected, err := facts.Collect(ctx, repo, facts.Options{Source: "range", Target: "main", Base: base, Head: head, Now: now, Governance: governance, BaseSide: side})
	if err != nil {
		l.t.Fatal(err)
	}
	if err := RunBuiltin(ctx, collected, Places{}); err != nil {
		l.t.Fatal(err)
	}
	c := &courtroom{req: Request{Now: now, Progress: func(string) {}, Places: Places{Cache: places, State: places}}, repo: repo, assessor: l.assessor(ctx, governance), collected: collected}
	a, err := c.plan(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	if len(collected.Input.Ratchet.Base) > 0 {
		l.tally.measured++
	}
	again, err := c.assessor.Plan(ctx, collected.Input)
	if err != nil || !slices.Equal(again.Ratchet, a.Ratchet) {
		l.t.Errorf("judging the document again gives %+v: %v", again.Ratchet, err)
	}
	return a
}

func (l *lab) assessor(ctx context.Context, g *facts.Governance) *gate.Assessor {
	key := g.Digest()
	if l.assessors[key] == nil {
		a, err := Assessor(ctx, g)
		if err != nil {
			l.t.Fatal(err)
		}
		l.assessors[key] = a
	}
	return l.assessors[key]
}

// land lets one branch, made on an older main, be judged and land.
func (l *lab) land(n int) {
	branch := fmt.Sprintf("b%d", n)
	l.r.Git("switch", "-q", "-c", branch, l.past[max(0, len(l.past)-1-l.rand.IntN(4))])
	adds := false
	for range 1 + l.rand.IntN(3) {
		adds = l.change() || adds
	}
	l.r.Commit("branch " + branch)
	l.r.Git("switch", "-q", "main")
	a := l.judge(branch)
	before := l.violations()
	if !l.merge(branch) {
		l.tally.conflicts++ // both edited the same lines: the ratchet has no part in it
		if a.MergedTree != "" {
			l.t.Errorf("%s: git has a conflict that the gate has not: %s", branch, l.r.Git("status", "--short"))
		}
		l.r.Git("merge", "--abort")
		return
	}
	l.compare(l.name+branch, a, before, l.violations(), adds)
}

// merge merges a branch into the working tree of main, by git and the driver.
func (l *lab) merge(branch string) bool {
	cmd := exec.CommandContext(l.t.Context(), "git", "-c", "merge.directoryRenames=conflict", "-c", "user.name=Operator", "-c", "user.email=operator@example.com", "merge", "-q", "--no-ff", "--no-commit", branch)
	cmd.Dir = l.r.Dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil && bytes.Contains(out, []byte(ratchet.Dir)) {
		l.t.Fatalf("a conflict in a mark:\n%s", out)
	}
	return err == nil
}

// compare checks decision and marks against what the lab knows, and commits what may land.
func (l *lab) compare(branch string, a *gate.Assessment, before, after map[string][]string, adds bool) {
	var named []string
	for _, f := range a.Findings {
		if gate.Blocks(f) && slices.Contains(labRules, f.Rule) {
			named = append(named, l.named(f.Rule, f.Path, f.Line))
		}
	}
	fresh, grown := compareTrees(before, after)
	adds = adds || len(fresh) > 0
	over := slices.ContainsFunc(slices.Collect(maps.Values(grown)), func(n int) bool { return n > 0 })
	switch {
	case !adds && len(named) > 0:
		l.t.Errorf("%s adds nothing and is blocked by %q", branch, named)
	case over != (len(named) > 0):
		l.t.Errorf("%s: over its marks %t, and blocked by %q; standings %+v", branch, over, named, a.Ratchet)
	}
	for _, id := range named {
		if !slices.Contains(fresh, id) {
			l.t.Errorf("%s: %q was named, and is not new", branch, id)
		}
	}
	if !adds {
		l.tally.innocent++
	}
	if sum(grown) > 0 {
		l.tally.additions++
	}
	if len(named) > 0 {
		l.tally.blocked++
		l.r.Git("merge", "--abort")
		return
	}
	l.tally.lowered += len(a.Marks)
	for _, m := range a.Marks {
		l.writeMark(m)
	}
	l.past = append(l.past, l.r.Commit("land "+branch))
	l.tally.landed++
	l.checkMarks(branch, after)
}

// named is the number of the violation that a finding points at.
func (l *lab) named(rule, file string, line int) string {
	text := l.read(file)
	if rule == labRules[1] {
		return rule + " v" + labDebt.FindStringSubmatch(text)[1]
	}
	m := labComment.FindStringSubmatch(strings.Split(text, "\n")[line-1])
	if m == nil {
		return fmt.Sprintf("%s nothing in %s:%d", rule, file, line)
	}
	return rule + " v" + m[1]
}

// checkMarks compares the marks that main holds now with the violations it has: by number and folder, and one by one.
func (l *lab) checkMarks(branch string, after map[string][]string) {
	truth := l.truth("HEAD")
	for _, rule := range labRules {
		want := truth.Mark(rule)
		i := slices.IndexFunc(truth.Marks, func(m ratchet.Mark) bool { return m.Rule == rule })
		if i < 0 || !truth.Marks[i].Equal(want) {
			l.t.Fatalf("after %s the mark of %s is\n%+v\nand the tree has\n%s", branch, rule, truth.Marks, want.Encode())
		}
		count := map[string]int{}
		for id, folders := range after {
			for _, folder := range folders {
				if strings.HasPrefix(id, rule+" ") {
					count[folder+"/"]++
				}
			}
		}
		for scope := range want.Scopes {
			if want.Count(scope) != count[scope] {
				l.t.Fatalf("after %s: %d of %s in %s, by hand %d", branch, want.Count(scope), rule, scope, count[scope])
			}
		}
		if want.Total() != sum(count) {
			l.t.Fatalf("after %s: %d of %s, by hand %d", branch, want.Total(), rule, sum(count))
		}
	}
}

func sum(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

// labRounds is how many branches land; ADAMANT_RATCHET_ROUNDS asks for more (make test-ratchet).
func labRounds(t testing.TB, few int) int {
	text := os.Getenv("ADAMANT_RATCHET_ROUNDS")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRatchetLab lands branches of all ages on a real repository and checks every decision and every mark.
func TestRatchetLab(t *testing.T) {
	t.Parallel()
	rounds, seed := labRounds(t, 120), uint64(1)
	var all labTally
	for start := 0; start < rounds; start += 60 { // a fresh repository now and then: old ones run out of violations
		l := newLab(t, seed)
		l.name = fmt.Sprintf("lab %d ", seed)
		seed++
		for n := range min(60, rounds-start) {
			l.land(n)
		}
		n := l.tally
		all.landed, all.blocked, all.innocent, all.additions = all.landed+n.landed, all.blocked+n.blocked, all.innocent+n.innocent, all.additions+n.additions
		all.conflicts, all.measured, all.lowered = all.conflicts+n.conflicts, all.measured+n.measured, all.lowered+n.lowered
	}
	t.Logf("%d branches: %d landed, %d blocked; %d add nothing, %d leave more violations; %d conflicts in code; base measured %d times, %d marks written",
		rounds, all.landed, all.blocked, all.innocent, all.additions, all.conflicts, all.measured, all.lowered)
	if all.blocked == 0 || all.innocent == 0 || all.lowered == 0 || all.landed < rounds/3 {
		t.Error("the lab is too tame to show anything")
	}
}
