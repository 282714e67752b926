package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/door"
)

func tokenCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Grant, list and revoke tokens for the door",
		Long: `Who pushes or fetches over HTTP shows a token. It is bound to a role, and an agent's to the agent and perhaps
a task; it ends by itself, and at once when it is revoked. Only its hash is kept.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(tokenNew(env), tokenList(env), tokenRevoke(env), tokenCredential(env))
	return cmd
}

type newTokenFlags struct {
	deskFlags
	grant door.Grant
	life  string
	out   string
}

func tokenNew(env *Env) *cobra.Command {
	f := &newTokenFlags{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "new --role ROLE",
		Short: "Grant a token; it is shown this once",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.grant.Role, "role", "", "one of "+strings.Join(door.Roles(), ", "))
	flags.StringVar(&f.grant.Agent, "agent", "", "the agent that it is for")
	flags.StringVar(&f.grant.Name, "name", "", "the person, operator or worker that it is for")
	flags.StringVar(&f.grant.Task, "task", "", "the agent's only task")
	flags.StringVar(&f.grant.Topic, "topic", "", "topic of every change it proposes")
	flags.BoolVar(&f.grant.Write, "write", false, "may push")
	flags.BoolVar(&f.grant.Force, "force", false, "may rewrite its own branches")
	flags.StringSliceVar(&f.grant.Emails, "email", nil, "mail address that its commits must have (may be given again)")
	flags.StringVar(&f.grant.Note, "note", "", "what it is for")
	flags.StringVar(&f.life, "for", "30d", "how long, as 12h or 30d; at most 366d")
	flags.StringVar(&f.out, "out", "", "write it to this new file (mode 0600) and do not print it")
	return cmd
}

func (f *newTokenFlags) run(ctx context.Context) error {
	life, err := parseSpan(f.life)
	if err != nil {
		return usage(fmt.Errorf("--for: %w", err))
	}
	f.grant.Expires = instant(f.env).Add(life)
	client, err := f.client(ctx)
	if err != nil {
		return err
	}
	var granted api.NewToken
	if err := client.Call(ctx, "POST", api.PathTokens, "", f.grant, &granted); err != nil {
		return deskError(err)
	}
	if f.out != "" {
		if err := door.WriteTokenFile(absolute(f.env, f.out), door.Secret(granted.Token)); err != nil {
			return fmt.Errorf("the token %s was granted and is lost; revoke it: %w", granted.Grant.ID, err)
		}
		granted.Token = ""
	}
	if f.json {
		return writeJSON(f.env.Stdout, granted)
	}
	f.print(granted)
	return nil
}

// print shows the token and what to do with it.
func (f *newTokenFlags) print(granted api.NewToken) {
	out, g := f.env.Stdout, granted.Grant
	fmt.Fprintf(out, "token %s for %s, until %s\n", g.ID, g.Holder(), g.Expires.Format(time.RFC3339))
	if f.out != "" {
		fmt.Fprintf(out, "  written to %s\n  in a clone: git config credential.helper '!adamant token credential %s'\n", f.out, absolute(f.env, f.out))
	} else {
		fmt.Fprintf(out, "  %s\n  this is the only time it is shown; git asks for it as the password of %s\n", granted.Token, granted.URL)
	}
}

func tokenList(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the tokens that were granted",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			var list api.Tokens
			if err := client.Call(cmd.Context(), "GET", api.PathTokens, "", nil, &list); err != nil {
				return deskError(err)
			}
			if f.json {
				return writeJSON(env.Stdout, list)
			}
			return printTokens(env, list.Tokens)
		},
	}
	f.register(cmd)
	return cmd
}

func printTokens(env *Env, tokens []door.Listed) error {
	w := tabwriter.NewWriter(env.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tHOLDER\tMAY\tUNTIL\tSTATE")
	for _, t := range tokens {
		may := "read"
		if t.Write {
			may = "write"
		}
		if t.Force {
			may = "write, force"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", printable(t.ID), printable(t.Holder()), may, t.Expires.Format("2006-01-02 15:04"), t.State)
	}
	return w.Flush()
}

func tokenRevoke(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "End a token at once, also for a push that is under way",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			var answer api.Reason
			if err := client.Call(cmd.Context(), "DELETE", api.PathToken, args[0], nil, &answer); err != nil {
				return deskError(err)
			}
			fmt.Fprintf(env.Stdout, "token %s is revoked\n", printable(args[0]))
			return nil
		},
	}
	f.register(cmd)
	return cmd
}

// tokenCredential is a git credential helper (gitcredentials(7)): it gives the token of a file that only its owner reads.
func tokenCredential(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "credential FILE get",
		Short: "Be git's credential helper: git config credential.helper '!adamant token credential FILE'",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[1] != "get" {
				return nil // git also says what to store and erase
			}
			secret, err := door.ReadTokenFile(absolute(env, args[0]))
			if err != nil {
				return usage(err)
			}
			_, err = fmt.Fprintf(env.Stdout, "username=adamant\npassword=%s\n", secret.Reveal())
			return err
		},
	}
}
