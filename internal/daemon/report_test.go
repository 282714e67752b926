package daemon

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	audit "github.com/adamant-os/adamant/internal/report"
	"github.com/adamant-os/adamant/internal/risk"
)

// TestBrokenGlassIsReported: a change that waits and that break-glass --land puts on main is in the auditor's report as landed by that
// order, with what the gate said before and afterwards, and with no word of the gate having let it land.
func TestBrokenGlassIsReported(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	codes := h.enrol(newOperatorKey(t)).Codes
	h.edit("hot", "broken", "", "Payments are back")
	onto, lands := strings.TrimSpace(h.clone.Git("rev-parse", "main")), strings.TrimSpace(h.clone.Git("rev-parse", "hot"))
	pushed := h.push(h.writer("ada"), "HEAD")
	h.down()
	h.breakGlass(onto, lands, "payments are down since nine", codes[0])
	h.up()
	h.await(pushed, change.Merged)
	h.until("the move is judged", func() bool { return h.ledger(kindJudged) == 1 })
	h.down()

	repo, err := git.Open(t.Context(), h.kernelGit())
	must(t, err)
	defer repo.Close()
	r, err := audit.Collect(t.Context(), repo, audit.Options{Until: h.now().Add(time.Hour), Unverified: "it is a test"})
	must(t, err)
	if len(r.Landed) != 1 || r.Landed[0].Past == nil || r.Landed[0].Past.After == nil {
		t.Fatalf("%+v", r.Landed)
	}
	row, past := r.Landed[0], *r.Landed[0].Past
	level, err := risk.ParseLevel(past.After.Level)
	must(t, err)
	if past.How != audit.ByOrder || past.By != "ada" || past.Reason != "payments are down since nine" || past.Record == "" || past.After.Decision != "deny" || row.NotJudged || row.Level < level {
		t.Errorf("%+v, %+v", row, past)
	}
	var md bytes.Buffer
	must(t, audit.Markdown(&md, r))
	if text := md.String(); strings.Contains(text, "the gate lets it land") || !strings.Contains(text, "past the gate by order of ada") || !strings.Contains(text, "1 of these by break-glass") {
		t.Errorf("%s", text)
	}
}
