package door

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// recordTime is how long the kernel may take to record a push. It is not cut short by a client that goes away.
const recordTime = 2 * time.Minute

// record takes over what was accepted: objects first, then the branches in one transaction, then the proposals.
func (s *session) record() ([]recordResult, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), recordTime)
	defer cancel()
	if err := s.adopt(ctx); err != nil {
		return nil, fmt.Errorf("taking the objects over: %w", err)
	}
	if err := s.moveBranches(ctx); err != nil {
		return nil, err
	}
	var out []recordResult
	for _, c := range s.in.Commands {
		result := recordResult{Ref: c.Ref}
		if c.Class == ClassReview {
			var err error
			if result.Text, err = s.propose(ctx, c); err != nil {
				s.door.config.Log.Error("door: recording a proposal", "token", s.grant.ID, "error", err.Error())
				result.Reason = printable("not recorded: "+err.Error(), 120)
			}
		}
		out = append(out, result)
	}
	return out, nil
}

// adopt copies what the commands name, and what that needs, into the kernel.
func (s *session) adopt(ctx context.Context) error {
	var heads []git.OID
	for _, c := range s.in.Commands {
		if c.New != "" {
			heads = append(heads, c.New)
		}
	}
	if len(heads) == 0 {
		return nil
	}
	from, err := git.Open(ctx, s.dir)
	if err != nil {
		return err
	}
	_, err = s.door.config.Kernel.Repo().Copy(ctx, from, heads...)
	return errors.Join(err, from.Close())
}

func (s *session) moveBranches(ctx context.Context) error {
	var updates []git.RefUpdate
	for _, c := range s.in.Commands {
		if c.Class == ClassBranch {
			updates = append(updates, git.RefUpdate{Name: c.Ref, Old: c.Old, New: c.New})
		}
	}
	if len(updates) == 0 {
		return nil
	}
	return s.door.config.Kernel.UpdateRefs(ctx, updates)
}

// propose hands a proposal to whoever keeps changes, and words the answer for the pusher.
func (s *session) propose(ctx context.Context, c CommandFacts) ([]string, error) {
	base, err := s.door.config.Kernel.Repo().Ref(ctx, headPrefix+c.Target)
	if err != nil {
		return nil, err
	}
	options := s.in.Options
	if s.grant.Topic != "" {
		options = map[string]string{}
		for k, v := range s.in.Options {
			options[k] = v
		}
		options["topic"] = s.grant.Topic
	}
	receipt, err := s.door.config.Record(ctx, Push{Grant: s.grant, Target: c.Target, Base: base, Head: c.New, Options: options, Time: s.door.config.Now()})
	if err != nil {
		return nil, err
	}
	text := []string{fmt.Sprintf("change %s, patch set %d, for %s", receipt.Change, receipt.PatchSet, c.Target)}
	if receipt.URL != "" {
		text = append(text, "  "+receipt.URL)
	}
	if receipt.Note != "" {
		text = append(text, "  "+receipt.Note)
	}
	return text, nil
}
