package workforce

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/grounding"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/task"
)

const (
	maxComments = 100      // of one review
	maxWords    = 16 << 10 // bytes of a summary, a question or a comment
)

// tools are those of the desk that the persona has, and those by which an agent says how its attempt ends. What is said here is the
// agent's word: the tree and the gate decide.
func (r *run) tools() mcp.Tools {
	t := r.force.config.Desk(r.attempt, func(ctx context.Context) (git.OID, error) {
		head, _, err := r.commit(ctx)
		if err == nil && head == "" {
			head = r.attempt.Base
		}
		return head, err
	})
	has := func(tool string) bool { return slices.Contains(r.cast.persona.Tools, tool) }
	if check := t.Check; check != nil && has("check") {
		t.Check = func(ctx context.Context, head string) (mcp.Answer[mcp.Verdict], error) {
			answer, err := check(ctx, head)
			r.heed(answer.Data)
			return answer, err
		}
	} else {
		t.Check = nil
	}
	if has("finish") {
		t.Finish = r.finish
	}
	if has("escalate") {
		t.AskOperator = r.ask
	}
	if has("comment") {
		t.Comment = r.comment
	}
	return t
}

// heed keeps why the gate refuses what lies in the checkout, for the page that tells the agent where it is.
func (r *run) heed(v mcp.Verdict) {
	r.observed.Lock()
	defer r.observed.Unlock()
	r.facts.Denial, r.denied = grounding.Denial{}, v.Decision == "deny"
	if !r.denied {
		return
	}
	r.facts.Denial.Summary = "the gate refuses it at " + v.Level + " risk"
	for _, f := range v.Findings {
		if f.Blocks {
			r.facts.Denial.Findings = append(r.facts.Denial.Findings, fmt.Sprintf("%s:%d %s: %s (%s)", f.Path, f.Line, f.Rule, f.Message, f.Fix))
		}
	}
}

// finish is the agent's word that it is done; a reviewer's has a verdict.
func (r *run) finish(_ context.Context, f mcp.Finish) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cast.persona.Role == persona.Reviewer {
		switch f.Verdict {
		case "approve":
			r.review.Outcome = change.ReviewOK
		case change.ReviewChanges:
			if len(r.review.Comments) == 0 {
				return errors.New("say what must change first: comment on the line, then finish")
			}
			r.review.Outcome = change.ReviewChanges
		default:
			return fmt.Errorf("a review ends with verdict approve or %s", change.ReviewChanges)
		}
		r.review.Message = clip(f.Summary)
	}
	r.said = &finish{task.FinishDone, clip(f.Summary)}
	return nil
}

// ask ends the attempt with a question.
func (r *run) ask(_ context.Context, question string) error {
	if strings.TrimSpace(question) == "" {
		return errors.New("the question is empty: say what you need to know, and why")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = &finish{task.FinishEscalated, clip(question)}
	return nil
}

// comment keeps a remark of a review.
func (r *run) comment(_ context.Context, c mcp.Comment) error {
	clean := path.Clean(c.Path)
	if c.Path != "" && (path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../")) {
		return fmt.Errorf("%q is no path of the repository: name it from its root", c.Path)
	}
	if strings.TrimSpace(c.Text) == "" {
		return errors.New("the comment says nothing")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.review.Comments) >= maxComments {
		return fmt.Errorf("a review has at most %d comments: finish with what matters most", maxComments)
	}
	kept := change.Comment{Head: r.attempt.Head, Line: c.Line, Text: clip(c.Text)}
	if c.Path != "" {
		kept.Path = clean
	}
	if c.Severity != "" {
		kept.Text = c.Severity + ": " + kept.Text
	}
	r.review.Comments = append(r.review.Comments, kept)
	return nil
}

func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxWords)], "")
}
