package sshsig

import (
	"context"

	"golang.org/x/crypto/ssh"
)

// The namespaces that adamant signs in. One purpose each: a signature of one is refused for another.
const (
	NamespaceGit      = "git"              // commits and tags, as git itself
	NamespaceApproval = "adamant-approval" // an operator's statement about a change
)

// Signer signs in one namespace. It is a signer for commits (internal/git) in NamespaceGit.
type Signer struct {
	key       ssh.Signer
	namespace string
}

// NewSigner returns a signer with key, which may live in an SSH agent.
func NewSigner(key ssh.Signer, namespace string) *Signer {
	return &Signer{key: key, namespace: namespace}
}

// Key is the public half.
func (s *Signer) Key() ssh.PublicKey { return s.key.PublicKey() }

// Sign returns the armored signature of payload.
func (s *Signer) Sign(ctx context.Context, payload []byte) ([]byte, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return Sign(s.key, s.namespace, payload)
}
