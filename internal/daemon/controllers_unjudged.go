package daemon

import (
	"fmt"

	"github.com/adamant-os/adamant/internal/operator/desk"
)

// unjudged is what the inbox has of a move from its discovery until the gate has looked at it, which takes as long as all its checks.
func (m move) unjudged() desk.Item {
	item := desk.Item{ID: m.ID, Title: "main has what nobody judged, put there by hand", Level: "critical", Status: "judging", Since: m.At,
		What: fmt.Sprintf("main went from %s to %s, judged by nobody", name(m.From), name(m.To)),
		Why:  "it is being judged now; what the gate would have said comes here", Next: "adamant inbox"}
	if m.Order != nil {
		item.Title = "main has what nobody judged, by order of " + m.Order.Operator
		item.What += fmt.Sprintf(": %q", m.Order.Reason)
	}
	return item
}
