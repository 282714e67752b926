package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/gateway/script"
	"github.com/adamant-os/adamant/internal/secret"
)

type gatewayServeFlags struct {
	dir, listen, script, replay, record, agent, addressFile string
	models                                                  []string
	usd                                                     string
	json                                                    bool
}

func gatewayServe(env *Env) *cobra.Command {
	f := &gatewayServeFlags{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve one session on loopback, to try an agent against a script, a recording or the providers",
		Long: `Prints the address and the token to give to an agent, then a line for each exchange, until it is interrupted.
Without --script or --replay it asks the providers of spec.gateway, and spends at most --usd.

  adamant gateway serve --script demo.yaml
  ANTHROPIC_BASE_URL=http://127.0.0.1:PORT ANTHROPIC_API_KEY=TOKEN claude -p "..."`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), env) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "repo", "", "folder whose .adamant/ is read (default: where you are)")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "address on loopback")
	flags.StringVar(&f.script, "script", "", "answer from this script (docs/formats/script.md)")
	flags.StringVar(&f.replay, "replay", "", "answer from this recording")
	flags.StringVar(&f.record, "record", "", "append what providers answer to this recording")
	flags.StringVar(&f.agent, "agent", "agent", "name of the agent, which scripts can tell apart")
	flags.StringSliceVar(&f.models, "model", nil, "models that may be used; the first one answers for all others")
	flags.StringVar(&f.usd, "usd", "1", "what may be spent, in US dollars")
	flags.StringVar(&f.addressFile, "address-file", "", "write the address and the token there, one a line (0600)")
	flags.BoolVar(&f.json, "json", false, "print each exchange as a JSON object")
	cmd.MarkFlagsMutuallyExclusive("script", "replay", "record")
	return cmd
}

func (f *gatewayServeFlags) run(ctx context.Context, env *Env) error {
	if err := secret.Guard(); err != nil { // it holds the providers' keys
		return err
	}
	c, _, err := gatewaySettings(env, f.dir)
	if err != nil {
		return err
	}
	if err := f.mode(env, &c); err != nil {
		return err
	}
	c.Observe = func(_ context.Context, _ *gateway.Session, x gateway.Exchange) error {
		return f.print(env.Stdout, x)
	}
	g, err := gateway.New(c)
	if err != nil {
		return usage(err)
	}
	budget := gateway.Budget{NanoUSD: price.NanoUSD(f.usd)}
	if budget.None() {
		return usage(fmt.Errorf("--usd %s: something must be allowed", f.usd))
	}
	session, err := g.Open(ctx, gateway.Attempt{Task: "serve", Attempt: "serve", Agent: f.agent, Models: f.models, Budget: budget})
	if err != nil {
		return usage(err)
	}
	return errors.Join(f.serve(ctx, env, session), session.Close())
}

// mode says who answers.
func (f *gatewayServeFlags) mode(env *Env, c *gateway.Config) error {
	at := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(env.Dir, name)
	}
	switch {
	case f.replay != "":
		c.Mode, c.Cassette = gateway.Replay, at(f.replay)
	case f.record != "":
		c.Mode, c.Cassette = gateway.Record, at(f.record)
	case f.script != "":
		data, err := readSmall(at(f.script))
		if err != nil {
			return err
		}
		if c.Script, err = script.Load(f.script, data); err != nil {
			return usage(err)
		}
		c.Mode = gateway.Script
	}
	return nil
}

// serve answers until ctx ends.
func (f *gatewayServeFlags) serve(ctx context.Context, env *Env, s *gateway.Session) error {
	host, _, err := net.SplitHostPort(f.listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return usage(fmt.Errorf("--listen %s: want an address on loopback, such as 127.0.0.1:0", f.listen))
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return usage(err)
	}
	address := "http://" + listener.Addr().String()
	fmt.Fprintf(env.Stderr, "address  %s\ntoken    %s\n", address, s.Token())
	if f.addressFile != "" {
		if err := os.WriteFile(f.addressFile, []byte(address+"\n"+s.Token()+"\n"), 0o600); err != nil {
			return errors.Join(usage(err), listener.Close())
		}
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // Serve returns, which is all that is wanted
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	spent := s.Spent()
	fmt.Fprintf(env.Stderr, "spent    %s in %d requests, %d tokens\n", dollars(spent.CostNano+spent.NotionalNano), spent.Requests, spent.Total())
	return nil
}

func (f *gatewayServeFlags) print(out io.Writer, x gateway.Exchange) error {
	if f.json {
		line, err := json.Marshal(x)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", line)
		return err
	}
	said := printable(x.Text)
	if x.Error != "" {
		said = printable(x.Error)
	}
	for _, c := range x.Calls {
		said += " [" + printable(c.Tool) + "]"
	}
	_, err := fmt.Fprintf(out, "%3d  %-20s %s  in %d (%d cached)  out %d  %s\n", x.Seq, x.Model, dollars(x.CostNano), x.Usage.Input(), x.Usage.CacheRead, x.Usage.Output, strings.TrimSpace(said))
	return err
}

// dollars is an amount of nano-USD for people.
func dollars(nano int64) string { return fmt.Sprintf("$%d.%06d", nano/1e9, nano%1e9/1000) }
