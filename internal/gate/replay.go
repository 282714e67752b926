package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// ErrDiffers says that a verdict does not follow from its assessment, or an assessment from its digest: somebody edited it.
var ErrDiffers = errors.New("the document was edited")

// Replay judges a saved document again. An input document gives its verdict at the document's own instant; a verdict is
// decided again from its assessment, approvals, soak and instant, and must come out the same.
func Replay(ctx context.Context, data []byte) (*Verdict, error) {
	var kind struct {
		APIVersion string `json:"apiVersion"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, fmt.Errorf("reading the document: %w", err)
	}
	switch kind.APIVersion {
	case facts.APIVersion:
		return replayInput(ctx, data)
	case VerdictVersion:
		return replayVerdict(data)
	}
	return nil, fmt.Errorf("apiVersion %q is neither an input document nor a verdict this version knows", kind.APIVersion)
}

func replayInput(ctx context.Context, data []byte) (*Verdict, error) {
	var in facts.Input
	if err := strict(data, &in); err != nil {
		return nil, err
	}
	assessor, err := NewAssessor(ctx, in.Config, in.Policy)
	if err != nil {
		return nil, err
	}
	a, err := assessor.Assess(ctx, &in)
	if err != nil {
		return nil, err
	}
	return Decide(a, Standing{Now: in.Now}), nil
}

func replayVerdict(data []byte) (*Verdict, error) {
	var v Verdict
	if err := strict(data, &v); err != nil {
		return nil, err
	}
	if v.Assessment == nil {
		return nil, fmt.Errorf("%w: it has no assessment", ErrDiffers)
	}
	digest, err := Digest(v.Assessment)
	if err != nil {
		return nil, err
	}
	if digest != v.Assessment.Digest {
		return nil, fmt.Errorf("%w: its assessment has digest %.12s, not %.12s", ErrDiffers, digest, v.Assessment.Digest)
	}
	again := Decide(v.Assessment, Standing{Change: v.Change, Approvals: v.Approvals, SoakStart: v.SoakStart, Now: v.Now})
	was, err := manifest.CanonicalJSON(v)
	if err != nil {
		return nil, err
	}
	is, err := manifest.CanonicalJSON(again)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(was, is) {
		return nil, fmt.Errorf("%w: deciding it again gives %s, it says %s", ErrDiffers, again.Decision, v.Decision)
	}
	return again, nil
}

// strict decodes JSON and refuses what the decoder would drop in silence: fields it does not know, and keys that are there
// twice or in other capitals, which another reader would take the other way.
func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	is, err := manifest.CanonicalDocument(json.RawMessage(data))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDiffers, err)
	}
	read, err := manifest.CanonicalDocument(into)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	if !bytes.Equal(is, read) {
		return fmt.Errorf("%w: it holds more, less or other fields than adamant writes", ErrDiffers)
	}
	return nil
}
