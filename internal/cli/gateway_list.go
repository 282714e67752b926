package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/manifest"
)

func gatewayPrices(env *Env) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "prices",
		Short: "List what models cost: the prices of this repository, then those that are built in",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, own, err := gatewaySettings(env, dir)
			if err != nil {
				return err
			}
			return printPrices(env.Stdout, own, asJSON)
		},
	}
	cmd.Flags().StringVar(&dir, "repo", "", "folder whose .adamant/ is read (default: where you are)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

type pricesJSON struct {
	Own     []price.Row `json:"own"`
	Builtin []price.Row `json:"builtin"`
}

func printPrices(out io.Writer, own *manifest.Prices, asJSON bool) error {
	builtin, err := price.Builtin()
	if err != nil {
		return err
	}
	list := pricesJSON{Own: []price.Row{}, Builtin: price.Rows(builtin)}
	if own != nil {
		list.Own = price.Rows(own)
		if own.Spec.Extend == "no" {
			list.Builtin = []price.Row{}
		}
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	fmt.Fprintf(out, "%-26s %-11s %9s %9s %9s %9s %9s\n", "US dollars a million tokens", "from", "input", "output", "cached", "write 5m", "write 1h")
	printRows(out, ".adamant/prices.json", list.Own)
	printRows(out, "built in", list.Builtin)
	return nil
}

func printRows(out io.Writer, title string, rows []price.Row) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(out, "%s\n", title)
	for _, r := range rows {
		name := r.Model
		if r.Provider != "" {
			name += " at " + r.Provider
		}
		fmt.Fprintf(out, "  %-25s %-11s %9s %9s %9s %9s %9s\n", name, r.From, r.Rates.Input, r.Rates.Output, r.Rates.CacheRead, r.Rates.CacheWrite, r.Rates.CacheWrite1h)
	}
}

func gatewayCheck(env *Env) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say which providers of spec.gateway answer, and which models have no price",
		Long: `Reads each key and asks each provider for its list of models, which costs nothing. A login is only looked at.

Exit status: 0 all answer, 1 one does not, 2 the configuration is wrong or names none.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, err := gatewaySettings(env, dir)
			if err != nil {
				return err
			}
			if len(c.Settings.Providers) == 0 {
				return usage(errors.New("spec.gateway in .adamant/adamant.yaml names no provider; docs/gateway.md shows how"))
			}
			g, err := gateway.New(c)
			if err != nil {
				return usage(err)
			}
			return printAnswering(env.Stdout, g.Check(cmd.Context()), asJSON)
		},
	}
	cmd.Flags().StringVar(&dir, "repo", "", "folder whose .adamant/ is read (default: where you are)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printAnswering(out io.Writer, list []gateway.Answering, asJSON bool) error {
	silent := false
	for _, a := range list {
		silent = silent || a.Problem != ""
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(list); err != nil {
			return err
		}
	} else {
		printProviders(out, list)
	}
	if silent {
		return exit(ExitDeny)
	}
	return nil
}

func printProviders(out io.Writer, list []gateway.Answering) {
	for _, a := range list {
		state := "answers"
		if a.Problem != "" {
			state = "does not answer: " + printable(a.Problem)
		}
		fmt.Fprintf(out, "%s (%s, key: %s): %s\n", a.Provider, a.API, a.Key, state)
		if len(a.Unpriced) > 0 {
			fmt.Fprintf(out, "  no price: %s; add it to .adamant/prices.json\n", strings.Join(a.Unpriced, ", "))
		}
	}
}
