package projection

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"context"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/tlog"
)

// Kind is the kind of the ledger entry that holds what was signed.
const Kind = "trust.logged"

// rekordLimit is the size of the largest hashedrekord body in bytes.
const rekordLimit = 32 << 10

// logged is the body of such an entry. The text is kept as a string: the leaf has exactly its bytes.
type logged struct {
	Rekord string `json:"rekord"`
}

// Belongs says whether entries of a kind are leaves: what was signed, judged, approved and ordered, and each move of main.
func Belongs(kind string) bool {
	family, rest, _ := strings.Cut(kind, ".")
	switch family {
	case "admit", "approval", "build", "kernel", "landing", "operator", "trust", "waiver":
		return true
	case "change":
		return rest == "assess" || rest == "approve" || rest == "reject" || rest == "accept-unavailable"
	}
	switch kind {
	case ledger.KeyAdded, ledger.MovedByHand, ledger.QueuePaused, ledger.QueueResumed, ledger.TokenNew, ledger.TokenRevoke, "main.judged":
		return true
	}
	return false
}

// Leaf is an entry as the log has it: the body that was signed for, else the ledger's line, or the line's hash where it is too long.
func Leaf(e ledger.Entry) []byte {
	if e.Kind == Kind {
		var body logged
		if err := json.Unmarshal(e.Body, &body); err == nil && body.Rekord != "" && len(body.Rekord) <= rekordLimit {
			return []byte(body.Rekord)
		}
	}
	line := e.Line()
	if len(line) <= tlog.LeafLimit {
		return line
	}
	return fmt.Appendf(nil, `{"ledger":%q,"seq":%d,"sha256":"%s"}`, e.Writer, e.Seq, sum(line))
}

func sum(line []byte) string {
	hash := sha256.Sum256(line)
	return hex.EncodeToString(hash[:])
}

func markOf(e ledger.Entry) mark { return mark{Seq: e.Seq, Hash: sum(e.Line())} }

// since yields the entries of a ledger behind a mark, in order. A ledger that does not have the entry of the mark is an *Alarm.
func since(ctx context.Context, repo *git.Repo, source ledger.Source, at mark) iter.Seq2[ledger.Entry, error] {
	if at.Seq == 0 {
		return ledger.ReadFrom(ctx, repo, source)
	}
	return func(yield func(ledger.Entry, error) bool) {
		var late []ledger.Entry
		for e, err := range ledger.Newest(ctx, repo, source) {
			if err != nil {
				yield(e, err)
				return
			}
			if e.Seq > at.Seq {
				late = append(late, e)
				continue
			}
			if e.Seq == at.Seq && markOf(e) == at {
				for i := len(late) - 1; i >= 0; i-- {
					if !yield(late[i], nil) {
						return
					}
				}
				return
			}
			break
		}
		yield(ledger.Entry{}, rewound(source, at))
	}
}
