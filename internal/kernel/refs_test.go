package kernel

import (
	"strings"
	"testing"
	"time"
)

func TestParseRef(t *testing.T) {
	t.Parallel()
	id, task := changeID(0xab), changeID(7)
	for ref, want := range map[string]Name{
		RefMain:                     {Kind: KindMain},
		RefLease:                    {Kind: KindLease},
		RefLog:                      {Kind: KindLog},
		RefAttestations:             {Kind: KindAttestations},
		LedgerRef("k-1"):            {Kind: KindLedger, ID: "k-1"},
		ChangeMeta(id):              {Kind: KindChange, ID: id},
		ChangePatchSet(id, 12):      {Kind: KindPatchSet, ID: id, Number: 12},
		TaskMeta(task):              {Kind: KindTask, ID: task},
		PinRef("t.1"):               {Kind: KindPin, ID: "t.1"},
		QuarantineRef("t"):          {Kind: KindQuarantine, ID: "t"},
		AgentBranch("coder", "t_1"): {Kind: KindAgent, ID: "coder", Task: "t_1"},
		ArchiveRef(time.Date(2026, 11, 30, 23, 30, 0, 0, time.FixedZone("", -7200))): {Kind: KindArchive, ID: "2026-12"},
	} {
		if have, err := ParseRef(ref); err != nil || have != want {
			t.Errorf("%s: %+v, %v", ref, have, err)
		}
	}
}

func TestParseRefRefused(t *testing.T) {
	t.Parallel()
	id := changeID(1)
	for _, ref := range []string{"", "main", "refs/heads/other", "refs/heads/main/x", "refs/adamant/lease/x", "refs/adamant/ledger/",
		"refs/adamant/ledger/a/b", "refs/adamant/ledger/A", "refs/adamant/ledger/a..b", "refs/adamant/ledger/a.lock", "refs/adamant/pins/-a",
		"refs/adamant/changes/" + id + "/meta", "refs/adamant/changes/ff/" + id + "/meta", "refs/adamant/changes/00/" + id,
		"refs/adamant/changes/00/" + id[:63] + "/meta", ChangeMeta(id) + "/x", ChangePatchSet(id, 0), ChangePatchSet(id, -1),
		strings.Replace(ChangePatchSet(id, 1), "/1", "/01", 1), ChangePatchSet(id, 1) + "/1", TaskMeta(id) + "x", TaskMeta(strings.ToUpper(changeID(0xab))),
		"refs/adamant/archive/2026-13", "refs/adamant/archive/2026-1", "refs/adamant/archive/2026-11/x", "refs/heads/agents/a",
		"refs/heads/agents/a/b/c", "refs/heads/agents/a/B", "refs/for/main", "refs/notes/x", PinRef(strings.Repeat("a", 65)),
	} {
		if have, err := ParseRef(ref); err == nil {
			t.Errorf("%q is %+v", ref, have)
		}
	}
}

// What ParseRef takes apart can be put together again, so that no reference has two names.
func FuzzParseRef(f *testing.F) {
	for _, ref := range []string{RefMain, RefLease, LedgerRef("a"), ChangeMeta(changeID(1)), ChangePatchSet(changeID(1), 3), AgentBranch("a", "b"), "refs/adamant/archive/2026-11"} {
		f.Add(ref)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		name, err := ParseRef(ref)
		if err != nil {
			return
		}
		month, _ := time.Parse("2006-01", name.ID) // only of an archive
		again := map[Kind]string{KindMain: RefMain, KindLease: RefLease, KindLog: RefLog, KindAttestations: RefAttestations,
			KindLedger: LedgerRef(name.ID), KindChange: ChangeMeta(name.ID), KindPatchSet: ChangePatchSet(name.ID, name.Number),
			KindTask: TaskMeta(name.ID), KindPin: PinRef(name.ID), KindQuarantine: QuarantineRef(name.ID),
			KindArchive: ArchiveRef(month), KindAgent: AgentBranch(name.ID, name.Task)}[name.Kind]
		if again != ref {
			t.Errorf("%q became %+v and then %q", ref, name, again)
		}
	})
}
