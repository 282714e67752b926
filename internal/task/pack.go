package task

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/oplog"
)

// FormatVersion is the version of operation packs that this package writes, and the newest that it reads.
const FormatVersion = 1

// Pack is what one commit adds to a task: operations made together. The Digest of the first pack is the task's id.
type Pack = oplog.Pack[Operation]

// BrokenError says that a task cannot be read. The other tasks go on without it.
type BrokenError = oplog.BrokenError

// format is how tasks are written down.
func format() oplog.Format[Operation] {
	return oplog.Format[Operation]{Noun: "task", Version: FormatVersion, Encode: encode, Decode: decode}
}

// NewPack encodes operations made at a Lamport clock.
func NewPack(lamport uint64, ops []Operation) (Pack, error) { return format().New(lamport, ops) }

// ParsePack reads the canonical bytes of a pack: unknown kinds, unknown fields and other spellings are refused.
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
	case KindStart:
		return body[Started](data)
	case KindEnd:
		return body[Ended](data)
	case KindPropose:
		return body[Proposed](data)
	case KindReturn:
		return body[Returned](data)
	case KindFollow:
		return body[Followed](data)
	case KindLand:
		return body[Landed](data)
	case KindNote:
		return body[Noted](data)
	case KindSuspend:
		return body[Stopped](data)
	case KindResume:
		return body[Resumed](data)
	case KindRetry:
		return body[Retried](data)
	case KindFail:
		return body[Failure](data)
	case KindCancel:
		return body[Cancellation](data)
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
