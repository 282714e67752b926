package workspace

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/git"
)

const messageLimit = 16 << 10 // bytes of an agent's message that are kept

// Commit writes adamant's own commit in kernel.git, one on base with the pulled tree, and returns it. The message may be the
// agent's: its trailers of adamant's own are taken out, and Task and Agent put there.
func (w *Workspace) Commit(ctx context.Context, r Result, message string, by Author) (git.OID, error) {
	agent := git.Signature{Name: by.Name, Email: by.Email, When: by.When}
	id, err := w.store.kernel.Repo().WriteCommit(ctx, git.NewCommit{
		Tree: r.Tree, Parents: []git.OID{w.Base}, Author: agent,
		Committer: git.Signature{Name: "adamant", Email: "adamant@localhost", When: by.When},
		Message:   w.message(message, by.Name),
	})
	if err != nil {
		return "", fmt.Errorf("committing the result of workspace %s: %w", w.ID, err)
	}
	return id, nil
}

// own are the trailers by which adamant knows commits. Nobody else may write them.
var own = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^\s*(task|agent|model|feature|change|change-id|assessment|approved-by)\s*:`)
})

func (w *Workspace) message(text, agent string) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text[:min(len(text), messageLimit)])
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if !own().MatchString(line) {
			kept = append(kept, strings.TrimRight(line, " \t"))
		}
	}
	body := strings.TrimSpace(strings.Join(kept, "\n"))
	if body == "" {
		body = "Result of task " + w.Task
	}
	return fmt.Sprintf("%s\n\nTask: %s\nAgent: %s\n", body, w.Task, agent)
}
