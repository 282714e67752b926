package facts

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/waiver"
)

// ConfigPath is where the kernel configuration lies.
const ConfigPath = ".adamant/adamant.yaml"

// Governance is what a change is judged by. It is read at base: a change never brings its own.
type Governance struct {
	Config     manifest.Repository // completed by defaults
	Raw        json.RawMessage     // canonical JSON of Config
	Configured bool                // the repository has an adamant.yaml
	Policy     Policy
	Attributes source.Attributes
	Catalog    *catalog.Catalog
	Waivers    []waiver.Waiver
	Personas   *persona.Set
	Findings   []finding.Finding // what is wrong with the catalog itself

	mu     sync.Mutex
	traits map[string]source.Traits // of each path seen, for callers that walk through many trees
}

// ReadGovernance reads configuration, constitution, attributes and catalog of a tree; engine is the version of the built-in
// constitution. A configuration that cannot be read is
// an error: judging by defaults instead would drop the operator's rules.
func ReadGovernance(ctx context.Context, side *Side, engine string) (*Governance, error) {
	g := &Governance{Config: manifest.Defaults(), Policy: Policy{Engine: engine, Modules: []Module{}}}
	if err := side.readAhead(ctx, mayGovern); err != nil {
		return nil, fmt.Errorf("reading what governs: %w", err)
	}
	for _, e := range side.Entries() {
		var err error
		switch {
		case e.Path == ConfigPath:
			err = g.readConfig(ctx, side)
		case isPolicy(e.Path):
			err = g.readModule(ctx, side, e.Path)
		case e.Path == ".gitattributes" || strings.HasSuffix(e.Path, "/.gitattributes"):
			err = g.readAttributes(ctx, side, e.Path)
		}
		if err != nil {
			return nil, err
		}
	}
	err := g.readData(ctx, side)
	if err != nil {
		return nil, err
	}
	if err := g.readConstraints(ctx, side); err != nil {
		return nil, err
	}
	if g.Catalog, g.Findings, err = readCatalog(ctx, side); err != nil {
		return nil, err
	}
	if g.Waivers, err = ReadWaivers(ctx, side, g.Config.Spec.Policy.WaiverDays); err != nil {
		return nil, err
	}
	if g.Personas, err = readPersonas(ctx, side); err != nil {
		return nil, err
	}
	return g, g.SetConfig(g.Config)
}

// mayGovern says that a file is probably read for the governance, so that one round reads them all.
func mayGovern(file string) bool {
	if strings.HasPrefix(file, ".adamant/") || strings.HasPrefix(file, "policy/") {
		return slices.Contains([]string{".rego", ".yaml", ".yml", ".json"}, path.Ext(file))
	}
	return strings.HasSuffix(file, ".gitattributes") || catalog.IsFile(file)
}

// SetConfig replaces the configuration, for callers that complete it (detected checks) or try another.
func (g *Governance) SetConfig(config manifest.Repository) error {
	raw, err := manifest.CanonicalJSON(config)
	if err != nil {
		return fmt.Errorf("encoding the configuration: %w", err)
	}
	g.Config, g.Raw = config, raw
	return nil
}

func (g *Governance) readConfig(ctx context.Context, side *Side) error {
	data, err := side.Read(ctx, ConfigPath)
	if err != nil {
		return unread("configuration", ConfigPath, err)
	}
	repo, diagnostics := manifest.LoadRepository(ConfigPath, data)
	if err := manifest.Join(diagnostics); err != nil {
		return &ConfigError{Err: err}
	}
	g.Config, g.Configured = repo.WithDefaults(), true
	return nil
}

// ConfigError says that the configuration or constitution at base cannot be read, with file:line:column. It is the
// operator's to mend.
type ConfigError struct{ Err error }

