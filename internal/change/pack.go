package change

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// FormatVersion is the version of operation packs that this package writes, and the newest that it reads.
const FormatVersion = 1

// What a pack may hold.
const (
	maxPack       = 4 << 20 // bytes
	maxOperations = 1_000
	maxLamport    = 1 << 52 // exact in every JSON reader
)

// Pack is what one commit adds to a change: operations made together. Digest is the sha256 of its canonical bytes; that of
// the first pack is the change's id.
type Pack struct {
	Lamport    uint64 // 1 for the first; otherwise more than those of all packs that its author had seen
	Operations []Operation
	Digest     string
	Bytes      []byte  // canonical JSON
	Commit     git.OID // where it is stored; "" while it is not
}

// FutureError says that a pack was written by a later version of adamant.
type FutureError struct{ Version int }

func (e *FutureError) Error() string {
	return fmt.Sprintf("operations of format version %d; this adamant reads up to %d: update adamant", e.Version, FormatVersion)
}

type packJSON struct {
	Version    int             `json:"v"`
	Lamport    uint64          `json:"lamport"`
	Operations []operationJSON `json:"ops"`
}

type operationJSON struct {
	Kind  Kind            `json:"kind"`
	Time  string          `json:"time"`
	Actor string          `json:"actor"`
	Body  json.RawMessage `json:"body"`
}

// NewPack encodes operations made at a Lamport clock.
func NewPack(lamport uint64, ops []Operation) (Pack, error) {
	doc := packJSON{Version: FormatVersion, Lamport: lamport, Operations: make([]operationJSON, len(ops))}
	for i, op := range ops {
		body, err := json.Marshal(op.Body)
		if err != nil {
			return Pack{}, fmt.Errorf("encoding operation %d: %w", i, err)
		}
		if op.Body == nil {
			return Pack{}, fmt.Errorf("encoding operation %d: it has no kind", i)
		}
		doc.Operations[i] = operationJSON{Kind: op.Body.Kind(), Time: op.Time.UTC().Format(time.RFC3339), Actor: op.Actor, Body: body}
	}
	data, err := manifest.CanonicalJSON(doc)
	if err != nil {
		return Pack{}, fmt.Errorf("encoding operations: %w", err)
	}
	return ParsePack(data)
}

// ParsePack reads the canonical bytes of a pack: unknown kinds, unknown fields and other spellings are refused. A later
// version is a *FutureError.
func ParsePack(data []byte) (Pack, error) {
	if len(data) > maxPack {
		return Pack{}, fmt.Errorf("operations of %d bytes, over the limit of %d", len(data), maxPack)
	}
	var version struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return Pack{}, fmt.Errorf("operations are not JSON: %w", err)
	}
	if version.Version > FormatVersion {
		return Pack{}, &FutureError{Version: version.Version}
	}
	var doc packJSON
	if err := strict(data, &doc); err != nil {
		return Pack{}, err
	}
	return doc.pack(data)
}

func (doc packJSON) pack(data []byte) (Pack, error) {
	switch {
	case doc.Version != FormatVersion:
		return Pack{}, fmt.Errorf("operations of format version %d; the first version is %d", doc.Version, FormatVersion)
	case doc.Lamport < 1 || doc.Lamport > maxLamport:
		return Pack{}, fmt.Errorf("lamport: %d is not between 1 and %d", doc.Lamport, uint64(maxLamport))
	case len(doc.Operations) == 0 || len(doc.Operations) > maxOperations:
		return Pack{}, fmt.Errorf("%d operations, want 1 to %d", len(doc.Operations), maxOperations)
	}
	canonical, err := manifest.CanonicalJSON(json.RawMessage(data))
	if err != nil {
		return Pack{}, fmt.Errorf("operations: %w", err)
	}
	if !bytes.Equal(canonical, data) {
		return Pack{}, errors.New("operations are not in canonical JSON")
	}
	p := Pack{Lamport: doc.Lamport, Bytes: data, Operations: make([]Operation, len(doc.Operations))}
	for i, raw := range doc.Operations {
		if p.Operations[i], err = raw.operation(); err != nil {
			return Pack{}, fmt.Errorf("ops[%d]: %w", i, err)
		}
	}
	sum := sha256.Sum256(data)
	p.Digest = hex.EncodeToString(sum[:])
	return p, nil
}

func (raw operationJSON) operation() (Operation, error) {
	at, err := time.Parse(time.RFC3339, raw.Time)
	if err != nil {
		return Operation{}, fmt.Errorf("time: %q is not RFC 3339", raw.Time)
	}
	if at.UTC().Format(time.RFC3339) != raw.Time {
		return Operation{}, fmt.Errorf("time: %q is not in UTC and whole seconds", raw.Time)
	}
	body, err := decodeBody(raw.Kind, raw.Body)
	if err != nil {
		return Operation{}, err
	}
	op := Operation{Time: at.UTC(), Actor: raw.Actor, Body: body}
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
	if err := strict(data, &b); err != nil {
		return nil, fmt.Errorf("%s: %w", b.Kind(), err)
	}
	return b, nil
}

// strict decodes one JSON value and refuses fields that are not part of it.
func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

func comparePacks(a, b Pack) int {
	return cmp.Or(cmp.Compare(a.Lamport, b.Lamport), strings.Compare(a.Digest, b.Digest))
}
