package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/ratchet"
)

const (
	driverRule  = "suppressions/added"
	driverFiles = 40 // with two violations each, as in the lab that other tools were measured in (docs/ratchet.md)
)

// driverLab is a repository whose branches write their own marks, as a ratchet without a gate would have them do, and merge
// them by git and the real command.
type driverLab struct {
	t    testing.TB
	r    *gittest.Repo
	rand *rand.Rand
}

func newDriverLab(t testing.TB, seed uint64, driver bool) *driverLab {
	l := &driverLab{t: t, r: gittest.New(t), rand: rand.New(rand.NewPCG(seed, 5))}
	if driver {
		l.r.Git("config", "merge.adamant-ratchet.driver", "adamant ratchet merge %O %A %B %P")
		l.r.Write(".gitattributes", ".adamant/ratchets/** merge=adamant-ratchet\n")
	}
	l.r.Write(".adamant/adamant.yaml", "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: lab}\nspec: {policy: {rules: {suppressions/added: ratchet}}}\n")
	for i := range driverFiles {
		l.r.Write(l.file(i), l.text(i, true, true))
	}
	l.seed("start")
	return l
}

func (l *driverLab) file(i int) string { return fmt.Sprintf("p%d/file%02d.go", i/10, i) }

func (l *driverLab) text(i int, bad ...bool) string {
	var b strings.Builder
	b.WriteString("package p\n")
	for n, is := range bad {
		comment := ""
		if is {
			comment = " //nolint:all"
		}
		fmt.Fprintf(&b, "\n// F%d_%d keeps\n// its edits\n// apart.\nfunc F%d_%d() {\n\tg(%d)%s\n}\n", i, n, i, n, i, comment)
	}
	return b.String()
}

// seed commits the files and then the mark that they have.
func (l *driverLab) seed(message string) {
	l.r.Commit(message)
	l.r.Write(ratchet.PathOf(driverRule), string(l.truth().Encode()))
	l.r.Commit("mark of " + message)
}

func (l *driverLab) truth() ratchet.Mark {
	ctx := l.t.Context()
	repo, err := git.Open(ctx, l.r.Dir)
	if err != nil {
		l.t.Fatal(err)
	}
	defer repo.Close()
	commit, err := repo.Resolve(ctx, "HEAD")
	if err != nil {
		l.t.Fatal(err)
	}
	m, err := judge.Measure(ctx, repo, commit, judge.MeasureOptions{Now: time.Unix(1_790_000_000, 0), Warn: func(string) {}})
	if err != nil {
		l.t.Fatal(err)
	}
	return m.Mark(driverRule)
}

// fix writes a file with some of its violations mended.
func (l *driverLab) fix(i int, bad ...bool) { l.r.Write(l.file(i), l.text(i, bad...)) }

// pair merges two branches and says whether git stopped at the mark, and whether the mark is the truth otherwise.
func (l *driverLab) pair(one, other func()) (conflict, wrong bool) {
	for name, edit := range map[string]func(){"one": one, "other": other} {
		l.r.Git("switch", "-q", "-C", name, "main")
		edit()
		l.seed(name)
	}
	l.r.Git("switch", "-q", "one")
	cmd := exec.CommandContext(l.t.Context(), "git", "-c", "user.name=Operator", "-c", "user.email=operator@example.com", "merge", "-q", "other")
	cmd.Dir, cmd.Env = l.r.Dir, append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		if !bytes.Contains(out, []byte(ratchet.Dir)) {
			l.t.Fatalf("%v\n%s", err, out)
		}
		l.r.Git("merge", "--abort")
		return true, false
	}
	data, err := os.ReadFile(filepath.Join(l.r.Dir, ratchet.PathOf(driverRule)))
	if err != nil {
		l.t.Fatal(err)
	}
	return false, !bytes.Equal(data, l.truth().Encode())
}

// driverCases are the three pairs of branches that other ratchets were measured with, and random ones.
func (l *driverLab) cases() map[string][2]func() {
	i := l.rand.IntN(driverFiles - 1)
	random := func() {
		for range 1 + l.rand.IntN(6) {
			l.fix(l.rand.IntN(driverFiles/2)*2, l.rand.IntN(2) == 0, l.rand.IntN(2) == 0)
		}
	}
	odd := func() {
		for range 1 + l.rand.IntN(6) {
			l.fix(l.rand.IntN(driverFiles/2)*2+1, l.rand.IntN(2) == 0, l.rand.IntN(2) == 0)
		}
	}
	return map[string][2]func(){
		"neighbouring files, one of two fixed": {func() { l.fix(i, false, true) }, func() { l.fix(i+1, true, false) }},
		"neighbouring files, fully fixed":      {func() { l.fix(i, false, false) }, func() { l.fix(i+1, false, false) }},
		"same file, different violations":      {func() { l.fix(i, false, true) }, func() { l.fix(i, true, false) }},
		"many files":                           {random, odd},
	}
}

// TestMergeDriver merges branches that both lowered a mark. With the driver there is no conflict and no wrong mark; what git
// alone does is printed for comparison.
func TestMergeDriver(t *testing.T) {
	t.Parallel()
	rounds := 2
	if os.Getenv("ADAMANT_RATCHET_ROUNDS") != "" {
		rounds = 50
	}
	for _, driver := range []bool{true, false} {
		conflicts, wrongs := map[string]int{}, map[string]int{}
		for seed := range uint64(rounds) {
			l := newDriverLab(t, seed, driver)
			for name, edits := range l.cases() {
				conflict, wrong := l.pair(edits[0], edits[1])
				if conflict {
					conflicts[name]++
				}
				if wrong {
					wrongs[name]++
				}
			}
		}
		for name := range newDriverLab(t, 0, driver).cases() {
			t.Logf("driver %t: %s: %d/%d conflicts, %d/%d wrong marks", driver, name, conflicts[name], rounds, wrongs[name], rounds)
			if driver && conflicts[name]+wrongs[name] > 0 {
				t.Errorf("%s: %d conflicts, %d wrong marks", name, conflicts[name], wrongs[name])
			}
		}
	}
}