func (e *ConfigError) Error() string { return e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

// unread says that a file that governs was not read. One that is too large is the operator's to mend.
func unread(what, path string, err error) error {
	if large := (*git.TooLargeError)(nil); errors.As(err, &large) {
		return &ConfigError{Err: fmt.Errorf("%s: the %s has %d bytes; at most %d are read: make it smaller, or several files", path, what, large.Size, large.Limit)}
	}
	return fmt.Errorf("reading %s %s: %w", what, path, err)
}

// isPolicy recognises modules of the constitution. Tests of rules are not part of it.
func isPolicy(path string) bool {
	return (strings.HasPrefix(path, ".adamant/policy/") || strings.HasPrefix(path, "policy/")) &&
		strings.HasSuffix(path, ".rego") && !strings.HasSuffix(path, "_test.rego")
}

func (g *Governance) readModule(ctx context.Context, side *Side, path string) error {
	spelt := SpellPath(path)
	data, err := side.Read(ctx, spelt)
	if err != nil {
		return unread("policy", spelt, err)
	}
	g.Policy.Modules = append(g.Policy.Modules, Module{Path: spelt, Text: string(data)})
	return nil
}

// readData reads the data files that the configuration names for foreign policies. A name that leads nowhere is an error.
func (g *Governance) readData(ctx context.Context, side *Side) error {
	for _, root := range g.Config.Spec.Policy.Conftest.Data {
		found := false
		for _, e := range side.Entries() {
			if !isRegular(e.Mode) || !IsPolicyData(root, e.Path) {
				continue
			}
			found = true
			data, err := side.Blob(ctx, e.OID)
			if err != nil {
				return unread("policy data", SpellPath(e.Path), err)
			}
			g.Policy.Data = append(g.Policy.Data, Module{Path: SpellPath(e.Path), Text: string(data)})
		}
		if !found {
			return &ConfigError{Err: fmt.Errorf("%s: spec.policy.conftest.data: no YAML or JSON file is, or lies below, %s", ConfigPath, root)}
		}
	}
	return nil
}

// IsPolicyData says that a path is the data file that root names, or one below the folder that root names.
func IsPolicyData(root, path string) bool {
	root = strings.TrimSuffix(root, "/")
	return (path == root || root == "." || strings.HasPrefix(path, root+"/")) &&
		(strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml"))
}

func (g *Governance) readAttributes(ctx context.Context, side *Side, path string) error {
	data, err := side.Read(ctx, SpellPath(path))
	if err != nil {
		return unread("attributes", SpellPath(path), err)
	}
	g.Attributes = append(g.Attributes, source.ParseAttributes(path, data)...)
	return nil
}

func readCatalog(ctx context.Context, side *Side) (*catalog.Catalog, []finding.Finding, error) {
	var files []catalog.SourceFile
	for _, e := range side.Entries() {
		if !catalog.IsFile(e.Path) {
			continue
		}
		data, err := side.Blob(ctx, e.OID)
		if err != nil {
			return nil, nil, unread("catalog file", SpellPath(e.Path), err)
		}
		files = append(files, catalog.SourceFile{Path: e.Path, Data: data})
	}
	loaded, findings := catalog.Load(files)
	return loaded, findings, nil
}

// catalogFacts compares base's catalog with the merged one, whose findings are given, and describes the components the change
// touches. Only source files want an owner.
func (c *Collected) catalogFacts(merged *catalog.Catalog, found []finding.Finding) Catalog {
	base := c.Governance.Catalog
	out := Catalog{Present: base.Len() > 0, Components: []catalog.Governance{}, Changes: []catalog.Change{}}
	if base != merged {
		out.Changes = append(out.Changes, catalog.Diff(base, merged)...)
	}
	var refs, before, after []string
	for _, f := range c.Input.Files {
		for _, ref := range []string{f.Component, f.OldComponent} {
			if ref != "" {
				refs = append(refs, ref)
			}
		}
		if f.Class == source.ClassSource && f.Before != "" {
			before = append(before, cmp.Or(f.OldPath, f.Path))
		}
		if f.Class == source.ClassSource && f.After != "" {
			after = append(after, f.Path)
		}
	}
	slices.Sort(refs)
	for _, ref := range slices.Compact(refs) {
		out.Components = append(out.Components, base.Governance(ref))
	}
	unclaimed := merged.Unclaimed(after)
	for _, f := range unclaimed {
		out.Unowned = append(out.Unowned, f.Path)
	}
	found = slices.Concat(found, catalog.Lifecycle(base, merged))
	out.Findings = finding.Compare(slices.Concat(c.Governance.Findings, base.Unclaimed(before)), slices.Concat(found, unclaimed), c.Input.Renames())
	return out
}

// inventory counts the merged tree. What the paths add is remembered from the second tree on: most callers have one.
func inventory(side *Side, g *Governance) Inventory {
	g.mu.Lock()
	defer g.mu.Unlock()
	inv := Inventory{Files: len(side.Entries())}
	for _, e := range side.Entries() {
		one, ok := g.traits[e.Path]
		if !ok {
			one = source.TraitsOf(e.Path, g.Attributes)
			if g.traits != nil {
				g.traits[e.Path] = one
			}
		}
		inv.add(one)
	}
	if g.traits == nil {
		g.traits = map[string]source.Traits{}
	}
	return inv
}

func (inv *Inventory) add(t source.Traits) {
	switch {
	case t.Class == source.ClassSource:
		inv.Source++
	case t.Class == source.ClassTest:
		inv.Tests++
	case t.Class == source.ClassLockfile || t.Manifest:
		inv.Lockfiles++
	}
	if t.Snapshot {
		inv.Snapshots++
	}
	if t.Workflow {
		inv.Workflows++
	}
}

// Digest is a short name of the governance, for caches.
func (g *Governance) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", g.Raw, g.Policy.Engine)
	for _, m := range slices.Concat(g.Policy.Modules, g.Policy.Data, g.Policy.Constraints) {
		fmt.Fprintf(h, "%d:%s%d:%s", len(m.Path), m.Path, len(m.Text), m.Text)
	}
	for _, w := range g.Waivers {
		fmt.Fprintf(h, "%q %q %q %v %v %d\n", w.ID, w.Rule, w.Resource, w.From, w.Until, w.MaxFindings)
	}
	return hex.EncodeToString(h.Sum(nil))
}
