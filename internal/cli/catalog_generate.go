package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/catalog"
)

func catalogGenerate(env *Env) *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Propose an entity for every package that has none",
		Long: `Propose a minimal, valid Component for every package of the working tree that has no entity. A package is a folder
with go.mod, package.json, pyproject.toml, setup.py, Cargo.toml or pom.xml. Nothing is written without --write, and an
existing file is never touched. Read what is proposed: type is a guess, and owner decides who may approve.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, c, err := loadCatalog(cmd.Context(), env, "")
			if err != nil {
				return err
			}
			defer t.close()
			proposals, err := catalog.Generate(c, t.paths, t.read)
			if err != nil {
				return err
			}
			return t.propose(env, proposals, write)
		},
	}
	cmd.Flags().BoolVar(&write, "write", false, "write the files")
	return cmd
}

func (t *catalogTree) propose(env *Env, proposals []catalog.Proposal, write bool) error {
	for i, p := range proposals {
		if p.Note != "" {
			fmt.Fprintln(env.Stderr, printable(p.Note))
		}
		if !write {
			if i > 0 {
				fmt.Fprintln(env.Stdout, "---")
			}
			fmt.Fprintf(env.Stdout, "# %s, for %s\n%s", printable(p.Path), printable(p.Manifest), p.Text)
			continue
		}
		if err := writeNew(filepath.Join(t.root, filepath.FromSlash(p.Path)), p.Text); err != nil {
			return err
		}
		fmt.Fprintf(env.Stdout, "wrote %s (%s)\n", printable(p.Path), p.Ref)
	}
	if len(proposals) == 0 {
		fmt.Fprintln(env.Stderr, "every package has an entity")
	} else if !write {
		fmt.Fprintf(env.Stderr, "%d proposed; --write writes them\n", len(proposals))
	}
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}
