package change

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/oplog"
)

// FormatVersion is the version of operation packs that this package writes, and the newest that it reads.
const FormatVersion = 1

// Pack is what one commit adds to a change: operations made together. The Digest of the first pack is the change's id.
type Pack = oplog.Pack[Operation]

// FutureError says that a pack was written by a later version of adamant.
type FutureError = oplog.FutureError

// format is how changes are written down.
func format() oplog.Format[Operation] {
	return oplog.Format[Operation]{Noun: "change", Version: FormatVersion, Encode: encode, Decode: decode}
}

// NewPack encodes operations made at a Lamport clock.
func NewPack(lamport uint64, ops []Operation) (Pack, error) { return format().New(lamport, ops) }

// ParsePack reads the canonical bytes of a pack: unknown kinds, unknown fields and other spellings are refused. A later
// version is a *FutureError.
func ParsePack(data []byte) (Pack, error) { return format().Parse(data) }

func encode(op Operation) (oplog.Record, error) {
	if op.Body == nil {
		return oplog.Record{}, errors.New("it has no kind")
	}
	body, err := json.Marshal(op.Body)
	return oplog.Record{Kind: string(op.Body.Kind()), Time: op.Time, Actor: op.Actor, Body: body}, err
}

func decode(r oplog.Record) (Operation, error) {
	body, err := decodeBody(Kind(r.Kind), r.Body)
	if err != nil {
		return Operation{}, err
	}
	op := Operation{Time: r.Time, Actor: r.Actor, Body: body}
	return op, op.check()
}

// decodeBody is the registry of kinds.
func decodeBody(kind Kind, data []byte) (Body, error) {
	switch kind {
	case KindOpen:
		return body[Opening](data)
	case KindPatchSet:
		return body[NewPatchSet](data)
	case KindCheck:
		return body[CheckStart](data)
	case KindCheckFailed:
		return body[CheckError](data)
	case KindAssess:
		return body[Assessed](data)
	case KindAskReview:
		return body[ReviewAsked](data)
	case KindReview:
		return body[Reviewed](data)
	case KindComment:
		return body[Comment](data)
	case KindAsk:
		return body[Asked](data)
	case KindApprove:
		return body[Approved](data)
	case KindReject:
		return body[Refused](data)
	case KindAccept:
		return body[Accepted](data)
	case KindSoakStart:
		return body[SoakStarted](data)
	case KindEnqueue:
		return body[Enqueued](data)
	case KindDequeue:
		return body[Dequeued](data)
	case KindMerge:
		return body[MergeStarted](data)
	case KindLand:
		return body[Landed](data)
	case KindRelease:
		return body[InEnvironment](data)
	case KindRevertOpened:
		return body[RevertOpened](data)
	case KindRevert:
		return body[TakenBack](data)
	case KindAbandon:
		return body[GivenUp](data)
	case KindSuspend:
		return body[Stopped](data)
	case KindResume:
		return body[Continued](data)
	}
	return nil, fmt.Errorf("kind: %q is not one that format version %d knows", kind, FormatVersion)
}

func body[B Body](data []byte) (Body, error) {
	var b B
	if err := oplog.Strict(data, &b); err != nil {
		return nil, fmt.Errorf("%s: %w", b.Kind(), err)
	}
	return b, nil
}

func comparePacks(a, b Pack) int { return oplog.Compare(a, b) }
