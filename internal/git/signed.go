package git

import (
	"bytes"
	"context"
	"fmt"
)

// SignedCommit is a commit with its signature taken out of the bytes that were signed.
type SignedCommit struct {
	Commit
	Payload   []byte
	Signature []byte // armored; nil when the commit is not signed
}

// SignedCommits reads commits with their signatures, in the order given. Nothing is verified. A commit that carries two
// signatures is an error: which one counts would depend on the reader.
func (r *Repo) SignedCommits(ctx context.Context, ids []OID) ([]SignedCommit, error) {
	infos, err := r.Info(ctx, ids)
	if err != nil {
		return nil, err
	}
	commits := make([]SignedCommit, len(ids))
	err = r.deliver(ctx, infos, "commit", commitLimit, func(i int, data []byte, err error) error {
		if err == nil {
			commits[i], err = r.parseSigned(ids[i], data)
		}
		return err
	})
	return commits, err
}

func (r *Repo) parseSigned(id OID, data []byte) (SignedCommit, error) {
	signed := SignedCommit{}
	var err error
	if signed.Commit, err = parseCommit(id, data); err != nil {
		return signed, err
	}
	header, message := data, []byte(nil)
	if end := bytes.Index(data, []byte("\n\n")); end >= 0 {
		header, message = data[:end+1], data[end+1:]
	}
	signed.Payload, signed.Signature, err = splitSignature(header, signatureHeader(r.format)+" ")
	if err != nil {
		return signed, fmt.Errorf("commit %s %w", id.Short(), err)
	}
	signed.Payload = append(signed.Payload, message...)
	return signed, nil
}

func signatureHeader(format string) string {
	if format == "sha256" {
		return "gpgsig-sha256"
	}
	return "gpgsig"
}

// splitSignature takes the header named key with its continuation lines out of a commit's header.
func splitSignature(header []byte, key string) (payload, signature []byte, err error) {
	inside := false
	for line := range bytes.Lines(header) {
		text, starts := bytes.CutPrefix(line, []byte(key))
		if starts && signature != nil {
			return nil, nil, fmt.Errorf("has two signatures")
		}
		if !starts && inside {
			text, inside = bytes.CutPrefix(line, []byte(" "))
		}
		if inside = inside || starts; inside {
			signature = append(signature, text...)
		} else {
			payload = append(payload, line...)
		}
	}
	return payload, signature, nil
}
