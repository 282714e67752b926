package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/sshsig"
	"github.com/adamant-os/adamant/internal/verify"
)

// mutant is a copy of the kernel's repository that somebody tampers with.
type mutant struct {
	*testing.T
	f      *fixture
	dir    string
	key    ssh.Signer // of the gate: an insider has it
	thief  ssh.Signer // somebody else's
	repo   *git.Repo
	ledger string // reference
}

func newMutant(t *testing.T) *mutant {
	t.Helper()
	f := history(t)
	m := &mutant{T: t, f: f, dir: filepath.Join(t.TempDir(), "mirror.git")}
	if _, err := runGit(f.dir, "clone", "-q", "--mirror", f.house.git(), m.dir); err != nil {
		t.Fatal(err)
	}
	for file, into := range map[string]*ssh.Signer{filepath.Join(f.house.kernel(), "ledger_key"): &m.key, f.house.keys: &m.thief} {
		var err error
		if *into, err = private(file); err != nil {
			t.Fatal(err)
		}
	}
	m.ledger = m.git("for-each-ref", "--format=%(refname)", ledger.RefPrefix)
	m.open()
	return m
}

func (m *mutant) open() {
	m.Helper()
	var err error
	if m.repo, err = git.Open(m.Context(), m.dir); err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() {
		if err := m.repo.Close(); err != nil {
			m.Error(err)
		}
	})
}

// git runs git in the mutant.
func (m *mutant) git(args ...string) string {
	m.Helper()
	out, err := runGit(m.dir, args...)
	if err != nil {
		m.Fatal(err)
	}
	return out
}

// stdin runs git with an input.
func (m *mutant) stdin(input []byte, args ...string) string {
	m.Helper()
	cmd := exec.CommandContext(m.Context(), "git", args...)
	cmd.Dir, cmd.Stdin = m.dir, bytes.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		m.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

func (m *mutant) set(ref string, id string) { m.git("update-ref", "--no-deref", ref, id) }

// commit makes a commit of a tree.
func (m *mutant) commit(tree, message string, sign ssh.Signer, parents ...string) string {
	m.Helper()
	who := git.Signature{Name: "Ada", Email: "ada@example.com", When: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	c := git.NewCommit{Tree: git.OID(m.git("rev-parse", tree+"^{tree}")), Author: who, Committer: who, Message: message}
	for _, p := range parents {
		c.Parents = append(c.Parents, git.OID(m.git("rev-parse", p)))
	}
	if sign != nil {
		c.Sign = sshsig.NewSigner(sign, sshsig.NamespaceGit)
	}
	id, err := m.repo.WriteCommit(m.Context(), c)
	if err != nil {
		m.Fatal(err)
	}
	return string(id)
}

// entries are those of the ledger.
func (m *mutant) entries() []ledger.Entry {
	m.Helper()
	all, err := ledger.Collect(m.Context(), m.repo, ledger.Filter{}, 0)
	if err != nil {
		m.Fatal(err)
	}
	return all
}

// forge writes the whole ledger again with the gate's own key, as an insider can, after edit had its way with its entries. What else
// would tell is taken away.
func (m *mutant) forge(sign ssh.Signer, edit func([]ledger.Entry) []ledger.Entry) {
	m.Helper()
	m.rewrite(sign, edit)
	m.git("update-ref", "-d", kernel.RefLog)
	m.git("update-ref", "-d", kernel.RefAttestations)
}

// rewrite writes the ledger again.
func (m *mutant) rewrite(sign ssh.Signer, edit func([]ledger.Entry) []ledger.Entry) {
	m.Helper()
	entries := edit(m.entries())
	m.git("update-ref", "-d", m.ledger)
	var at time.Time
	w, err := ledger.Open(m.Context(), m.repo, m.repo, strings.TrimPrefix(m.ledger, ledger.RefPrefix),
		ledger.Options{Sign: sshsig.NewSigner(sign, sshsig.NamespaceGit), Now: func() time.Time { return at }})
	if err != nil {
		m.Fatal(err)
	}
	for _, e := range entries {
		at = e.Time
		if _, err := w.Append(m.Context(), ledger.Record{Actor: e.Actor, Kind: e.Kind, Change: e.Change, Task: e.Task, Body: e.Body}); err != nil {
			m.Fatal(err)
		}
	}
	if err := w.Close(context.WithoutCancel(m.Context())); err != nil {
		m.Fatal(err)
	}
}

// edit forges one entry: the last of a kind.
func (m *mutant) edit(kind string, change func(*ledger.Entry)) {
	m.Helper()
	m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
		change(&all[lastOf(m.T, all, kind)])
		return all
	})
}

