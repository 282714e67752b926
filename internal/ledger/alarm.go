package ledger

import "fmt"

// The kinds of alarms.
const (
	Malformed  = "malformed"   // a line or file that is not the format's
	NewVersion = "new-version" // written by a newer adamant
	TooLarge   = "too-large"
	Gap        = "gap"       // entries are missing
	Reordered  = "reordered" // a sequence number out of its place
	Broken     = "broken"    // a line does not continue the one before
	Fork       = "fork"      // one writer, two entries with the same number
	Rewritten  = "rewritten" // a segment or the history is not what it was
	Nonlinear  = "nonlinear" // a merge in a writer's history
	Unsigned   = "unsigned"
	BadSigner  = "bad-signature"
	StrangeKey = "strange-key" // a good signature by a key that was not introduced
	Lost       = "lost"        // a ledger that was here is gone
	Unfinished = "unfinished"  // a landing was begun before the one before it ended
)

// Alarm is one thing that is wrong with a ledger. It is an error: reading ends at the first.
type Alarm struct {
	Kind   string `json:"kind"`
	Writer string `json:"writer"`
	Place  Place  `json:"place"`
	What   string `json:"what"`
	Do     string `json:"do"` // what to do about it
}

func (a *Alarm) Error() string {
	return fmt.Sprintf("%s: %s: %s; %s", a.Place, a.Kind, a.What, a.Do)
}

// What to do about each kind.
func advice(kind, writer string) string {
	switch kind {
	case NewVersion:
		return "install a newer adamant, then run: adamant log verify"
	case Unfinished:
		return "run adamant doctor in the kernel; do not land anything before"
	case Unsigned, BadSigner, StrangeKey:
		return "trust nothing after this place; ask who holds the key of writer " + writer
	case Fork, Rewritten, Lost, Nonlinear:
		return "somebody rewrote it: keep this clone, compare with another one or the mirror, and restore from the good one"
	}
	return "trust nothing after this place; compare with another clone or the mirror, and restore from the good one"
}

func alarm(kind, writer string, at Place, format string, args ...any) *Alarm {
	return &Alarm{Kind: kind, Writer: writer, Place: at, What: fmt.Sprintf(format, args...), Do: advice(kind, writer)}
}
