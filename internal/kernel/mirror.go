package kernel

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// RefMirrorMain is where a mirror keeps the kernel's main whatever the forge does to its own: restoring prefers it.
const RefMirrorMain = "refs/adamant/main"

// mirrored are the references that leave the kernel, beside main. The order is that of pushing: what explains comes first.
var mirrored = []string{PrefixLedger, RefLog, PrefixArchive, PrefixChanges, PrefixTasks, RefAttestations}

const pushAtOnce = 200 // references in one push: a command line has an end

// Mirror is what a run of Mirror did.
type Mirror struct {
	Remote  string    `json:"remote"` // without credentials
	Main    git.OID   `json:"main"`   // the kernel's
	Pushed  []string  `json:"pushed"` // references that moved or were made
	Deleted []string  `json:"deleted"`
	Refused []Refused `json:"refused"`
}

// Refused is a reference that the remote did not take, with what that means.
type Refused struct {
	Ref    string  `json:"ref"`
	There  git.OID `json:"there,omitempty"` // where it was on the remote before the push
	Cause  string  `json:"cause"`           // protected, moved, rewritten, deletion or other
	Reason string  `json:"reason"`
	Do     string  `json:"do"`
}

// The causes for which a remote does not take a reference.
const (
	CauseProtected = "protected" // the remote's rules refuse the push
	CauseMoved     = "moved"     // somebody else moved it on the remote
	CauseRewritten = "rewritten" // the remote's ledger, log or archive is not a part of ours
	CauseDeletion  = "deletion"  // the remote does not delete
	CauseOther     = "other"
)

// Mirror pushes main and adamant's own references to a remote (an absolute path or a URL), never by force. The ledger goes
// first: when the remote's is not a part of the kernel's, nothing else is pushed. What the remote does not take is in
// Refused and is no error. A kernel that is held writes what happened to its ledger.
func (k *Kernel) Mirror(ctx context.Context, remote string) (Mirror, error) {
	m := mirroring{kernel: k, url: remote, Mirror: Mirror{Remote: redact(remote)}}
	err := m.run(ctx)
	if err == nil {
		err = m.note(ctx)
	}
	if err != nil {
		return m.Mirror, fmt.Errorf("mirroring to %s: %w", m.Remote, err)
	}
	return m.Mirror, nil
}

// redact leaves credentials out of a URL.
func redact(remote string) string {
	u, err := url.Parse(remote)
	if err != nil || u.User == nil {
		return remote
	}
	u.User = nil
	return u.String()
}

type mirroring struct {
	Mirror
	kernel      *Kernel
	url         string
	here, there map[string]git.OID
}

func (m *mirroring) run(ctx context.Context) error {
	if err := m.survey(ctx); err != nil {
		return err
	}
	if err := m.compareHistories(ctx); err != nil || len(m.Refused) > 0 {
		return err
	}
	groups := [][]string{m.below(PrefixLedger)}
	for _, prefix := range mirrored[1:] {
		groups = append(groups, m.below(prefix))
	}
	for _, names := range append(groups, []string{RefMirrorMain}, []string{RefMain}) {
		if err := m.push(ctx, names); err != nil {
			return err
		}
		if len(m.Refused) > 0 && names[0] != RefMain {
			return nil // what comes later leans on it
		}
	}
	return m.prune(ctx)
}

// survey reads both sides. Main is read first: whatever lands meanwhile is in the ledger that is read after it.
func (m *mirroring) survey(ctx context.Context) error {
	main, err := m.kernel.Ref(ctx, RefMain)
	if err != nil {
		return err
	}
	refs, err := m.kernel.repo.Refs(ctx, mirrored...)
	if err != nil {
		return err
	}
	m.Main, m.here = main, map[string]git.OID{}
	for _, ref := range refs {
		if _, err := ParseRef(ref.Name); err != nil {
			return err
		}
		m.here[ref.Name] = ref.OID
	}
	if main != "" {
		m.here[RefMain], m.here[RefMirrorMain] = main, main
	}
	m.there, err = remoteRefs(ctx, m.kernel.repo, m.url)
	return err
}

// remoteRefs are the references of a remote that a kernel has.
func remoteRefs(ctx context.Context, repo *git.Repo, remote string) (map[string]git.OID, error) {
	refs, err := repo.RemoteRefs(ctx, remote, RefMain, "refs/adamant/*")
	there := map[string]git.OID{}
	for _, ref := range refs {
		there[ref.Name] = ref.OID
	}
	return there, err
}