func lastOf(t *testing.T, all []ledger.Entry, kind string) int {
	t.Helper()
	for i, e := range slices.Backward(all) {
		if e.Kind == kind {
			return i
		}
	}
	t.Fatalf("there is no entry %s", kind)
	return -1
}

// intent forges the landing of the change that was approved.
func (m *mutant) intent(change func(*kernel.Intent)) {
	m.Helper()
	m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
		for i, e := range all {
			if e.Kind != ledger.LandingIntent || !strings.HasPrefix(e.Change, m.f.high) {
				continue
			}
			var in kernel.Intent
			decode(m.T, e.Body, &in)
			change(&in)
			all[i].Body = encode(m.T, in)
			return all
		}
		m.Fatal("the approved change did not land")
		return nil
	})
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func encode(t *testing.T, v any) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// amend makes the ledger's newest commit again, of another last segment. At midnight that may have a single line, which leaves none to
// cut out: then it is the commit before.
func (m *mutant) amend(sign ssh.Signer, edit func(segment string) string) {
	m.Helper()
	var path, segment string
	for {
		path = m.git("diff-tree", "-r", "--root", "--no-commit-id", "--name-only", m.ledger)
		if segment = m.git("show", m.ledger+":"+path) + "\n"; strings.Count(segment, "\n") > 1 {
			break
		}
		m.set(m.ledger, m.ledger+"^")
	}
	blob := m.stdin([]byte(edit(segment)), "hash-object", "-w", "--stdin")
	m.set(m.ledger, m.commit(m.with(m.ledger, path, blob), "ledger", sign, m.ledger+"^"))
}

// with is the tree of a commit with another blob at a path.
func (m *mutant) with(rev, path, blob string) string {
	m.Helper()
	index := filepath.Join(m.TempDir(), "index")
	for _, args := range [][]string{{"read-tree", rev}, {"update-index", "--add", "--cacheinfo", "100644," + blob + "," + path}, {"write-tree"}} {
		cmd := exec.CommandContext(m.Context(), "git", args...)
		cmd.Dir, cmd.Env = m.dir, append(os.Environ(), "GIT_INDEX_FILE="+index)
		out, err := cmd.CombinedOutput()
		if err != nil {
			m.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		if args[0] == "write-tree" {
			return strings.TrimSpace(string(out))
		}
	}
	return ""
}

// indexed is the tree of a listing.
func (m *mutant) indexed(index, listing string) string {
	m.Helper()
	for _, args := range [][]string{{"update-index", "--index-info"}, {"write-tree"}} {
		cmd := exec.CommandContext(m.Context(), "git", args...)
		cmd.Dir, cmd.Env, cmd.Stdin = m.dir, append(os.Environ(), "GIT_INDEX_FILE="+index), strings.NewReader(listing)
		out, err := cmd.CombinedOutput()
		if err != nil {
			m.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		if args[0] == "write-tree" {
			return strings.TrimSpace(string(out))
		}
	}
	return ""
}

// tampering is one way to tamper, and what has to be said about it.
type tampering struct {
	name   string
	seen   bool // an earlier verification had seen the repository as it was
	mutate func(m *mutant)
	want   []string // exactly these codes
}

const main = kernel.RefMain

// TestTampering makes every change on a copy of a real kernel, and demands that it is found, for the right reason.
func TestTampering(t *testing.T) {
	t.Parallel()
	all := slices.Concat(ledgerTamperings(), mainTamperings(), insiderTamperings(), evidenceTamperings(), logTamperings(), attestationTamperings(), artifactTamperings(), orderTamperings(), rootTamperings())
	if len(all) < 30 {
		t.Errorf("%d tamperings", len(all))
	}
	before := run(t, newMutant(t).dir, verify.Options{All: true})
	if !before.Holds() {
		t.Fatalf("before: %v", before.Failures)
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMutant(t)
			opt := verify.Options{All: true}
			if c.seen {
				opt.Memory = before.Memory
			}
			c.mutate(m)
			r := run(t, m.dir, opt)
			var got []string
			for _, p := range r.Failures {
				got = append(got, p.Code)
				if p.What == "" || p.Do == "" {
					t.Errorf("%+v says too little", p)
				}
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v\n%v", got, c.want, r.Failures)
			}
		})
	}
}

