package oplog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// Author makes the commits. The zero value is adamant, and signs nothing.
type Author struct {
	Name, Email string
	Sign        git.Signer
}

func (a Author) signature(when time.Time) git.Signature {
	if a.Name == "" {
		a.Name, a.Email = "adamant", "adamant@localhost"
	}
	return git.Signature{Name: a.Name, Email: a.Email, When: when}
}

// Commit is what a pack is stored as.
type Commit struct {
	Parents []git.OID
	Entries []git.Entry // beside the pack, such as attached documents
	When    time.Time
	Message string
}

// Write writes the commit of one pack. Nothing is visible before a reference names it.
func Write[O any](ctx context.Context, repo *git.Repo, author Author, p Pack[O], c Commit) (git.OID, error) {
	ops, err := repo.WriteBlob(ctx, p.Bytes)
	if err != nil {
		return "", err
	}
	c.Entries = append(slices.Clip(c.Entries), git.Entry{Path: opsName, Mode: git.ModeFile, OID: ops})
	return write(ctx, repo, author, p.Lamport, c)
}

// Join writes the commit that holds several histories of one thing.
func Join(ctx context.Context, repo *git.Repo, author Author, lamport uint64, c Commit) (git.OID, error) {
	return write(ctx, repo, author, lamport, c)
}

func write(ctx context.Context, repo *git.Repo, author Author, lamport uint64, c Commit) (git.OID, error) {
	empty, err := repo.WriteBlob(ctx, nil)
	if err != nil {
		return "", err
	}
	tree, err := repo.WriteTree(ctx, append(c.Entries, git.Entry{Path: fmt.Sprintf("%s%d", clockName, lamport), Mode: git.ModeFile, OID: empty}))
	if err != nil {
		return "", err
	}
	who := author.signature(c.When)
	return repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: c.Parents, Author: who, Committer: who, Message: c.Message, Sign: author.Sign})
}
