package backtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
)

func neededRow(level risk.Level, change func(*Row)) Row {
	row := Row{Commit: "c", Level: level, Band: risk.Low, Decision: Needed}
	change(&row)
	return row
}

func TestBestSettingAcceptsTheGateThatHoldsMost(t *testing.T) {
	t.Parallel()
	cfg := manifest.Defaults()
	missing := func(r *Row) {
		r.Band = risk.Medium
		r.Gates = []GateRow{{Name: "integration", State: gate.Unavailable}}
	}
	rows := []Row{neededRow(risk.Medium, missing), neededRow(risk.Medium, missing), neededRow(risk.High, func(r *Row) {
		r.Floor = []FloorRow{{Level: risk.High, Rule: "governance/agents", Path: "AGENTS.md"}}
	})}
	s := bestSetting(rows, cfg, 3)
	if s == nil || !strings.Contains(s.YAML, "gate: integration") || s.Needed != 1 || !s.Halves {
		t.Errorf("got %+v, want integration accepted with one left", s)
	}
}

func TestNoSettingTalksGovernanceAway(t *testing.T) {
	t.Parallel()
	rows := []Row{neededRow(risk.Critical, func(r *Row) {
		r.Floor = []FloorRow{{Level: risk.Critical, Rule: "governance/policy", Path: ".adamant/policy/a.rego"}}
	})}
	if s := bestSetting(rows, manifest.Defaults(), 1); s != nil {
		t.Errorf("proposed %+v", s)
	}
}

func TestNoSettingWhereNothingWouldHelp(t *testing.T) {
	t.Parallel()
	rows := []Row{neededRow(risk.Medium, func(r *Row) { r.Holds = []RefusalRow{{Rule: "x"}} })}
	if s := bestSetting(rows, manifest.Defaults(), 1); s != nil {
		t.Errorf("proposed %+v", s)
	}
}

func TestTallyCountsAChangeOnce(t *testing.T) {
	t.Parallel()
	row := neededRow(risk.High, func(r *Row) {
		r.Floor = []FloorRow{{Level: risk.High, Rule: "a", Path: "1"}, {Level: risk.High, Rule: "a", Path: "2"}, {Level: risk.Medium, Rule: "b"}}
	})
	got := tally{}
	got.add(row, causes(row))
	if list := got.sorted(); len(list) != 1 || list[0].Changes != 1 || list[0].Alone != 1 {
		t.Errorf("got %+v", list)
	}
}

func TestStoreJudgesATornLineAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(path, []byte(`{"commit":"a","level":"low","band":"low","time":"2026-01-01T00:00:00Z"}`+"\n"+`{"commit":"b","lev`), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s := &store{rows: map[string]Row{}, file: file}
	if err := s.load(path); err != nil {
		t.Fatal(err)
	}
	if err := s.put(Row{Commit: "b", Time: time.Unix(0, 0)}); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	again := &store{rows: map[string]Row{}}
	if err := again.load(path); err != nil {
		t.Fatal(err)
	}
	if _, a := again.get("a"); !a {
		t.Error("a whole line was lost")
	}
	if _, b := again.get("b"); !b {
		t.Error("the row after a torn line was lost")
	}
}

func TestOddFoldersAreNotProposed(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]bool{"src/auth": true, "src/a\naccept:": false, "src/**": false, "src/a: b": false, "-x/a": false, "src/{a,b}": false, "src/ä": false} {
		rows := []Row{{Decision: Needed, Floor: []FloorRow{{Level: risk.High, Rule: "sensitive/authentication", Path: folder + "/login.go"}}}}
		if got := len(proposals(rows)) > 0; got != want {
			t.Errorf("folder %q is proposed: %v, want %v", folder, got, want)
		}
	}
}