func ledgerTamperings() []tampering {
	return []tampering{
		{"ledger: a byte of its last line, signature kept off", false, func(m *mutant) {
			m.amend(nil, func(s string) string { return strings.Replace(s, `"v":1`, `"v":2`, 1) })
		}, []string{"LEDGER_UNSIGNED"}},
		{"ledger: an actor's name, signed by another key", false, func(m *mutant) {
			m.amend(m.thief, func(s string) string { return strings.Replace(s, `"actor":"`, `"actor":"not-`, 1) })
		}, []string{"LEDGER_STRANGE_KEY"}},
		{"ledger: a line changed by who has the key, its hash not", false, func(m *mutant) {
			m.amend(m.key, func(s string) string { return strings.Replace(s, `"actor":"`, `"actor":"not-`, 1) })
		}, []string{"LEDGER_REWRITTEN"}},
		{"ledger: an entry cut out of the end", false, func(m *mutant) {
			m.amend(m.key, func(s string) string { return strings.Join(strings.SplitAfter(s, "\n")[1:], "") })
		}, []string{"LEDGER_REWRITTEN"}},
		{"ledger: the signature of another commit", false, func(m *mutant) {
			data := m.git("cat-file", "commit", m.ledger) + "\n"
			m.set(m.ledger, m.stdin([]byte(strings.Replace(data, "ledger ", "Ledger ", 1)), "hash-object", "-t", "commit", "-w", "--stdin"))
		}, []string{"LEDGER_BAD_SIGNATURE"}},
		{"ledger: a merge", false, func(m *mutant) {
			m.set(m.ledger, m.commit(m.ledger, "merge", m.key, m.ledger, m.ledger+"^"))
		}, []string{"LEDGER_NONLINEAR"}},
		{"ledger: a file beside the segments", false, func(m *mutant) {
			blob := m.stdin([]byte("x"), "hash-object", "-w", "--stdin")
			m.set(m.ledger, m.commit(m.with(m.ledger, "2026/11/23/notes.txt", blob), "notes", m.key, m.ledger))
		}, []string{"LEDGER_MALFORMED"}},
		{"ledger: a reference of no writer", false, func(m *mutant) {
			m.set(ledger.RefPrefix+"No_Writer", m.ledger)
		}, []string{"LEDGER_MALFORMED"}},
		{"ledger: deleted", false, func(m *mutant) { m.git("update-ref", "-d", m.ledger) }, []string{"LEDGER_MISSING"}},
		{"ledger: deleted, after it was seen", true, func(m *mutant) { m.git("update-ref", "-d", m.ledger) }, []string{"LEDGER_LOST"}},
		{"ledger: its end cut off", false, func(m *mutant) { m.cut(ledger.LandingIntent) }, []string{"MAIN_UNRECORDED"}},
		{"ledger: its end cut off, after it was seen", true, func(m *mutant) { m.set(m.ledger, m.ledger+"^") }, []string{"LEDGER_LOST"}},
		{"ledger: written again by another key", false, func(m *mutant) {
			m.forge(m.thief, func(all []ledger.Entry) []ledger.Entry { return all })
		}, []string{"LEDGER_STRANGE_KEY"}},
		{"ledger: written again with the gate's key, after it was seen", true, func(m *mutant) {
			m.edit(operator.KindEnrolled, func(e *ledger.Entry) { e.Actor = "eve" })
		}, []string{"LEDGER_REWRITTEN"}},
		{"ledger: an object replaced on the disk", false, func(m *mutant) { m.corrupt(m.git("rev-parse", m.ledger)) }, []string{"OBJECT_UNREADABLE"}},
	}
}

// cut makes the ledger end before the last entry of a kind.
func (m *mutant) cut(kind string) {
	m.Helper()
	m.forge(m.key, func(all []ledger.Entry) []ledger.Entry { return all[:lastOf(m.T, all, kind)] })
}

// corrupt replaces an object by another one under its name.
func (m *mutant) corrupt(id string) {
	m.Helper()
	packs, err := filepath.Glob(filepath.Join(m.dir, "objects", "pack", "*.pack"))
	if err != nil {
		m.Fatal(err)
	}
	for _, pack := range packs {
		data, err := os.ReadFile(pack)
		if err == nil {
			err = os.Remove(pack)
		}
		if err == nil {
			err = os.Remove(strings.TrimSuffix(pack, "pack") + "idx")
		}
		if err != nil {
			m.Fatal(err)
		}
		m.stdin(data, "unpack-objects", "-q")
	}
	kind := m.git("cat-file", "-t", id)
	data := []byte(m.git("cat-file", kind, id) + "\n")
	other := m.stdin(bytes.Replace(data, []byte("adamant"), []byte("adamanT"), 1), "hash-object", "-t", kind, "-w", "--stdin")
	file := func(id string) string { return filepath.Join(m.dir, "objects", id[:2], id[2:]) }
	if err := os.Remove(file(id)); err != nil {
		m.Fatal(err)
	}
	if err := os.Rename(file(other), file(id)); err != nil {
		m.Fatal(err)
	}
}

