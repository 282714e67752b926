package judge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/check"
	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/all"
	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/source"
)

// measurer counts on one tree.
type measurer struct {
	repo       *git.Repo
	side       *facts.Side
	governance *facts.Governance
	assessor   *gate.Assessor
	places     Places
	now        time.Time
	engine     string
	warn       func(string)
}

// measureCacheBytes bounds what is kept of earlier measurements.
const measureCacheBytes = 256 << 20

// measure returns what the tree has of the rules that are measurable, from the cache when this tree was measured before.
func (m *measurer) measure(ctx context.Context, rules []string) ([]finding.Finding, error) {
	if len(rules) == 0 {
		return []finding.Finding{}, nil
	}
	cache := m.openCache(rules)
	key := m.key(rules)
	if cache != nil {
		var known []finding.Finding
		if data, ok := cache.Get(key, m.now); ok && json.Unmarshal(data, &known) == nil {
			return known, nil
		}
	}
	found, err := m.count(ctx, rules)
	if err != nil {
		return nil, err
	}
	if cache == nil {
		return found, nil
	}
	data, err := json.Marshal(found)
	if err == nil {
		err = cache.Put(key, data)
	}
	if err != nil {
		m.warn("this measurement is not kept: " + err.Error())
	}
	return found, nil
}

// openCache opens the cache, which vouches for its entries. What depends on outside data is not kept.
func (m *measurer) openCache(rules []string) *check.Cache {
	if mayMatch(rules, "vulnerabilities/") || mayMatch(rules, "licenses/") || m.places.Cache == "" {
		return nil
	}
	cache, err := check.OpenCache(m.places.Cache+"/measured", m.places.State, measureCacheBytes)
	if err != nil {
		m.warn("no cache of measurements: " + err.Error())
		return nil
	}
	return cache
}

// key names a measurement by everything it follows from.
func (m *measurer) key(rules []string) string {
	rules = slices.Sorted(slices.Values(rules))
	sum := sha256.Sum256([]byte(strings.Join(append([]string{"measure/v1", m.engine, policy.Version(), finding.FingerprintVersion,
		string(m.side.Tree()), m.governance.Digest()}, rules...), "\x00")))
	return hex.EncodeToString(sum[:])
}

