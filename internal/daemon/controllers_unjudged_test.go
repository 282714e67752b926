package daemon

import (
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/operator"
)

// TestUnjudgedMove: from the moment a move of main is known until it is judged the inbox says that nobody judged it and that somebody does.
func TestUnjudgedMove(t *testing.T) {
	t.Parallel()
	m := move{ID: "a1", From: "1111111111112222222222223333333333334444", To: "5555555555556666666666667777777777778888", At: time.Unix(0, 0),
		Order: &operator.Order{Operator: "ada", Reason: "payments are down since nine"}}
	d := &Daemon{}
	d.setMoves([]move{m})
	items := d.concerns()
	if len(items) != 1 || items[0].Title != "main has what nobody judged, by order of ada" || !strings.Contains(items[0].What, `555555555555, judged by nobody: "payments are down since nine"`) ||
		!strings.Contains(items[0].Why, "being judged") || items[0].Status != "judging" || items[0].Level != "critical" {
		t.Errorf("%+v", items)
	}
	m.Judged = &judged{Decision: "deny", Level: "high"}
	d.setMoves([]move{m})
	if items = d.concerns(); len(items) != 1 || items[0].Status != "moved" {
		t.Errorf("judged: %+v", items)
	}
	d.duties.moves[0].Judged, d.duties.moves[0].Seen = nil, true
	if items = d.concerns(); len(items) != 0 {
		t.Errorf("seen: %+v", items)
	}
}
