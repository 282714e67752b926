package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/manifest"
)

func gatewayCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gateway",
		Short: "The agents' way to models: try it, list prices, see which providers answer (docs/gateway.md)",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(gatewayServe(env), gatewayPrices(env), gatewayCheck(env))
	return cmd
}

// gatewaySettings are spec.gateway and the prices of the checkout.
func gatewaySettings(env *Env, dir string) (gateway.Config, *manifest.Prices, error) {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(env.Dir, dir)
	}
	c := gateway.Config{Getenv: env.Getenv, Now: env.Now, Home: env.Getenv("HOME"), Repository: dir}
	data, err := readSmall(filepath.Join(dir, ".adamant", "adamant.yaml"))
	if err != nil {
		return c, nil, err
	}
	if data != nil {
		repository, problems := manifest.LoadRepository(".adamant/adamant.yaml", data)
		if err := manifest.Join(problems); err != nil {
			return c, nil, usage(err)
		}
		c.Settings = repository.Spec.Gateway
	}
	if data, err = readSmall(filepath.Join(dir, ".adamant", "prices.json")); err != nil {
		return c, nil, err
	}
	var own *manifest.Prices
	if data != nil {
		var problems []manifest.Diagnostic
		if own, problems = manifest.LoadPrices(".adamant/prices.json", data); len(problems) > 0 {
			return c, nil, usage(manifest.Join(problems))
		}
	}
	c.Prices, err = price.Of(own)
	return c, own, err
}

// readSmall reads a file of at most 4 MiB; nil when there is none.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, usage(err)
	}
	const most = 4 << 20
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, usage(err)
	}
	if len(data) > most {
		return nil, usage(fmt.Errorf("%s is larger than 4 MiB", path))
	}
	return data, nil
}
