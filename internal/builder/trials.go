package builder

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Trials are real builds of hostile programs.
type Trials struct {
	Source  *git.Repo // an empty repository of the doctor's own
	Builder *build.Builder
	Dir     string // an empty folder of the doctor's own
	Full    bool   // the cache, too
	Version string
	ID      string // of this builder
}

// Findings are what is wrong, by clause; empty: nothing.
type Findings struct {
	fake      string
	reached   []string
	inherited []string
	crossed   []string
	shared    []string
	left      []string
	network   []string
	caches    *string // nil: not tried
}

// script looks around in a build. Each line of out/found is "<what> <detail>"; it never fails, so that nothing is passed over.
const script = `found() { printf '%s %s\n' "$1" "$2" >> "$OUT/found"; }
: > "$OUT/found"
for f in $SECRETS; do if [ -e "$f" ] || cat "$f" >/dev/null 2>&1; then found reached "$f"; fi; done
if cat "$HOSTFILE" >/dev/null 2>&1; then found crossed "the host's file $HOSTFILE"; fi
if kill -0 "$HOSTPID" 2>/dev/null && grep -qs adamant "/proc/$HOSTPID/cmdline"; then found reached "process $HOSTPID of the host"; fi
if command -v bash >/dev/null; then
  if bash -c "exec 3<>/dev/tcp/127.0.0.1/$HOSTPORT" 2>/dev/null; then found crossed "the host's port $HOSTPORT"; fi
else found untried "no bash to try the loopback with"; fi
for f in /tmp/$MARK /dev/shm/$MARK /var/tmp/$MARK; do if [ -e "$f" ]; then found left "$f"; fi; done
sed -n 's/^ *\([^:]*\):.*/\1/p' /proc/net/dev | while read -r dev; do if [ "$dev" != lo ]; then found network "$dev"; fi; done
env | sed 's/=.*//' | sort > "$OUT/names"
find / -maxdepth 4 -path /proc -prune -o -path /sys -prune -o -path /usr -prune -o -path "$OUT" -prune -o -print 2>/dev/null | sort > "$OUT/list"
printf '{"predicate":{"runDetails":{"builder":{"id":"https://example.com/other"}}}}' > "$OUT/provenance.json"
cp "$OUT/provenance.json" "$BESIDE/trial.provenance.json" 2>/dev/null
for f in /tmp/$MARK /dev/shm/$MARK /var/tmp/$MARK; do : > "$f" 2>/dev/null; done
setsid sleep "300.$SLEEPMARK" >/dev/null 2>&1 &
id -u > "$OUT/uid"
exit 0
`