func mainTamperings() []tampering {
	return []tampering{
		{"main: a commit by hand", false, func(m *mutant) { m.set(main, m.commit(main, "by hand", nil, main)) }, []string{"MAIN_UNRECORDED"}},
		{"main: a commit by hand, signed by the operator", false, func(m *mutant) { m.set(main, m.commit(main, "by hand", m.thief, main)) }, []string{"MAIN_UNRECORDED"}},
		{"main: a commit by hand, signed by the gate", false, func(m *mutant) { m.set(main, m.commit(main, "by hand", m.key, main)) }, []string{"MAIN_UNRECORDED"}},
		{"main: a merge", false, func(m *mutant) { m.set(main, m.commit(main, "merge", nil, main, main+"~2")) }, []string{"COMMIT_PARENTS", "MAIN_UNRECORDED"}},
		{"main: set back", false, func(m *mutant) { m.set(main, main+"^") }, []string{"MAIN_ROLLED_BACK"}},
		{"main: set back to genesis", false, func(m *mutant) { m.set(main, main+"~6") }, []string{"MAIN_ROLLED_BACK"}},
		{"main: its tip made again", false, func(m *mutant) {
			m.set(main, m.commit(main, m.git("log", "-1", "--format=%B", main), m.thief, main+"^"))
		}, []string{"MAIN_FORKED", "MAIN_UNRECORDED"}},
		{"main: one byte of the tip's tree", false, func(m *mutant) {
			blob := m.stdin([]byte("# Sample\n\nA sample!\n"), "hash-object", "-w", "--stdin")
			m.set(main, m.commit(m.with(main, "README.md", blob), m.git("log", "-1", "--format=%B", main), nil, main+"^"))
		}, []string{"MAIN_FORKED", "MAIN_UNRECORDED"}},
		{"main: a commit left out of the middle", false, func(m *mutant) {
			m.set(main, m.commit(main, "again", nil, m.commit(main+"^", "again", nil, main+"~3")))
		}, []string{"MAIN_FORKED", "MAIN_UNRECORDED"}},
		{"main: another history", false, func(m *mutant) { m.set(main, m.commit(main, "start", nil)) }, []string{"GENESIS_MISSING"}},
		{"main: deleted", false, func(m *mutant) { m.git("update-ref", "-d", main) }, []string{"MAIN_MISSING"}},
		{"main: moved by hand, and the ledger says so", false, func(m *mutant) {
			was := m.git("rev-parse", main)
			m.set(main, m.commit(main, "by hand", nil, main))
			m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
				e := all[len(all)-1]
				e.Kind, e.Body = ledger.MovedByHand, encode(m.T, kernel.MainMove{V: 1, Ref: main, From: git.OID(was), To: git.OID(m.git("rev-parse", main))})
				return append(all, e)
			})
		}, []string{"MAIN_MOVED_BY_HAND", "MAIN_UNRECORDED"}},
		{"everything set back, after it was seen", true, func(m *mutant) {
			m.cut(ledger.LandingIntent)
			m.set(main, main+"^")
		}, []string{"LEDGER_REWRITTEN"}},
		{"a commit replaced on the disk", false, func(m *mutant) { m.corrupt(m.git("rev-parse", main)) }, []string{"OBJECT_UNREADABLE"}},
	}
}

