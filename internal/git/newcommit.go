package git

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// Signer makes armored signatures, as SSH signatures in namespace "git".
type Signer interface {
	Sign(ctx context.Context, payload []byte) (armored []byte, err error)
}

// NewCommit is a commit to write. Without a Signer it is not signed.
type NewCommit struct {
	Tree              OID
	Parents           []OID
	Author, Committer Signature
	Message           string // a newline is added at its end where there is none
	Sign              Signer
}

// WriteCommit stores a commit. Its tree and parents must be in the repository itself: what Merge and Snapshot made must
// be kept first (Keep).
func (r *Repo) WriteCommit(ctx context.Context, c NewCommit) (OID, error) {
	id, err := r.writeCommit(ctx, c)
	if err != nil {
		return "", fmt.Errorf("writing a commit: %w", err)
	}
	return id, nil
}

func (r *Repo) writeCommit(ctx context.Context, c NewCommit) (OID, error) {
	if err := r.check(append([]OID{c.Tree}, c.Parents...)...); err != nil {
		return "", err
	}
	wanted := []ObjectInfo{{OID: c.Tree, Type: "tree"}}
	for _, parent := range c.Parents {
		wanted = append(wanted, ObjectInfo{OID: parent, Type: "commit"})
	}
	if err := r.stored(ctx, wanted); err != nil {
		return "", err
	}
	header, err := c.header()
	if err != nil {
		return "", err
	}
	if strings.Contains(c.Message, "\x00") {
		return "", fmt.Errorf("the message holds a NUL byte")
	}
	message := "\n" + strings.TrimSuffix(c.Message, "\n") + "\n"
	if c.Sign != nil {
		signature, err := r.sign(ctx, c.Sign, header+message)
		if err != nil {
			return "", err
		}
		header += signature
	}
	return r.storeObject(ctx, "commit", []byte(header+message))
}

// header renders what stands above the message.
func (c NewCommit) header() (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", c.Tree)
	for _, parent := range c.Parents {
		fmt.Fprintf(&b, "parent %s\n", parent)
	}
	for _, person := range []struct {
		role string
		Signature
	}{{"author", c.Author}, {"committer", c.Committer}} {
		line, err := person.render()
		if err != nil {
			return "", fmt.Errorf("%s: %w", person.role, err)
		}
		fmt.Fprintf(&b, "%s %s\n", person.role, line)
	}
	return b.String(), nil
}

// render writes "Name <email> seconds zone". What would break the line out of its shape is refused.
func (s Signature) render() (string, error) {
	seconds := s.When.Unix()
	switch {
	case s.Name == "" || s.Name != strings.TrimSpace(s.Name) || strings.ContainsAny(s.Name, "<>\n\x00"):
		return "", fmt.Errorf("%q is not a name for a commit", s.Name)
	case strings.ContainsAny(s.Email, "<>\n\x00"):
		return "", fmt.Errorf("%q is not an address for a commit", s.Email)
	case seconds < 0 || seconds > lastSecond-24*3600:
		return "", fmt.Errorf("%s is not a time for a commit", s.When)
	}
	return fmt.Sprintf("%s <%s> %d %s", s.Name, s.Email, seconds, s.When.Format("-0700")), nil
}

// sign renders the signature's header: its lines after the first are indented by a space.
func (r *Repo) sign(ctx context.Context, signer Signer, payload string) (string, error) {
	armored, err := signer.Sign(ctx, []byte(payload))
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	armored = bytes.TrimRight(armored, "\n")
	if !bytes.HasPrefix(armored, []byte("-----BEGIN ")) || bytes.ContainsAny(armored, "\x00\r") {
		return "", fmt.Errorf("signing: the signer did not return an armored signature")
	}
	key := "gpgsig"
	if r.format == "sha256" {
		key = "gpgsig-sha256"
	}
	return key + " " + strings.ReplaceAll(string(armored), "\n", "\n ") + "\n", nil
}
