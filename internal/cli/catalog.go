package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/source"
)

func catalogCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "catalog",
		Short: "Check and ask the catalog: who owns what (catalog-info.yaml)",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(catalogValidate(env), catalogList(env), catalogShow(env), catalogOwners(env), catalogGenerate(env), catalogAgents(env))
	return cmd
}

func catalogValidate(env *Env) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "validate [PATH...]",
		Short: "Check catalog files as Backstage would",
		Long: `Check every document of catalog files as Backstage's catalog model would.

PATH is a file, or a folder whose catalog-info.yaml and .yml files are meant. Without PATH, the files of the
working tree are checked, with what concerns them together: duplicates, owners, relations, claimed paths.
With --json, one line a document: {file, document, kind, verdict, path, message, line, column}; verdict is
valid, invalid, unknown-kind or yaml-error.

Exit 1 when a document is invalid or unreadable. A kind that is not known, such as Template, is no error.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return validateTree(cmd.Context(), env, asJSON)
			}
			files, err := catalogFiles(env, args)
			if err != nil {
				return usage(err)
			}
			return printVerdicts(env, verdicts(files), nil, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a document")
	return cmd
}

func verdicts(files []catalog.SourceFile) []catalog.Verdict {
	var out []catalog.Verdict
	for _, f := range files {
		out = append(out, catalog.Validate(f.Path, f.Data)...)
	}
	return out
}

func validateTree(ctx context.Context, env *Env, asJSON bool) error {
	t, err := openTree(ctx, env, "")
	if err != nil {
		return err
	}
	defer t.close()
	files, err := t.catalogFiles()
	if err != nil {
		return err
	}
	_, findings := catalog.Load(files)
	documents := slices.DeleteFunc(slices.Clone(files), func(f catalog.SourceFile) bool { return strings.HasPrefix(f.Path, ".adamant/") })
	findings = slices.DeleteFunc(findings, func(f finding.Finding) bool { // verdicts say these
		return f.Rule == "catalog/invalid" || f.Rule == "catalog/unreadable" || f.Rule == "catalog/unknown-kind"
	})
	return printVerdicts(env, verdicts(documents), findings, asJSON)
}

func printVerdicts(env *Env, all []catalog.Verdict, findings []finding.Finding, asJSON bool) error {
	count := map[string]int{}
	for _, v := range all {
		count[v.Verdict]++
		if err := printVerdict(env.Stdout, v, asJSON); err != nil {
			return err
		}
	}
	failed := count[catalog.Invalid]+count[catalog.YAMLError] > 0
	for _, f := range findings {
		failed = failed || f.Severity == finding.Error
		if !asJSON {
			fmt.Fprintf(env.Stdout, "%s:%d:%d: %s: %s\n", printable(f.Path), f.Line, f.Column, f.Severity, printable(f.Message))
		}
	}
	if !asJSON {
		fmt.Fprintf(env.Stdout, "%d documents: %d valid, %d invalid, %d unreadable, %d of unknown kind\n", len(all),
			count[catalog.Valid], count[catalog.Invalid], count[catalog.YAMLError], count[catalog.UnknownKind])
	}
	if failed {
		return exit(ExitDeny)
	}
	return nil
}

func printVerdict(w io.Writer, v catalog.Verdict, asJSON bool) error {
	if asJSON {
		return jsonLine(w, v)
	}
	if v.Verdict == catalog.Valid {
		return nil
	}
	_, err := fmt.Fprintf(w, "%s:%d:%d: %s: %s\n", printable(v.File), v.Line, v.Column, v.Verdict, printable(v.Message))
	return err
}

func jsonLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// entityView is an entity as list and show print it.
type entityView struct {
	Ref                string           `json:"ref"`
	Kind               string           `json:"kind"`
	Name               string           `json:"name"`
	Title              string           `json:"title,omitempty"`
	Description        string           `json:"description,omitempty"`
	Type               string           `json:"type,omitempty"`
	Lifecycle          string           `json:"lifecycle,omitempty"`
	System             string           `json:"system,omitempty"`
	Owner              string           `json:"owner,omitempty"`
	OwnerKind          string           `json:"ownerKind"`
	OwnerRef           string           `json:"ownerRef,omitempty"`
	RiskProfile        string           `json:"riskProfile,omitempty"`
	DataClassification string           `json:"dataClassification,omitempty"`
	Claims             []string         `json:"claims,omitempty"`
	Relations          []entityRelation `json:"relations,omitempty"`
	File               string           `json:"file"`
	Document           int              `json:"document"`
	Line               int              `json:"line"`
}

type entityRelation struct {
	Field  string `json:"field"`
	Target string `json:"target"`
}

func viewOf(c *catalog.Catalog, e *catalog.Entity) entityView {
	owner, g := c.OwnerOf(e), e.Governance()
	v := entityView{Ref: e.Ref, Kind: e.Kind, Name: e.Name, Title: e.Title, Description: e.Description, Type: e.Type, Lifecycle: e.Lifecycle,
		System: e.System, Owner: e.Owner, OwnerKind: owner.Kind, OwnerRef: owner.Ref, RiskProfile: g.RiskProfile,
		DataClassification: g.DataClassification, Claims: e.Claims, File: e.Path, Document: e.Document, Line: e.Line}
	for _, r := range e.Relations {
		v.Relations = append(v.Relations, entityRelation{Field: r.Field, Target: r.Target})
	}
	return v
}

func catalogList(env *Env) *cobra.Command {
	var asJSON bool
	var rev string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the entities",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, c, err := loadCatalog(cmd.Context(), env, rev)
			if err != nil {
				return err
			}
			defer t.close()
			return printList(env, c, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object an entity")
	cmd.Flags().StringVar(&rev, "rev", "", "ask the catalog of a revision instead of the working tree")
	return cmd
}

func printList(env *Env, c *catalog.Catalog, asJSON bool) error {
	if asJSON {
		for _, e := range c.Entities() {
			if err := jsonLine(env.Stdout, viewOf(c, e)); err != nil {
				return err
			}
		}
		return nil
	}
	if c.Len() == 0 {
		fmt.Fprintln(env.Stdout, "no entities; adamant catalog generate proposes some")
		return nil
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "REF\tTYPE\tLIFECYCLE\tOWNER\tRISK\tFILE")
	for _, e := range c.Entities() {
		v := viewOf(c, e)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", v.Ref, dash(v.Type), dash(v.Lifecycle), dash(v.Owner), dash(v.RiskProfile), printable(v.File))
	}
	return w.Flush()
}

// dash stands for nothing, so that columns stay columns.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return printable(s)
}

func catalogShow(env *Env) *cobra.Command {
	var asJSON bool
	var rev string
	cmd := &cobra.Command{
		Use:   "show REF",
		Short: "Show an entity: [kind:][namespace/]name",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, c, err := loadCatalog(cmd.Context(), env, rev)
			if err != nil {
				return err
			}
			defer t.close()
			e, ok := c.Entity(args[0])
			if !ok {
				return &exitError{Code: ExitDeny, Err: fmt.Errorf("no entity %q; adamant catalog list shows what there is", args[0])}
			}
			if asJSON {
				return jsonLine(env.Stdout, viewOf(c, e))
			}
			return printEntity(env.Stdout, viewOf(c, e))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&rev, "rev", "", "ask the catalog of a revision instead of the working tree")
	return cmd
}

func printEntity(out io.Writer, v entityView) error {
	owner := v.Owner
	switch v.OwnerKind {
	case catalog.OwnerUnknown:
		owner += " (not in this catalog)"
	case catalog.OwnerPersona:
		owner += " (agent persona)"
	}
	var relations []string
	for _, r := range v.Relations {
		relations = append(relations, r.Field+" "+r.Target)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"ref", v.Ref}, {"title", v.Title}, {"description", v.Description}, {"type", v.Type}, {"lifecycle", v.Lifecycle},
		{"owner", owner}, {"risk profile", v.RiskProfile}, {"data classification", v.DataClassification},
		{"claims", strings.Join(v.Claims, ", ")}, {"relations", strings.Join(relations, ", ")}, {"file", fmt.Sprintf("%s:%d", v.File, v.Line)},
	} {
		if row[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", row[0], printable(strings.TrimSpace(row[1])))
		}
	}
	return w.Flush()
}

// ownership is who owns a path, as owners prints it.
type ownership struct {
	Path      string `json:"path"`
	Component string `json:"component"` // "" = no entity claims the path
	Owner     string `json:"owner"`
	OwnerKind string `json:"ownerKind"`
}

func catalogOwners(env *Env) *cobra.Command {
	var asJSON bool
	var rev string
	cmd := &cobra.Command{
		Use:   "owners [PATH...]",
		Short: "Say which entity owns each path, and who answers for it",
		Long: `Say which entity owns each path, and who answers for it.