// insiderTamperings are those of somebody who has the gate's key and writes the ledger anew with it, before anybody else saw it.
func insiderTamperings() []tampering {
	return []tampering{
		{"landing: without a decision", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions = nil })
		}, []string{"VERDICT_MISSING"}},
		{"landing: by hand, as if it were one", false, func(m *mutant) {
			was := m.git("rev-parse", main)
			m.set(main, m.commit(main, "by hand", nil, main))
			m.land(was, nil)
		}, []string{"COMMIT_UNSIGNED", "VERDICT_MISSING"}},
		{"landing: signed by another key", false, func(m *mutant) {
			was := m.git("rev-parse", main)
			m.set(main, m.commit(main, "by hand", m.thief, main))
			m.land(was, nil)
		}, []string{"COMMIT_SIGNER", "VERDICT_MISSING"}},
		{"landing: of another tree than was judged, signed by the gate", false, func(m *mutant) {
			blob := m.stdin([]byte("# Sample\n\nA sample!\n"), "hash-object", "-w", "--stdin")
			id := m.commit(m.with(main, "README.md", blob), m.git("log", "-1", "--format=%B", main)+"\n", m.key, main+"^")
			m.relanded(id)
		}, []string{"VERDICT_MISMATCH"}},
		{"landing: on another commit than was judged, signed by the gate", false, func(m *mutant) {
			m.relanded(m.commit(main, m.git("log", "-1", "--format=%B", main)+"\n", m.key, main+"~2"))
		}, []string{"MAIN_FORKED", "VERDICT_MISMATCH"}},
		{"landing: begins elsewhere", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Main.Old = git.OID(m.git("rev-parse", main+"~4")) })
		}, []string{"LANDING_BROKEN"}},
		{"landing: its end is another one's", false, func(m *mutant) {
			m.edit(ledger.LandingDone, func(e *ledger.Entry) {
				var out kernel.Outcome
				decode(m.T, e.Body, &out)
				out.ID = strings.Repeat("0", len(out.ID))
				e.Body = encode(m.T, out)
			})
		}, []string{"LANDING_BROKEN"}},
		{"landing: taken back, and on main", false, func(m *mutant) {
			m.edit(ledger.LandingDone, func(e *ledger.Entry) { e.Kind = ledger.LandingAborted })
		}, []string{"LANDING_ABORTED"}},
		{"landing: left out", false, func(m *mutant) {
			m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
				i := lastOf(m.T, all, ledger.LandingIntent)
				return slices.Delete(all, i, i+1)
			})
		}, []string{"LANDING_BROKEN", "MAIN_UNRECORDED"}},
		{"landing: two at once", false, func(m *mutant) {
			m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
				i := lastOf(m.T, all, ledger.LandingIntent)
				return slices.Insert(all, i, all[i])
			})
		}, []string{"LEDGER_UNFINISHED"}},
		{"landing: of another change", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions[0].Change = strings.Repeat("ab", 32) })
		}, []string{"APPROVAL_MISSING", "COMMIT_RECORD"}},
		{"verdict: by another assessment", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions[0].Assessment = strings.Repeat("ab", 32) })
		}, []string{"COMMIT_RECORD", "VERDICT_MISSING"}},
		{"verdict: another one than it gives", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions[0].Verdict = strings.Repeat("ab", 32) })
		}, []string{"VERDICT_MISMATCH"}},
		{"verdict: a lower level", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions[0].Level = "low" })
		}, []string{"VERDICT_MISMATCH"}},
		{"verdict: of a later time", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions[0].At = in.Decisions[0].At.Add(8 * 24 * time.Hour) })
		}, []string{"APPROVAL_MISSING"}},
		{"verdict: hold", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions[0].Decision = "hold" })
		}, []string{"VERDICT_REFUSES"}},
		{"approval: taken out of the landing", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions[0].Approvals = nil })
		}, []string{"APPROVAL_MISSING"}},
		{"approval: taken out, and the mode with it", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions[0].Approvals, in.Decisions[0].Mode = nil, "auto" })
		}, []string{"APPROVAL_MISSING"}},
		{"approval: taken out of the ledger", false, func(m *mutant) {
			m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
				i := lastOf(m.T, all, operator.KindApproved)
				return slices.Delete(all, i, i+1)
			})
		}, []string{"APPROVAL_MISSING"}},
		{"approval: given after the landing", false, func(m *mutant) {
			m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
				i := lastOf(m.T, all, operator.KindApproved)
				e := all[i]
				return append(slices.Delete(all, i, i+1), e)
			})
		}, []string{"APPROVAL_MISSING"}},
		{"approval: its statement changed", false, func(m *mutant) {
			m.edit(operator.KindApproved, func(e *ledger.Entry) {
				e.Body = bytes.Replace(e.Body, []byte(`\"level\":\"high\"`), []byte(`\"level\":\"low\"`), 1)
			})
		}, []string{"APPROVAL_FORGED", "APPROVAL_MISSING"}},
		{"approval: for another change", false, func(m *mutant) {
			m.edit(operator.KindApproved, func(e *ledger.Entry) { e.Change = strings.Repeat("ab", 32) })
		}, []string{"APPROVAL_FORGED", "APPROVAL_MISSING"}},
		{"approval: given twice", false, func(m *mutant) {
			m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
				return append(all, all[lastOf(m.T, all, operator.KindApproved)])
			})
		}, []string{"APPROVAL_FORGED"}},
		{"approval: counted twice", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) {
				in.Decisions[0].Approvals = append(in.Decisions[0].Approvals, in.Decisions[0].Approvals[0])
			})
		}, []string{"VERDICT_MISMATCH"}},
		{"approval: withdrawn, and counted", false, func(m *mutant) {
			m.intent(func(in *kernel.Intent) { in.Decisions[0].Approvals[0].Void = "withdrawn" })
		}, []string{"APPROVAL_MISSING"}},
		{"approval: by a key that nobody enrolled", false, func(m *mutant) {
			m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
				i := lastOf(m.T, all, operator.KindEnrolled)
				return slices.Delete(all, i, i+1)
			})
		}, []string{"APPROVAL_FORGED", "APPROVAL_MISSING"}},
		{"operator: the enrolled key replaced", false, func(m *mutant) {
			m.edit(operator.KindEnrolled, func(e *ledger.Entry) {
				e.Body = bytes.Replace(e.Body, []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"), []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAA"), -1)
			})
		}, []string{"APPROVAL_FORGED", "APPROVAL_MISSING"}},
	}
}

