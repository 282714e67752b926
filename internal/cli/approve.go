package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/risk"
)

// How long an approval counts when no flag says so.
const (
	approvalLife = 7 * 24 * time.Hour
	criticalLife = 4 * time.Hour
)

// consent is what the commands that sign a statement have in common.
type consent struct {
	deskFlags
	signFlags
	accepts []string
	reason  string
	expires time.Duration
	yes     bool
}

func (c *consent) register(cmd *cobra.Command) {
	c.deskFlags.register(cmd)
	c.signFlags.register(cmd)
	cmd.Flags().DurationVar(&c.expires, "expires", 0, "how long it counts (default: 168h, critical 4h)")
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "do not ask before signing")
}

func approveCommand(env *Env) *cobra.Command {
	c := &consent{deskFlags: deskFlags{env: env}}
	var web bool
	cmd := &cobra.Command{
		Use:   "approve CHANGE",
		Short: "Approve a change that waits for you",
		Long: `Show what a change is and what it waits for, and sign that you approve exactly that: its content, at
most at this risk level, with at most these gates and findings. Main may move meanwhile; a new patch
set, a higher level, a new finding or another configuration voids the approval.

A critical change is approved with adamant break-glass.

Exit status: 0 the change may land, 3 it waits for more, 1 refused, 2 usage or no daemon.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if web {
				return c.web(cmd.Context(), args[0])
			}
			return c.run(cmd.Context(), args[0], approving)
		},
	}
	c.register(cmd)
	cmd.Flags().StringVar(&c.code, "code", "", "code of an enrolled generator, in place of a signature (up to high)")
	cmd.Flags().StringSliceVar(&c.accepts, "accept", nil, "also accept that these gates are missing (needs --reason)")
	cmd.Flags().StringVar(&c.reason, "reason", "", "why, on record")
	cmd.Flags().BoolVar(&web, "web", false, "print the address of the page that approves with a browser's key")
	return cmd
}

func acceptUnavailableCommand(env *Env) *cobra.Command {
	c := &consent{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "accept-unavailable CHANGE GATE...",
		Short: "Accept that a required gate is missing, for one change",
		Long: `Sign that this change may land although nothing is installed that could answer for these gates. It is
recorded with your reason and counts for this change only; spec.accept in .adamant/adamant.yaml is for
all of them.

Exit status: as approve.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.accepts = args[1:]
			return c.run(cmd.Context(), args[0], accepting)
		},
	}
	c.register(cmd)
	cmd.Flags().StringVar(&c.code, "code", "", "code of an enrolled generator, in place of a signature (up to high)")
	cmd.Flags().StringVar(&c.reason, "reason", "", "why, on record (required, 20 characters or more)")
	return cmd
}

// What a statement is for.
type purpose int

const (
	approving purpose = iota
	accepting         // of missing gates, and nothing else
	breaking          // the glass
)

// run shows a change, signs what it asks for, and hands it in.
func (c *consent) run(ctx context.Context, id string, why purpose) error {
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	change, v, err := c.read(ctx, client, id)
	if err != nil {
		return err
	}
	statement, err := c.draft(v, why)
	if err != nil {
		return err
	}
	text, err := statement.Text()
	if err != nil {
		return usage(err)
	}
	if !c.json {
		c.show(change, v, statement)
	}
	if err := confirm(c.env, c.yes, "Sign this?"); err != nil {
		return err
	}
	proof, err := c.prove(ctx, c.env, client, operator.NamespaceApproval, text, v.Assessment.Level == risk.Critical)
	if err != nil {
		return err
	}
	hand := client.Approve
	if why == accepting {
		hand = client.Accept
	}
	answer, err := hand(ctx, change.ID, proof)
	if err := c.answer(answer, err); err != nil {
		return err
	}
	return decisionExit(answer.Decision)
}