// below lists the kernel's references of a prefix that are elsewhere on the remote, none of them main.
func (m *mirroring) below(prefix string) []string {
	var names []string
	for name, id := range m.here {
		if (name == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(name, prefix)) && m.there[name] != id {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// appended are the references whose histories only grow.
func appended(ref string) bool {
	return strings.HasPrefix(ref, PrefixLedger) || strings.HasPrefix(ref, PrefixArchive) || ref == RefLog || ref == RefAttestations
}

// compareHistories looks at what only grows before anything is pushed: the remote's must be a part of the kernel's.
func (m *mirroring) compareHistories(ctx context.Context) error {
	for _, ref := range m.foreignHistories() {
		held, err := m.holds(ctx, m.here[ref], m.there[ref])
		if err != nil {
			return err
		}
		if !held {
			m.refuse(ref, CauseRewritten, fmt.Sprintf("it is at %s, which the kernel has never written", m.there[ref].Short()))
		}
	}
	return nil
}

// foreignHistories are the remote's references that only grow and are not where the kernel's are.
func (m *mirroring) foreignHistories() []string {
	var names []string
	for ref, id := range m.there {
		if appended(ref) && id != m.here[ref] {
			names = append(names, ref)
		}
	}
	slices.Sort(names)
	return names
}

// holds says that a history of the kernel has a commit of the remote in it.
func (m *mirroring) holds(ctx context.Context, history, commit git.OID) (bool, error) {
	if history == "" || len(commit) != len(history) {
		return false, nil
	}
	infos, err := m.kernel.repo.Info(ctx, []git.OID{commit})
	if err != nil || infos[0].Missing || infos[0].Type != "commit" {
		return false, err
	}
	return m.kernel.repo.IsAncestor(ctx, commit, history)
}

// push sends references as they were surveyed.
func (m *mirroring) push(ctx context.Context, names []string) error {
	for some := range slices.Chunk(names, pushAtOnce) {
		var specs []string
		for _, name := range some {
			if id := m.here[name]; id != "" && m.there[name] != id {
				specs = append(specs, string(id)+":"+name)
			}
		}
		if err := m.send(ctx, specs, &m.Pushed); err != nil {
			return err
		}
	}
	return nil
}

// prune deletes what the kernel had and no longer names, as changes that were archived.
func (m *mirroring) prune(ctx context.Context) error {
	var names []string
	var ids []git.OID
	for ref, id := range m.there {
		name, err := ParseRef(ref)
		if err == nil && m.here[ref] == "" && slices.Contains([]Kind{KindChange, KindPatchSet, KindTask}, name.Kind) {
			names = append(names, ref)
			ids = append(ids, id)
		}
	}
	infos, err := m.kernel.repo.Info(ctx, ids)
	if err != nil {
		return err
	}
	var specs []string
	for i, info := range infos {
		if !info.Missing {
			specs = append(specs, ":"+names[i])
		}
	}
	slices.Sort(specs)
	for some := range slices.Chunk(specs, pushAtOnce) {
		if err := m.send(ctx, some, &m.Deleted); err != nil {
			return err
		}
	}
	return nil
}

// send pushes and takes down what became of each reference.
func (m *mirroring) send(ctx context.Context, specs []string, done *[]string) error {
	if len(specs) == 0 {
		return nil
	}
	results, err := m.kernel.repo.Push(ctx, m.url, specs)
	var rejected *git.RejectedError
	if err != nil && !errors.As(err, &rejected) {
		return err
	}
	for _, result := range results {
		if result.OK {
			*done = append(*done, result.Name)
		} else {
			m.refuse(result.Name, causeOf(result), result.Reason)
		}
	}
	return nil
}

// causeOf reads git's and the forges' words.
func causeOf(result git.PushResult) string {
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(strings.ToLower(result.Reason), word) })
	}
	switch {
	case says("non-fast-forward", "fetch first", "needs force", "already exists") && appended(result.Name):
		return CauseRewritten
	case says("non-fast-forward", "fetch first", "needs force", "cannot lock ref"):
		return CauseMoved
	case says("deletion", "denydelete", "delete"):
		return CauseDeletion
	case says("protected", "hook declined", "gh006", "gh013", "not allowed", "prohibited", "permission", "denied"):
		return CauseProtected
	}
	return CauseOther
}

func (m *mirroring) refuse(ref, cause, reason string) {
	m.Refused = append(m.Refused, Refused{Ref: ref, There: m.there[ref], Cause: cause, Reason: reason, Do: mirrorAdvice(ref, cause)})
}

func mirrorAdvice(ref, cause string) string {
	switch cause {
	case CauseRewritten:
		return "somebody rewrote it on the remote, or the remote is another kernel's mirror: nothing was pushed; keep a copy of what is there, " +
			"find out who did it, then delete " + ref + " on the remote, or mirror to an empty one"
	case CauseMoved:
		if ref == RefMain {
			return "somebody pushed to the remote's main past the gate: git fetch it, propose those commits as a change, then set the remote's " +
				"main back or let it follow; the kernel's main is safe in " + RefMirrorMain
		}
		return "somebody else wrote it: only one kernel may use a mirror"
	case CauseProtected:
		if ref == RefMain {
			return "let adamant's key push to the protected main, or leave it: the kernel's main is safe in " + RefMirrorMain + ", and restoring uses that"
		}
		return "let adamant's key push to refs/adamant/* on the remote"
	case CauseDeletion:
		return "leave it: an archived change stays on the remote as well"
	}
	return "mend what the remote says, then run adamant mirror again"
}

// mirrorNote is the body of a mirror.pushed or mirror.refused entry.
type mirrorNote struct {
	V       int       `json:"v"`
	Remote  string    `json:"remote"`
	Epoch   uint64    `json:"epoch"`
	Main    git.OID   `json:"main"`
	Pushed  int       `json:"pushed"`
	Deleted int       `json:"deleted"`
	Refused []Refused `json:"refused,omitempty"`
}

// note writes to the ledger what moved on the remote, but not that only the ledger did: the note is in the ledger itself.
func (m *mirroring) note(ctx context.Context) error {
	if m.kernel.journal == nil {
		return nil
	}
	kind := ledger.MirrorPushed
	if len(m.Refused) > 0 {
		kind = ledger.MirrorRefused
	}
	news := func(ref string) bool { return !strings.HasPrefix(ref, PrefixLedger) }
	if kind == ledger.MirrorPushed && !slices.ContainsFunc(m.Pushed, news) && len(m.Deleted) == 0 {
		return nil
	}
	return m.kernel.journal.record(ctx, kind, "", mirrorNote{V: 1, Remote: m.Remote, Epoch: m.kernel.epoch, Main: m.Main,
		Pushed: len(m.Pushed), Deleted: len(m.Deleted), Refused: m.Refused})
}