Of all claims that match, the one with the longest text before its first wildcard wins (docs/formats/catalog.md).
Without PATH: the source files of the working tree that nobody owns, and a count. Exit 1 when a path has no owner.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			t, c, err := loadCatalog(cmd.Context(), env, rev)
			if err != nil {
				return err
			}
			defer t.close()
			if len(args) == 0 {
				return printUnclaimed(env, t, c, asJSON)
			}
			paths, err := t.relative(env, args)
			if err != nil {
				return usage(err)
			}
			return printOwners(env, c, paths, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a path")
	cmd.Flags().StringVar(&rev, "rev", "", "ask the catalog of a revision instead of the working tree")
	return cmd
}

func printOwners(env *Env, c *catalog.Catalog, paths []string, asJSON bool) error {
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	missing := false
	for _, p := range paths {
		o := ownership{Path: p, OwnerKind: catalog.OwnerNone}
		if e, ok := c.ComponentOf(p); ok {
			o.Component, o.Owner, o.OwnerKind = e.Ref, e.Owner, c.OwnerOf(e).Kind
		}
		missing = missing || o.Component == ""
		if asJSON {
			if err := jsonLine(env.Stdout, o); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", printable(o.Path), dash(o.Component), dash(o.Owner))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if missing {
		return exit(ExitDeny)
	}
	return nil
}

func printUnclaimed(env *Env, t *catalogTree, c *catalog.Catalog, asJSON bool) error {
	var sources []string
	for _, p := range t.paths {
		if _, class := source.Classify(p, nil, nil); class == source.ClassSource {
			sources = append(sources, p)
		}
	}
	var nobody []string
	for _, p := range sources {
		if _, ok := c.ComponentOf(p); !ok {
			nobody = append(nobody, p)
		}
	}
	if asJSON || len(nobody) > 0 {
		if err := printOwners(env, c, nobody, asJSON); err == nil || asJSON {
			return err
		}
	}
	fmt.Fprintf(env.Stdout, "%d of %d source files have no owner\n", len(nobody), len(sources))
	if len(nobody) > 0 {
		return exit(ExitDeny)
	}
	return nil
}
