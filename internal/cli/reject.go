package cli

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/operator/desk"
)

func rejectCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var reason string
	cmd := &cobra.Command{
		Use:   "reject CHANGE --reason TEXT",
		Short: "Say no to a change; whoever made it may push a new patch set",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usage(errors.New("say why: --reason TEXT"))
			}
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			return f.answer(client.Reject(cmd.Context(), args[0], desk.Rejection{Reason: reason}))
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "what is wrong, for whoever made it")
	return cmd
}

func commentCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var at string
	cmd := &cobra.Command{
		Use:   "comment CHANGE TEXT",
		Short: "Comment on a change, or on a line of it",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			remark, err := remarkAt(at, args[1])
			if err != nil {
				return usage(err)
			}
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			return f.answer(client.Comment(cmd.Context(), args[0], remark))
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&at, "at", "", "FILE or FILE:LINE that it is about")
	return cmd
}

func remarkAt(at, text string) (desk.Remark, error) {
	if strings.TrimSpace(text) == "" {
		return desk.Remark{}, errors.New("the comment is empty")
	}
	r := desk.Remark{Text: text, Path: at}
	if path, line, found := strings.Cut(at, ":"); found {
		n, err := strconv.Atoi(line)
		if err != nil || n < 1 {
			return r, errors.New("--at: " + strconv.Quote(line) + " is no line number")
		}
		r.Path, r.Line = path, n
	}
	return r, nil
}