// Run makes the builds. secrets are paths that none may see.
func (t *Trials) Run(ctx context.Context, secrets []string) (*Findings, error) {
	commit, err := t.commit(ctx, map[string]string{"README": "a trial\n"})
	if err != nil {
		return nil, fmt.Errorf("prepare the trials: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("prepare the trials: %w", err)
	}
	defer listener.Close()
	file := filepath.Join(t.Dir, "host-file")
	if err := os.WriteFile(file, []byte("for nobody inside\n"), 0o644); err != nil { //nolint:gosec // modes must not be what stops it
		return nil, fmt.Errorf("prepare the trials: %w", err)
	}
	mark := "adamant-trial-" + strings.ToLower(rand.Text()[:12])
	target := manifest.Build{Name: "trial", Kind: "custom", Command: []string{script}, Timeout: "2m", Env: map[string]string{
		"SECRETS": strings.Join(secrets, " "), "HOSTFILE": file, "HOSTPID": fmt.Sprint(os.Getpid()), "MARK": mark, "SLEEPMARK": markDigits(mark),
		"BESIDE": t.Dir, "HOSTPORT": fmt.Sprint(listener.Addr().(*net.TCPAddr).Port),
	}}
	f := &Findings{}
	var lists []string
	for n := range 2 {
		list, err := t.trial(ctx, f, build.Job{Repository: "trial", Commit: commit, Target: target, Invocation: rand.Text()}, fmt.Sprint("out", n))
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	if lists[0] != lists[1] {
		f.left = append(f.left, "two builds saw different files: "+firstDifference(lists[0], lists[1]))
	}
	if left := commandLines("300." + markDigits(mark)); len(left) > 0 {
		f.left = append(f.left, fmt.Sprintf("process %d goes on", left[0]))
		end(left)
	}
	if t.Full {
		problem, err := t.cache(ctx)
		if err != nil {
			return nil, err
		}
		f.caches = &problem
	}
	return f, nil
}

// markDigits makes a number of a mark: what a process can be found by.
func markDigits(mark string) string {
	out := ""
	for _, c := range []byte(mark[len("adamant-trial-"):]) {
		out += fmt.Sprint(int(c))
	}
	return out
}

// trial runs one build and takes what it found. It returns the files that it saw.
func (t *Trials) trial(ctx context.Context, f *Findings, job build.Job, dir string) (list string, err error) {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	dest := filepath.Join(t.Dir, dir)
	record, err := t.Builder.Build(ctx, job, dest)
	if err != nil {
		return "", fmt.Errorf("run a trial: %w", err)
	}
	read := func(name string) string {
		data, readErr := os.ReadFile(filepath.Join(dest, name))
		if readErr != nil && err == nil {
			err = fmt.Errorf("read what a trial found: %w", readErr)
		}
		return string(data)
	}
	for line := range strings.Lines(read("found")) {
		what, detail, _ := strings.Cut(strings.TrimSpace(line), " ")
		f.note(what, detail)
	}
	f.inherited = append(f.inherited, unrecorded(strings.Fields(read("names")), record.Env)...)
	if !record.OwnUser {
		f.shared = append(f.shared, "builds run as user "+fmt.Sprint(os.Geteuid())+", like whoever started them: only root gives each its own")
	}
	list = read("list")
	if problem := t.statement(record, dest); problem != "" {
		f.fake = problem
	}
	return list, err
}

func (f *Findings) note(what, detail string) {
	switch what {
	case "reached":
		f.reached = append(f.reached, "a build reached "+detail)
	case "crossed", "untried":
		f.crossed = append(f.crossed, "a build reached "+detail)
	case "left":
		f.left = append(f.left, "a build found what another one left: "+detail)
	case "network":
		f.network = append(f.network, "a build has the interface "+detail)
	}
}

// unrecorded are variables that a build has and its record does not. The shell sets some itself.
func unrecorded(names, recorded []string) []string {
	own := []string{"PWD", "OLDPWD", "SHLVL", "_"}
	var out []string
	for _, name := range names {
		has := slices.ContainsFunc(recorded, func(pair string) bool { return strings.HasPrefix(pair, name+"=") })
		if !has && !slices.Contains(own, name) {
			out = append(out, name+" is not on record")
		}
	}
	return out
}

// statement looks whether what the build wrote had any effect.
func (t *Trials) statement(record *build.Record, dest string) string {
	text, err := record.Statement(t.ID, t.Version)
	if err != nil {
		return err.Error()
	}
	s, err := build.ReadStatement(text)
	switch {
	case err != nil:
		return err.Error()
	case s.Predicate.RunDetails.Builder.ID != t.ID:
		return "the statement names " + s.Predicate.RunDetails.Builder.ID
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(dest), "trial.provenance.json")); err == nil {
		return "a build wrote beside its own folder"
	}
	return ""
}

// end ends what trials have left behind.
func end(pids []int) {
	for _, pid := range pids {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill() // it may have ended by itself
		}
	}
}

// cache builds a Go program twice, with and without the cache.
func (t *Trials) cache(ctx context.Context) (problem string, err error) {
	commit, err := t.commit(ctx, map[string]string{"go.mod": "module example.com/trial\n\ngo 1.24\n", "main.go": "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"trial\") }\n"})
	if err != nil {
		return "", fmt.Errorf("prepare the trial of caches: %w", err)
	}
	var sums []string
	for n, without := range []bool{false, true} {
		job := build.Job{Repository: "trial", Commit: commit, Target: manifest.Build{Name: "trial", Kind: "go"}, NoCache: without, Invocation: rand.Text()}
		record, err := t.Builder.Build(ctx, job, filepath.Join(t.Dir, fmt.Sprint("go", n)))
		if err != nil {
			return "the trial of caches does not build: " + err.Error(), nil //nolint:nilerr // that is the finding
		}
		sums = append(sums, record.Artifacts[0].SHA256)
	}
	if sums[0] != sums[1] {
		return fmt.Sprintf("with the cache it is %.12s, without %.12s", sums[0], sums[1]), nil
	}
	return "", nil
}

// commit stores files as a commit.
func (t *Trials) commit(ctx context.Context, files map[string]string) (git.OID, error) {
	var entries []git.Entry
	for name, text := range files {
		id, err := t.Source.WriteBlob(ctx, []byte(text))
		if err != nil {
			return "", err
		}
		entries = append(entries, git.Entry{Path: name, Mode: git.ModeFile, OID: id})
	}
	tree, err := t.Source.WriteTree(ctx, entries)
	if err != nil {
		return "", err
	}
	who := git.Signature{Name: "doctor", Email: "doctor@adamant.invalid", When: time.Unix(1_700_000_000, 0)}
	return t.Source.WriteCommit(ctx, git.NewCommit{Tree: tree, Author: who, Committer: who, Message: "A trial"})
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(x), len(y)) {
		switch {
		case i >= len(x):
			return orNone(y[i])
		case i >= len(y) || x[i] != y[i]:
			return orNone(x[i])
		}
	}
	return "nothing"
}