// count asks every source of findings that may know one of the rules.
func (m *measurer) count(ctx context.Context, rules []string) ([]finding.Finding, error) {
	sources := []func(context.Context, []string) ([]finding.Finding, error){m.builtins, m.files}
	lists := make([][]finding.Finding, len(sources))
	group, ctx := errgroup.WithContext(ctx)
	for i, count := range sources {
		group.Go(func() (err error) {
			lists[i], err = count(ctx, rules)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := slices.Concat(lists...)
	out = slices.DeleteFunc(out, func(f finding.Finding) bool { return !matches(rules, f.Rule) })
	finding.Sort(out)
	return out, nil
}

// builtins runs the built-in checks on the whole tree, those whose rules may be meant.
func (m *measurer) builtins(ctx context.Context, rules []string) ([]finding.Finding, error) {
	config := m.governance.Config
	config.Spec.Builtin = map[string]string{}
	for _, c := range all.Checks() {
		if m.governance.Config.Spec.Builtin[c.Name()] == "off" || !mayMatch(rules, c.Name()+"/") {
			config.Spec.Builtin[c.Name()] = "off"
		}
	}
	tree := builtinTree{m.side}
	in := builtin.Input{Base: tree, Merged: tree, Config: config, All: true, Data: m.places.Data, Language: func(path string) string {
		language, _ := source.Classify(path, nil, m.governance.Attributes)
		return language
	}}
	var out []finding.Finding
	for _, o := range all.Run(ctx, in) {
		if o.Err != nil {
			return nil, fmt.Errorf("%s: %w", o.Name, o.Err)
		}
		out = append(out, o.Result.Merged...)
	}
	return out, ctx.Err()
}

// files reads every file that a rule may be about: documents for the constitution, code for suppressions, and owners.
func (m *measurer) files(ctx context.Context, rules []string) ([]finding.Finding, error) {
	entries := m.side.Entries()
	files := make([]counted, len(entries))
	want := wanted{suppressions: matches(rules, facts.RuleSuppressions), classes: mayMatch(rules, "catalog/"), documents: m.asksDocuments(rules)}
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if !want.any(e.Path) {
			continue
		}
		group.Go(func() (err error) {
			files[i], err = m.file(gctx, e, want)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	in := &facts.Input{APIVersion: facts.APIVersion, Now: m.now, Config: m.governance.Raw, Policy: m.governance.Policy}
	var out []finding.Finding
	var code []string
	for i, f := range files {
		out = append(out, f.suppressions...)
		in.Documents = append(in.Documents, f.documents...)
		if f.code {
			code = append(code, entries[i].Path)
		}
	}
	if want.classes {
		out = slices.Concat(out, m.governance.Findings, m.governance.Catalog.Unclaimed(code))
	}
	if !want.documents {
		return out, nil
	}
	found, err := m.assessor.Count(ctx, in, func(rule string) bool { return matches(rules, rule) })
	return append(out, found...), err
}

// asksDocuments says whether any rule of the constitution is meant.
func (m *measurer) asksDocuments(rules []string) bool {
	return slices.ContainsFunc(rules, func(r string) bool {
		if strings.HasSuffix(r, "*") {
			return true
		}
		countable, known := m.assessor.Countable(r)
		return known && countable
	})
}

// wanted says what files are read for.
type wanted struct{ suppressions, classes, documents bool }

func (w wanted) any(path string) bool {
	return w.suppressions || w.classes || w.documents && document.Reads(facts.SpellPath(path))
}

// counted is what one file adds.
type counted struct {
	suppressions []finding.Finding
	documents    []document.Document
	code         bool // source code
}

func (m *measurer) file(ctx context.Context, e git.Entry, want wanted) (out counted, err error) {
	data, err := text(ctx, m.side, e)
	if err != nil || data == nil {
		return out, err
	}
	if want.suppressions {
		if out.suppressions, err = suppressionsOf(ctx, m.side, m.governance, e); err != nil {
			return out, err
		}
	}
	if want.classes {
		_, class := source.Classify(e.Path, data[:min(len(data), 4096)], m.governance.Attributes)
		out.code = class == source.ClassSource
	}
	if path := facts.SpellPath(e.Path); want.documents && document.Reads(path) {
		out.documents = document.Read(path, data)
	}
	return out, nil
}

// text reads a file that is text; nil when it is none or too large to be looked at, which a check leaves out too.
func text(ctx context.Context, side *facts.Side, e git.Entry) ([]byte, error) {
	if e.Mode != git.ModeFile && e.Mode != git.ModeExec {
		return nil, nil
	}
	data, err := side.Blob(ctx, e.OID)
	var tooLarge *git.TooLargeError
	switch {
	case errors.As(err, &tooLarge):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", facts.SpellPath(e.Path), err)
	case facts.WhyUnread(data) != "":
		return nil, nil
	case data == nil:
		data = []byte{}
	}
	return data, nil
}

// reports reads the findings of reports about this tree.
func (m *measurer) reports(ctx context.Context, evidence []string) ([]finding.Finding, error) {
	var imports []check.Import
	for _, value := range evidence {
		list, err := check.ParseEvidenceFlag(value)
		if err != nil {
			return nil, &UsageError{err}
		}
		imports = append(imports, list...)
	}
	if len(imports) == 0 {
		return nil, nil
	}
	_, found, err := check.Imported(imports, importOptions(ctx, m.repo, m.side, nil, m.now))
	if err != nil {
		return nil, &UsageError{fmt.Errorf("--evidence: %w", err)}
	}
	for i := range found {
		found[i].State = ""
	}
	return found, nil
}