// read gets a change and its verdict, decided again here: nobody signs what does not follow from its own assessment.
func (c *consent) read(ctx context.Context, client *desk.Client, id string) (desk.Change, *gate.Verdict, error) {
	change, err := client.Change(ctx, id)
	if err != nil {
		return change, nil, deskError(err)
	}
	if _, err := change.Judged(); err != nil {
		return change, nil, &exitError{Code: ExitHold, Err: err}
	}
	v, err := gate.Replay(ctx, change.Verdict)
	if err != nil {
		return change, nil, fmt.Errorf("the verdict of change %s: %w", shortID(change.ID), err)
	}
	if v.Change != change.ID {
		return change, nil, fmt.Errorf("the verdict of change %s is about %q", shortID(change.ID), v.Change)
	}
	return change, v, nil
}

func (c *consent) draft(v *gate.Verdict, why purpose) (gate.Statement, error) {
	s := gate.Draft(v, c.accepts)
	glass := slices.Contains(s.Answers, "break-glass")
	if why == accepting {
		s.Answers, s.Clears = []string{}, []string{}
	}
	if err := worthSigning(v, s, why, glass); err != nil {
		return s, err
	}
	life := c.expires
	if life == 0 {
		life = approvalLife
		if v.Assessment.Level == risk.Critical {
			life = criticalLife
		}
	}
	nonce, err := newNonce()
	s.Reason, s.Nonce, s.At = c.reason, nonce, instant(c.env)
	s.Expires = s.At.Add(life)
	return s, err
}

func worthSigning(v *gate.Verdict, s gate.Statement, why purpose, glass bool) error {
	id := shortID(v.Change)
	for _, g := range s.Accepts {
		if !slices.ContainsFunc(v.Assessment.Gates, func(have gate.Gate) bool { return have.Name == g && have.State == gate.Unavailable }) {
			return usage(fmt.Errorf("the gate %s of change %s is not unavailable: only missing gates can be accepted", g, id))
		}
	}
	switch {
	case v.Decision == gate.Deny:
		return &exitError{Code: ExitDeny, Err: fmt.Errorf("change %s is refused by the gate, and no approval changes that: %s", id, v.Reasons[0].Message)}
	case why == approving && glass:
		return usage(fmt.Errorf("change %s is critical: adamant break-glass %s --reason TEXT", id, id))
	case why == breaking && !glass:
		return usage(fmt.Errorf("change %s does not ask for it: adamant approve %s", id, id))
	case v.Decision == gate.Allow || len(s.Answers)+len(s.Clears)+len(s.Accepts) == 0:
		return &exitError{Code: ExitDeny, Err: fmt.Errorf("change %s asks nothing of you: it is %s", id, v.Decision)}
	}
	return nil
}

// show says what is about to be signed.
func (c *consent) show(change desk.Change, v *gate.Verdict, st gate.Statement) {
	w, s := c.env.Stderr, styleFor(c.env, c.env.Stderr)
	by := change.Author
	if change.Agent != "" {
		by = change.Agent + ", an agent"
	}
	fmt.Fprintf(w, "%s  by %s\n", s.bold(printable(change.Title)), printable(by))
	var text strings.Builder
	writeVerdictText(&text, v, s)
	fmt.Fprint(w, text.String())
	fmt.Fprintf(w, "\n%s until %s\n", s.bold("You sign"), st.Expires.Format(time.RFC3339))
	for _, part := range []struct {
		what string
		list []string
	}{{"approve", st.Answers}, {"accept as missing", st.Accepts}, {"look past", st.Clears}} {
		if len(part.list) > 0 {
			fmt.Fprintf(w, "  %s %s\n", pad(part.what, 18), printable(strings.Join(part.list, ", ")))
		}
	}
	fmt.Fprintf(w, "  %s patch set %d, %s, at most %s\n\n", pad("of", 18), change.PatchSet, shortOID(v.Assessment.Head), st.Scope.Level)
}

func (c *consent) web(ctx context.Context, id string) error {
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	change, err := client.Change(ctx, id)
	if err != nil {
		return deskError(err)
	}
	if change.Page == "" {
		return usage(errors.New("the daemon serves no pages: adamant up --listen localhost:PORT"))
	}
	fmt.Fprintln(c.env.Stdout, printable(change.Page))
	return nil
}

func shortID(id string) string { return id[:min(len(id), 16)] }
