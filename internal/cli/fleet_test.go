package cli

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/task"
)

var updateFleet = flag.Bool("update-fleet", false, "write the golden files of the fleet view")

func sampleFleet() api.Fleet {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	summary := func(id, title, status, agent string, attempts int, nano int64, since time.Duration, why string) api.TaskSummary {
		return api.TaskSummary{ID: strings.Repeat(id, 8), Title: title, Status: status, Agent: agent, Attempts: attempts, Spent: task.Spent{NanoUSD: nano}, Updated: ago(since), Why: why}
	}
	stuck := summary("3f2a9c0d", "Move the invoices to the new table", "suspended", "coder", 3, 210_000_000, 3*time.Minute,
		"attempt 3 was stopped by cycle: 4 times the same call with the same answer: go test ./internal/invoice")
	stuck.Next = "adamant task resume 3f2a9c0d3f2a9c0d | retry | cancel"
	return api.Fleet{Time: noon, Name: "shop", Running: 2, Limit: 4, DaySpent: 410_000_000, DayLimit: 25_000_000_000, Tasks: []api.FleetTask{
		{TaskSummary: stuck},
		{TaskSummary: summary("77aa0c1e", "Add rate limiting to billing, per customer and per key, with a test for both", "running", "coder", 1, 0, time.Minute, "coder works on it"),
			Works: &task.RunningAttempt{Agent: "coder", Since: ago(42 * time.Second), Doing: "edit internal/billing/rate.go", Turn: 14, Model: "claude-opus", Spent: task.Spent{NanoUSD: 40_000_000},
				Limit: task.Spent{NanoUSD: 2_000_000_000, Requests: 150}, Alarm: "nudge: 3 times the same call"}},
		{TaskSummary: summary("9b00d1f2", "Say what the API returns", "reviewing", "coder", 2, 30_000_000, time.Minute, "reader reads it"),
			Works: &task.RunningAttempt{Agent: "reader", Since: ago(5 * time.Second), Model: "gpt-large", Spent: task.Spent{NanoUSD: 4_000_000}}},
		{TaskSummary: summary("c4c4c4c4", "Update the copyright", "gating", "coder", 1, 12_000_000, 8*time.Second, "the gate judges it: patch set 1 was not judged yet")},
		{TaskSummary: summary("1d2e3f40", "Split the billing package", "queued", "coder", 0, 0, 4*time.Minute, "after task 77aa0c1e77aa0c1e: both write internal/billing/rate.go")},
	}, Recent: []api.TaskSummary{
		summary("a0a0a0a0", "Write a page about refunds", "done", "coder", 2, 120_000_000, time.Hour, ""),
		summary("b1b1b1b1", "Drop the old queue", "cancelled", "coder", 1, 500_000, 2*time.Hour, "")}}
}

// TestFleetText shows the fleet at 80 columns, without colour, as in testdata.
func TestFleetText(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]api.Fleet{"fleet": sampleFleet(), "fleet-empty": {Name: "shop", Limit: 4, Held: "paused by operator:local: lunch"}} {
		got := fleetText(f, fleetWidth, style{})
		for _, line := range strings.Split(got, "\n") {
			if n := len([]rune(line)); n > fleetWidth {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		if strings.Contains(got, "\x1b") {
			t.Error("colour without a terminal")
		}
		path := filepath.Join("testdata", name+".txt")
		if *updateFleet {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s, got:\n%s", path, got)
		}
	}
}

// TestFleetModel scrolls within its bounds, keeps the last answer when the daemon is away, and fills the screen exactly.
func TestFleetModel(t *testing.T) {
	t.Parallel()
	m := &fleetModel{fleet: sampleFleet(), width: 80, height: 10}
	for _, key := range []string{"down", "pgdown", "pgdown", "pgdown", "up", "k", "j"} {
		m.key(key)
		if n := strings.Count(m.page(), "\n") + 1; n != 10 {
			t.Fatalf("after %s the page has %d lines:\n%s", key, n, m.page())
		}
	}
	m.Update(tea.WindowSizeMsg{Width: 100, Height: 60})
	if page := m.page(); m.top != 0 || strings.Count(page, "\n")+1 != 60 || !strings.Contains(page, "q ends") {
		t.Errorf("on a large screen:\n%s", page)
	}
	m.Update(fleetNews{err: errors.New("it is down")})
	if page := m.page(); !strings.Contains(page, "it is down") || !strings.Contains(page, "Split the billing package") {
		t.Errorf("without a daemon:\n%s", page)
	}
	if cmd := m.key("q"); cmd == nil {
		t.Error("q does not end it")
	}
	if v := m.View(); !v.AltScreen {
		t.Error("the view leaves its traces in the terminal")
	}
}
