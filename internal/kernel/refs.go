package kernel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The references of a kernel (docs/kernel.md). Everything below PrefixOwn but quarantine, pins and the lease may leave it.
const (
	RefMain          = "refs/heads/main"           // moved by Land only
	RefLease         = "refs/adamant/lease"        // the epoch of the one process that may write
	RefLog           = "refs/adamant/log"          // transparency log, a projection of the ledger
	RefAttestations  = "refs/adamant/attestations" // bundles by subject digest
	PrefixOwn        = "refs/adamant/"             // all of adamant's own
	PrefixLedger     = "refs/adamant/ledger/"      // <writer>: append-only segments
	PrefixChanges    = "refs/adamant/changes/"     // <xx>/<id>/meta and <xx>/<id>/ps/<n>
	PrefixTasks      = "refs/adamant/tasks/"       // <xx>/<id>/meta
	PrefixPins       = "refs/adamant/pins/"        // <task>: what a live workspace borrows
	PrefixArchive    = "refs/adamant/archive/"     // <yyyy-mm>: closed changes, folded
	PrefixAgents     = "refs/heads/agents/"        // <agent>/<task>: what the door lets pushers write
	PrefixFor        = "refs/for/"                 // <branch>: pushes that propose a change
	PrefixQuarantine = "refs/adamant/quarantine/"  // <task>: fetched, not trusted yet
	nameLimit        = 64                          // bytes of an agent's, task's or writer's name
)

var (
	namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`) })
	idPattern   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })
)

// CheckName says what is wrong with the name of an agent, task or writer: lower-case letters and digits, with single dots,
// dashes or underscores between them, at most 64 bytes. Such names clash with each other in no ref store and no file system.
func CheckName(name string) error {
	if len(name) > nameLimit || !namePattern().MatchString(name) || strings.HasSuffix(name, ".lock") {
		return fmt.Errorf("%q is not a name: use 1 to %d lower-case letters and digits, with . - or _ between them", name, nameLimit)
	}
	return nil
}

// CheckID says what is wrong with the id of a change or task: 64 hex digits, the SHA-256 of its first operation.
func CheckID(id string) error {
	if !idPattern().MatchString(id) {
		return fmt.Errorf("%q is not an id: it has 64 lower-case hex digits", id)
	}
	return nil
}

// ChangeMeta is where a change's operations are.
func ChangeMeta(id string) string { return PrefixChanges + shard(id) + "/" + id + "/meta" }

// ChangePatchSet is the nth patch set of a change, counted from 1.
func ChangePatchSet(id string, n int) string {
	return PrefixChanges + shard(id) + "/" + id + "/ps/" + strconv.Itoa(n)
}

// TaskMeta is where a task's operations are.
func TaskMeta(id string) string { return PrefixTasks + shard(id) + "/" + id + "/meta" }

// LedgerRef is the ledger of one writer.
func LedgerRef(writer string) string { return PrefixLedger + writer }

// PinRef keeps what a task's workspace borrows.
func PinRef(task string) string { return PrefixPins + task }

// QuarantineRef holds what was fetched from a task's workspace.
func QuarantineRef(task string) string { return PrefixQuarantine + task }

// ArchiveRef holds the changes that were closed in a month (UTC).
func ArchiveRef(month time.Time) string { return PrefixArchive + month.UTC().Format("2006-01") }

// AgentBranch is the branch that an agent may push for a task.
func AgentBranch(agent, task string) string { return PrefixAgents + agent + "/" + task }

// shard spreads ids over 256 folders: an id starts with its shard, anything else is hashed.
func shard(id string) string {
	if CheckID(id) == nil {
		return id[:2]
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:1])
}

// Kind says what a reference of a kernel is for.
type Kind string

// The kinds of references.
const (
	KindMain         Kind = "main"
	KindLease        Kind = "lease"
	KindLedger       Kind = "ledger"
	KindLog          Kind = "log"
	KindChange       Kind = "change"
	KindPatchSet     Kind = "patch-set"
	KindTask         Kind = "task"
	KindPin          Kind = "pin"
	KindQuarantine   Kind = "quarantine"
	KindAttestations Kind = "attestations"
	KindArchive      Kind = "archive"
	KindAgent        Kind = "agent"
)

// Name is a reference's name taken apart.
type Name struct {
	Kind   Kind
	ID     string // change, task, writer, agent or month
	Task   string // of an agent's branch
	Number int    // of a patch set
}

// ParseRef takes the name of a kernel's reference apart. Names that no kernel has are errors.
func ParseRef(ref string) (Name, error) {
	fixed := map[string]Kind{RefMain: KindMain, RefLease: KindLease, RefLog: KindLog, RefAttestations: KindAttestations}
	if kind, ok := fixed[ref]; ok {
		return Name{Kind: kind}, nil
	}
	for _, form := range []struct {
		prefix string
		parse  func(parts []string) (Name, bool)
	}{
		{PrefixLedger, named(KindLedger)}, {PrefixPins, named(KindPin)}, {PrefixQuarantine, named(KindQuarantine)},
		{PrefixArchive, parseArchive}, {PrefixChanges, parseChange}, {PrefixTasks, parseTask}, {PrefixAgents, parseAgent},
	} {
		if rest, ok := strings.CutPrefix(ref, form.prefix); ok {
			if name, ok := form.parse(strings.Split(rest, "/")); ok {
				return name, nil
			}
		}
	}
	return Name{}, fmt.Errorf("%q is not a reference of a kernel", ref)
}

func named(kind Kind) func([]string) (Name, bool) {
	return func(parts []string) (Name, bool) {
		return Name{Kind: kind, ID: parts[0]}, len(parts) == 1 && CheckName(parts[0]) == nil
	}
}

func parseArchive(parts []string) (Name, bool) {
	_, err := time.Parse("2006-01", parts[0])
	return Name{Kind: KindArchive, ID: parts[0]}, len(parts) == 1 && err == nil
}

func parseChange(parts []string) (Name, bool) {
	switch {
	case len(parts) < 3 || !sharded(parts):
		return Name{}, false
	case len(parts) == 3:
		return Name{Kind: KindChange, ID: parts[1]}, parts[2] == "meta"
	}
	n, err := strconv.Atoi(parts[3])
	ok := err == nil && n > 0 && strconv.Itoa(n) == parts[3]
	return Name{Kind: KindPatchSet, ID: parts[1], Number: n}, ok && len(parts) == 4 && parts[2] == "ps"
}

func parseTask(parts []string) (Name, bool) {
	ok := len(parts) == 3 && sharded(parts) && parts[2] == "meta"
	if !ok {
		return Name{}, false
	}
	return Name{Kind: KindTask, ID: parts[1]}, true
}

func sharded(parts []string) bool { return CheckID(parts[1]) == nil && parts[0] == shard(parts[1]) }

func parseAgent(parts []string) (Name, bool) {
	if len(parts) != 2 || CheckName(parts[0]) != nil || CheckName(parts[1]) != nil {
		return Name{}, false
	}
	return Name{Kind: KindAgent, ID: parts[0], Task: parts[1]}, true
}