// relanded has the last landing land another commit.
func (m *mutant) relanded(id string) {
	m.Helper()
	m.set(main, id)
	m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
		intent, done := &all[lastOf(m.T, all, ledger.LandingIntent)], &all[lastOf(m.T, all, ledger.LandingDone)]
		var in kernel.Intent
		var out kernel.Outcome
		decode(m.T, intent.Body, &in)
		decode(m.T, done.Body, &out)
		in.Main.New, in.Decisions[0].Commit, out.Main = git.OID(id), git.OID(id), git.OID(id)
		intent.Body, done.Body = encode(m.T, in), encode(m.T, out)
		return all
	})
}

// land forges a landing of main as it is.
func (m *mutant) land(was string, decisions []kernel.Decision) {
	m.Helper()
	m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
		intent, done := all[lastOf(m.T, all, ledger.LandingIntent)], all[lastOf(m.T, all, ledger.LandingDone)]
		now := git.OID(m.git("rev-parse", main))
		id := strings.Repeat("f", 32)
		intent.Body = encode(m.T, kernel.Intent{V: 1, ID: id, Changes: []string{intent.Change}, Main: kernel.Move{Ref: main, Old: git.OID(was), New: now}, Decisions: decisions})
		done.Body = encode(m.T, kernel.Outcome{V: 1, ID: id, Main: now})
		return append(all, intent, done)
	})
}

// evidenceTamperings take away or change what the gate found.
func evidenceTamperings() []tampering {
	meta := func(m *mutant) string {
		return m.git("for-each-ref", "--format=%(refname)", kernel.PrefixChanges+m.f.high[:2]+"/"+m.f.high+"*/meta")
	}
	return []tampering{
		{"evidence: a change's operations deleted, and what was attested", false, func(m *mutant) {
			m.git("update-ref", "-d", meta(m))
			m.git("update-ref", "-d", kernel.RefAttestations)
		}, []string{"VERDICT_MISSING"}},
		{"evidence: the assessment edited", false, func(m *mutant) {
			for _, file := range strings.Fields(m.git("log", "-m", "--format=", "--name-only", meta(m))) {
				if strings.HasPrefix(file, "attach-") {
					m.replace(meta(m), file)
				}
			}
		}, []string{"VERDICT_MISMATCH"}},
	}
}

// replace writes the history of a change again with an attached document edited.
func (m *mutant) replace(ref, file string) {
	m.Helper()
	parent := ""
	for _, id := range strings.Fields(m.git("rev-list", "--reverse", ref)) {
		tree := id
		if out, err := runGit(m.dir, "show", id+":"+file); err == nil {
			tree = m.with(id, file, m.stdin([]byte(strings.Replace(out, `"level":"high"`, `"level":"low"`, 1)), "hash-object", "-w", "--stdin"))
		}
		parents := []string{}
		if parent != "" {
			parents = append(parents, parent)
		}
		parent = m.commit(tree, "again", nil, parents...)
	}
	m.set(ref, parent)
}
