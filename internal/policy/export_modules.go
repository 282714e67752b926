package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// exportRoot is where adamant's packages stand in a template: Gatekeeper wants libraries below lib.
const exportRoot = "lib."

// modules are the parts of adamant's modules that a rule is made of, as written, under Gatekeeper's names: first the packages
// of the rule itself, then libraries.
func (x *exporter) modules(id string) ([]string, error) {
	wanted := map[string]map[int]bool{}
	for _, r := range x.reach(id) {
		at := r.Loc()
		if wanted[at.File] == nil {
			wanted[at.File] = map[int]bool{}
		}
		wanted[at.File][at.Row] = true
	}
	paths := make([]string, 0, len(wanted))
	for path := range wanted {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	var out []string
	for _, path := range paths {
		text, err := x.slice(path, wanted[path], paths)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

// slice is the part of a module that begins at the given rows, with the imports of modules that are there too.
func (x *exporter) slice(path string, rows map[int]bool, paths []string) (string, error) {
	tree := x.sources[path]
	if tree == nil {
		return "", cannotExport("is made of %s, which is no module of adamant", path)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n", exportedPackage(tree))
	imports := 0
	for _, i := range tree.Imports {
		ref := i.Path.String()
		if !slices.ContainsFunc(paths, func(p string) bool { return x.sources[p].Package.Path.String() == ref }) {
			continue
		}
		imports++
		fmt.Fprintf(&b, "\nimport data.%s%s", exportRoot, strings.TrimPrefix(ref, "data."))
		if i.Alias != "" {
			fmt.Fprintf(&b, " as %s", i.Alias)
		}
	}
	if imports > 0 {
		b.WriteString("\n")
	}
	lines := strings.Split(x.texts[path], "\n")
	kept := 0
	for n, r := range tree.Rules {
		if !rows[r.Loc().Row] {
			continue
		}
		kept++
		end := len(lines)
		if n+1 < len(tree.Rules) {
			end = tree.Rules[n+1].Loc().Row - 1
		}
		fmt.Fprintf(&b, "\n%s\n", strings.Join(ruleLines(lines[r.Loc().Row-1:end]), "\n"))
	}
	return b.String(), x.checkSlice(b.String(), kept)
}

// ruleLines are the lines up to the next rule without the comments before that, indented by spaces: tabs are hard to read in
// YAML.
func ruleLines(lines []string) []string {
	end := len(lines)
	for end > 0 {
		if text := strings.TrimSpace(lines[end-1]); text != "" && !strings.HasPrefix(text, "#") {
			break
		}
		end--
	}
	out := make([]string, end)
	for i, line := range lines[:end] {
		rest := strings.TrimLeft(line, "\t")
		out[i] = strings.Repeat("  ", len(line)-len(rest)) + rest
	}
	return out
}

// checkSlice wants the text to hold the rules that were meant, and no reference to adamant's own names.
func (x *exporter) checkSlice(text string, rules int) error {
	tree, err := ast.ParseModuleWithOpts("slice", text, parserOptions())
	if err != nil {
		return fmt.Errorf("cutting a module: %w", err)
	}
	if len(tree.Rules) != rules {
		return fmt.Errorf("cutting a module gave %d rules, want %d", len(tree.Rules), rules)
	}
	for _, r := range tree.Rules {
		var foreign string
		ast.WalkRefs(r, func(ref ast.Ref) bool {
			if ref.HasPrefix(ast.Ref{ast.DefaultRootDocument}) {
				foreign = ref.String()
			}
			return false
		})
		if foreign != "" {
			return cannotExport("names %s without importing it", foreign)
		}
	}
	return nil
}

func exportedPackage(tree *ast.Module) string {
	return exportRoot + strings.TrimPrefix(tree.Package.Path.String(), "data.")
}

// entryModule is the template's own module: it shows the rule the object under review and reports what the rule reports.
// Libraries are imported: Gatekeeper does not find a package that is named in the middle of an expression.
func entryModule(kind string, entries []*entry) string {
	imports, records := map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		alias := strings.ReplaceAll(e.module.pkg(), ".", "_")
		imports[fmt.Sprintf("import data.%s%s as %s\n", exportRoot, e.module.pkg(), alias)] = true
		records[fmt.Sprintf("\nrecords contains record if {\n  some record in %s.%s with input as seen\n}\n", alias, e.Kind)] = true
	}
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\n", strings.ToLower(kind))
	b.WriteString(strings.Join(slices.Sorted(maps.Keys(imports)), ""))
	b.WriteString(`
violation contains {"msg": message(record), "details": {"pointer": pointer(record)}} if {
  some record in records
}

# What the rule sees: the object under review, as a document of its own.
seen := {"byKind": {"kubernetes": [{"path": "object", "index": 0, "value": input.review.object}]}}
`)
	b.WriteString(strings.Join(slices.Sorted(maps.Keys(records)), ""))
	b.WriteString(`
message(record) := record if is_string(record)

message(record) := record.message if is_object(record)

pointer(record) := object.get(record, "pointer", "") if is_object(record)

pointer(record) := "" if is_string(record)
`)
	return b.String()
}
