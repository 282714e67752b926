package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph/rules/depcruise"
	"github.com/adamant-os/adamant/internal/graph/rules/depcruise/script"
	"github.com/adamant-os/adamant/internal/manifest"
)

func graphImportConfig(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "import-config FILE",
		Short: "Write a dependency-cruiser configuration in JavaScript as JSON",
		Long: `Evaluate a .dependency-cruiser.js, .cjs or .mjs of the repository and print what it exports as JSON, which graph check reads:

    adamant graph import-config .dependency-cruiser.js > .dependency-cruiser.json

The script runs in a sandbox: it may require files of the repository, path and dependency-cruiser/configs/..., and sees no
other file, no network and an empty environment. It has 10 seconds and 256 MiB. Regular expressions become their text. Of a
script that needs more, the command that lets node do the same is printed (exit 2).`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return importConfig(cmd.Context(), env, args[0]) },
	}
}

func importConfig(ctx context.Context, env *Env, file string) error {
	folder, name, err := placeOf(ctx, env, file)
	if err != nil {
		return usage(err)
	}
	root, err := os.OpenRoot(folder) // symlinks do not lead out of it
	if err != nil {
		return usage(err)
	}
	defer root.Close()
	data, notes, err := script.JSON(ctx, root.FS(), name, depcruise.Preset)
	var unsupported *script.UnsupportedError
	if errors.As(err, &unsupported) {
		return usage(fmt.Errorf("%w; let node write it:\n%s", err, nodeCommand(file)))
	}
	if err != nil {
		return usage(fmt.Errorf("evaluating %s: %w", file, err))
	}
	for _, note := range notes {
		fmt.Fprintln(env.Stderr, printable(note))
	}
	_, problems := depcruise.Read(name, data, root.ReadFile)
	if err := manifest.Join(problems); err != nil {
		fmt.Fprintf(env.Stderr, "graph check does not read all of it yet: %s\n", printable(err.Error()))
	}
	_, err = env.Stdout.Write(data)
	return err
}

// placeOf is the repository around a file and its path there; outside a repository, its folder.
func placeOf(ctx context.Context, env *Env, file string) (folder, name string, err error) {
	if !filepath.IsAbs(file) {
		file = filepath.Join(env.Dir, file)
	}
	folder = filepath.Dir(file)
	if repo, err := git.Open(ctx, folder); err == nil {
		if repo.Root() != "" {
			folder = repo.Root()
		}
		if err := repo.Close(); err != nil {
			return "", "", err
		}
	}
	name, err = filepath.Rel(folder, file)
	if real, linked := filepath.EvalSymlinks(filepath.Dir(file)); linked == nil && strings.HasPrefix(name, "..") {
		name, err = filepath.Rel(folder, filepath.Join(real, filepath.Base(file)))
	}
	return folder, filepath.ToSlash(name), err
}

// nodeCommand does the same with node.
func nodeCommand(file string) string {
	from, value := "-e '", `require("`+filepath.ToSlash(file)+`")`
	if !filepath.IsAbs(file) {
		value = `require("./` + filepath.ToSlash(file) + `")`
	}
	if strings.HasSuffix(file, ".mjs") {
		from, value = "--input-type=module -e '", "(await "+strings.Replace(value, "require", "import", 1)+").default"
	}
	return "    node " + from + "console.log(JSON.stringify(" + value + ", (k, v) => v instanceof RegExp ? v.source : v, 2))' > .dependency-cruiser.json"
}
