package daemon

import (
	"context"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// compose makes the landing commit of a change on a commit.
func (d *Daemon) compose(ctx context.Context, c change.Change, a *gate.Assessment, on git.OID) (git.OID, error) {
	// TODO(lead): package landing
	head, err := d.kernel.Repo().Commit(ctx, git.OID(a.Head))
	if err != nil {
		return "", err
	}
	who := git.Signature{Name: "adamant", Email: "adamant@localhost", When: d.now().UTC()}
	return d.kernel.Repo().WriteCommit(ctx, git.NewCommit{Tree: git.OID(a.MergedTree), Parents: []git.OID{on}, Author: head.Author, Committer: who, Message: head.Subject() + "\n\nChange-Id: " + c.ID + "\n"})
}

func (d *Daemon) revert(ctx context.Context, id, reason string) (desk.Answer, error) {
	return desk.Answer{}, nil
}

func (d *Daemon) send(context.Context, change.Change, string, string) error { return nil }
