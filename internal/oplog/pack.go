// Package oplog keeps in git what is nothing but its operations, such as changes and tasks (docs/formats/change.md, from
// "Operation commits" on): packs of operations in canonical JSON, ordered by Lamport clocks, in a DAG of small commits.
//
// It promises that any two readers of the same commits see the same packs and that bytes of another form, broken clocks and a
// wrong root are refused. It never knows what an operation means, and moves no reference.
package oplog

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

// What a pack may hold.
const (
	MaxPack       = 4 << 20 // bytes
	maxOperations = 1_000
	maxLamport    = 1 << 52 // exact in every JSON reader
)

// Format is how one sort of thing is written down. O is its operation.
type Format[O any] struct {
	Noun    string // change, task
	Version int    // that is written, and the newest that is read
	Encode  func(O) (Record, error)
	Decode  func(Record) (O, error) // refuses what it does not know
}

// Record is an operation on its way to or from JSON.
type Record struct {
	Kind  string
	Time  time.Time // UTC, whole seconds
	Actor string
	Body  json.RawMessage
}

// Pack is what one commit adds: operations made together. Digest is the sha256 of its canonical bytes; that of the first pack
// is the id of the thing.
type Pack[O any] struct {
	Lamport    uint64 // 1 for the first; otherwise more than those of all packs that its author had seen
	Operations []O
	Digest     string
	Bytes      []byte  // canonical JSON
	Commit     git.OID // where it is stored; "" while it is not
}

// Compare is the one order that every reader agrees on: by Lamport clock, then by digest.
func Compare[O any](a, b Pack[O]) int {
	return cmp.Or(cmp.Compare(a.Lamport, b.Lamport), strings.Compare(a.Digest, b.Digest))
}

// FutureError says that a pack was written by a later version of adamant.
type FutureError struct{ Version, Known int }

func (e *FutureError) Error() string {
	return fmt.Sprintf("operations of format version %d; this adamant reads up to %d: update adamant", e.Version, e.Known)
}

type packJSON struct {
	Version    int             `json:"v"`
	Lamport    uint64          `json:"lamport"`
	Operations []operationJSON `json:"ops"`
}

type operationJSON struct {
	Kind  string          `json:"kind"`
	Time  string          `json:"time"`
	Actor string          `json:"actor"`
	Body  json.RawMessage `json:"body"`
}

// New encodes operations made at a Lamport clock.
func (f Format[O]) New(lamport uint64, ops []O) (Pack[O], error) {
	doc := packJSON{Version: f.Version, Lamport: lamport, Operations: make([]operationJSON, len(ops))}
	for i, op := range ops {
		r, err := f.Encode(op)
		if err != nil {
			return Pack[O]{}, fmt.Errorf("encoding operation %d: %w", i, err)
		}
		doc.Operations[i] = operationJSON{Kind: r.Kind, Time: r.Time.UTC().Format(time.RFC3339), Actor: r.Actor, Body: r.Body}
	}
	data, err := manifest.CanonicalJSON(doc)
	if err != nil {
		return Pack[O]{}, fmt.Errorf("encoding operations: %w", err)
	}
	return f.Parse(data)
}

// Parse reads the canonical bytes of a pack: unknown kinds, unknown fields and other spellings are refused. A later version is a
// *FutureError.
func (f Format[O]) Parse(data []byte) (Pack[O], error) {
	if len(data) > MaxPack {
		return Pack[O]{}, fmt.Errorf("operations of %d bytes, over the limit of %d", len(data), MaxPack)
	}
	var version struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return Pack[O]{}, fmt.Errorf("operations are not JSON: %w", err)
	}
	if version.Version > f.Version {
		return Pack[O]{}, &FutureError{Version: version.Version, Known: f.Version}
	}
	var doc packJSON
	if err := Strict(data, &doc); err != nil {
		return Pack[O]{}, err
	}
	return f.pack(doc, data)
}

func (f Format[O]) pack(doc packJSON, data []byte) (Pack[O], error) {
	switch {
	case doc.Version != f.Version:
		return Pack[O]{}, fmt.Errorf("operations of format version %d; the first version is %d", doc.Version, f.Version)
	case doc.Lamport < 1 || doc.Lamport > maxLamport:
		return Pack[O]{}, fmt.Errorf("lamport: %d is not between 1 and %d", doc.Lamport, uint64(maxLamport))
	case len(doc.Operations) == 0 || len(doc.Operations) > maxOperations:
		return Pack[O]{}, fmt.Errorf("%d operations, want 1 to %d", len(doc.Operations), maxOperations)
	}
	canonical, err := manifest.CanonicalJSON(json.RawMessage(data))
	if err != nil {
		return Pack[O]{}, fmt.Errorf("operations: %w", err)
	}
	if !bytes.Equal(canonical, data) {
		return Pack[O]{}, errors.New("operations are not in canonical JSON")
	}
	p := Pack[O]{Lamport: doc.Lamport, Bytes: data, Operations: make([]O, len(doc.Operations))}
	for i, raw := range doc.Operations {
		if p.Operations[i], err = f.operation(raw); err != nil {
			return Pack[O]{}, fmt.Errorf("ops[%d]: %w", i, err)
		}
	}
	sum := sha256.Sum256(data)
	p.Digest = hex.EncodeToString(sum[:])
	return p, nil
}

func (f Format[O]) operation(raw operationJSON) (O, error) {
	var none O
	at, err := time.Parse(time.RFC3339, raw.Time)
	if err != nil {
		return none, fmt.Errorf("time: %q is not RFC 3339", raw.Time)
	}
	if at.UTC().Format(time.RFC3339) != raw.Time {
		return none, fmt.Errorf("time: %q is not in UTC and whole seconds", raw.Time)
	}
	return f.Decode(Record{Kind: raw.Kind, Time: at.UTC(), Actor: raw.Actor, Body: raw.Body})
}

// Strict decodes one JSON value and refuses fields that are not part of it.
func Strict(data []byte, into any) error {
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
