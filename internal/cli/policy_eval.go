package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
)

type evalFlags struct {
	repo   string
	policy []string
	input  string
	format string
	now    string
	json   bool

	data       []string
	namespaces []string
	combine    bool
}

func policyEval(env *Env) *cobra.Command {
	var flags evalFlags
	cmd := &cobra.Command{
		Use:   "eval [PATH...]",
		Short: "Judge files, or a recorded input document, by the rules",
		Long: `Judge files by the rules. PATH is a file or a folder; every structured file in it is read (YAML, JSON, TOML,
Dockerfile, dotenv, INI). With --input, a recorded gate-input/v1 document is judged instead ("-" is stdin).

Without --policy the rules are adamant's own and this repository's; with --policy, only those below DIR. Policies
for conftest judge each document as conftest would show it to them; --data, --namespace and --combine mean what
they mean there.

Exit status: 0 nothing denies, 1 a rule denies, 2 usage or a broken policy, 3 a rule holds, 4 a rule failed
or ran out of time.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPolicyEval(cmd.Context(), env, args, flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.repo, "repo", "", "repository (default: where you are)")
	f.StringArrayVar(&flags.policy, "policy", nil, "use only the policies below DIR (may be given again)")
	f.StringArrayVar(&flags.data, "data", nil, "YAML and JSON files, or folders of them, that policies for conftest see as data")
	f.StringArrayVar(&flags.namespaces, "namespace", nil, "package, or glob, of policies for conftest (default: main and main.*)")
	f.BoolVar(&flags.combine, "combine", false, "show policies for conftest all documents at once")
	f.StringVar(&flags.input, "input", "", "judge this gate-input/v1 document")
	f.StringVar(&flags.format, "format", "text", "text, json or junit")
	f.StringVar(&flags.now, "now", "", "the time rules see, RFC 3339 (default: the input document's, else now)")
	f.BoolVar(&flags.json, "json", false, "same as --format json")
	return cmd
}

// The heap of one evaluation is short-lived: collecting garbage seldom saves a fifth of the CPU, and the limit brings
// collection back before memory is short.
const (
	evalGCPercent   = 800
	evalMemoryLimit = 1 << 30
)

func runPolicyEval(ctx context.Context, env *Env, paths []string, flags evalFlags) error {
	if flags.json {
		flags.format = "json"
	}
	write, ok := map[string]func(*Env, *policy.Result, int) error{"text": evalText, "json": evalJSON, "junit": evalJUnit}[flags.format]
	switch {
	case !ok:
		return usage(fmt.Errorf("--format %q is not one of text, json, junit", flags.format))
	case (flags.input == "") == (len(paths) == 0):
		return usage(errors.New("give either paths to judge or --input FILE"))
	}
	p, engine, err := evalEngine(ctx, env, flags)
	if err != nil {
		return err
	}
	in, err := evalInput(env, p, paths, flags)
	if err == nil && len(flags.policy) > 0 {
		err = unreadable(in.Documents)
	}
	if err != nil {
		return usage(err)
	}
	result, err := engine.Eval(ctx, in, in.Now)
	if err != nil {
		return err
	}
	if err := write(env, result, len(in.Documents)); err != nil {
		return err
	}
	return evalExit(result)
}

func evalEngine(ctx context.Context, env *Env, flags evalFlags) (*policyFiles, *policy.Engine, error) {
	p, err := readPolicies(env, flags.repo)
	if err != nil {
		return nil, nil, usage(err)
	}
	modules := p.modules
	if len(flags.policy) > 0 {
		modules = nil
		for _, dir := range flags.policy {
			below, err := modulesBelow(env, dir)
			if err != nil {
				return nil, nil, usage(err)
			}
			modules = append(modules, below...)
		}
	}
	deadline, err := time.ParseDuration(p.config.Spec.Limits.PolicyTime)
	if err != nil {
		return nil, nil, usage(fmt.Errorf("limits.policyTime: %w", err))
	}
	settings := evalSettings(p.config.Spec.Policy, flags)
	data := p.data
	if len(flags.data) > 0 {
		if data, err = readPolicyData(env.Dir, settings.Conftest.Data); err != nil {
			return nil, nil, usage(err)
		}
	}
	constraints, err := evalConstraints(env, p, flags.policy)
	if err != nil {
		return nil, nil, usage(err)
	}
	engine, err := policy.Compile(ctx, modules, policy.Options{Settings: settings, NoBase: len(flags.policy) > 0, Data: data,
		Constraints: constraints, Deadline: deadline})
	if errors.Is(err, policy.ErrNoRules) && slices.ContainsFunc(modules, policy.Foreign) {
		err = fmt.Errorf("%w; --namespace names the packages of conftest's policies that judge when they are not main and main.*", err)
	}
	if err != nil {
		return nil, nil, policyError(err)
	}
	return p, engine, nil
}

// unreadable is the error of the first document that could not be read: without adamant's own rules nobody would say it.
func unreadable(docs []document.Document) error {
	for _, d := range docs {
		if d.Error != "" {
			return fmt.Errorf("%s:%d: cannot be read as %s: %s", d.Path, d.Line, d.Format, d.Error)
		}
	}
	return nil
}

// evalSettings are those of the repository, but with --policy what they say about its own policies for conftest, and what flags
// say instead.
func evalSettings(s manifest.PolicySettings, flags evalFlags) manifest.PolicySettings {
	if len(flags.policy) > 0 {
		s.Conftest = manifest.Conftest{}
	}
	if len(flags.data) > 0 {
		s.Conftest.Data = nil
		for _, root := range flags.data {
			s.Conftest.Data = append(s.Conftest.Data, filepath.ToSlash(filepath.Clean(root)))
		}
	}
	if len(flags.namespaces) > 0 {
		s.Conftest.Namespaces = flags.namespaces
	}
	if flags.combine {
		s.Conftest.Combine = s.Conftest.Namespaces
		if len(s.Conftest.Combine) == 0 {
			s.Conftest.Combine = []string{"main", "main.*"}
		}
	}
	return s
}

func evalInput(env *Env, p *policyFiles, paths []string, flags evalFlags) (*facts.Input, error) {
	in, err := &facts.Input{}, error(nil)
	if flags.input != "" {
		in, err = readInputDocument(env, flags.input)
	} else {
		in, err = fileInput(env, p, paths)
	}
	if err != nil {
		return nil, err
	}
	if flags.now != "" {
		if in.Now, err = time.Parse(time.RFC3339, flags.now); err != nil {
			return nil, fmt.Errorf("--now: %w", err)
		}
	}
	if in.Now.IsZero() {
		in.Now = env.Now()
	}
	in.Now = in.Now.UTC().Truncate(time.Second)
	return in, nil
}

// readInputDocument decodes a recorded document; numbers keep their digits.
func readInputDocument(env *Env, path string) (*facts.Input, error) {
	data, err := readInput(env, path, maxReplayBytes)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	in := &facts.Input{}
	if err := dec.Decode(in); err != nil {
		return nil, fmt.Errorf("%s is no gate-input/v1 document: %w", path, err)
	}
	if in.APIVersion != facts.APIVersion {
		return nil, fmt.Errorf("%s has apiVersion %q, want %s", path, in.APIVersion, facts.APIVersion)
	}
	return in, nil
}

// fileInput makes a document of files as they are, without a change.
func fileInput(env *Env, p *policyFiles, paths []string) (*facts.Input, error) {
	config, err := manifest.CanonicalJSON(p.config)
	if err != nil {
		return nil, err
	}
	in := &facts.Input{APIVersion: facts.APIVersion, Config: config}
	files, err := filesBelow(env, paths)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !document.Reads(filepath.ToSlash(file)) {
			continue
		}
		data, err := readBounded(file)
		if err != nil {
			return nil, err
		}
		in.Documents = append(in.Documents, document.Read(fromRoot(env, p, file), data)...)
	}
	if len(in.Documents) == 0 {
		return nil, fmt.Errorf("no structured file among the %d given", len(files))
	}
	return in, nil
}

// fromRoot is a file's path in the repository, as rules and kinds expect it; files elsewhere are named from here.
func fromRoot(env *Env, p *policyFiles, file string) string {
	rel, err := filepath.Rel(p.root, file)
	if err != nil || !filepath.IsLocal(rel) {
		return shown(env, file)
	}
	return filepath.ToSlash(rel)
}

func evalExit(r *policy.Result) error {
	code := ExitOK
	for _, v := range r.Violations {
		switch {
		case v.State == finding.Unchanged:
		case v.Kind == policy.Deny:
			return exit(ExitDeny)
		case v.Kind == policy.Hold:
			code = ExitHold
		}
	}
	if code != ExitOK {
		return exit(code)
	}
	return nil
}

func evalText(env *Env, r *policy.Result, documents int) error {
	s := styleFor(env, env.Stdout)
	count := map[string]int{}
	for _, v := range r.Violations {
		count[v.Kind]++
		place := printable(v.Path)
		if v.Line > 0 {
			place = fmt.Sprintf("%s:%d", place, v.Line)
		}
		if place != "" {
			place += ": "
		}
		state := ""
		if v.State == finding.Unchanged {
			state = " (was there before)"
		}
		fmt.Fprintf(env.Stdout, "%s%s: %s%s [%s]\n", place, kindWord(s, v.Kind), printable(v.Message), state, printable(v.Rule))
		if v.Fix != "" {
			fmt.Fprintf(env.Stdout, "    %s\n", s.dim("fix: "+printable(v.Fix)))
		}
	}
	for _, q := range r.Requires {
		fmt.Fprintf(env.Stdout, "require %s: %s [%s]\n", printable(q.Gate), printable(q.Reason), printable(q.Rule))
	}
	_, err := fmt.Fprintf(env.Stdout, "%s, %s: %d deny, %d hold, %d warn\n", plural(documents, "document"), plural(r.Rules, "rule"),
		count[policy.Deny], count[policy.Hold], count[policy.Warn])
	return err
}

func kindWord(s style, kind string) string {
	switch kind {
	case policy.Deny:
		return s.red(kind)
	case policy.Hold:
		return s.yellow(kind)
	}
	return kind
}

func evalJSON(env *Env, r *policy.Result, _ int) error { return writeJSON(env.Stdout, r) }

// evalJUnit writes a test case for every violation; warnings pass with output.
func evalJUnit(env *Env, r *policy.Result, _ int) error {
	type failure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
	}
	type testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *failure `xml:"failure,omitempty"`
		Output  string   `xml:"system-out,omitempty"`
	}
	suite := struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []testcase `xml:"testcase"`
	}{Name: "adamant policy", Tests: len(r.Violations)}
	for _, v := range r.Violations {
		c := testcase{Class: v.Rule, Name: fmt.Sprintf("%s:%d", v.Path, v.Line)}
		if v.Kind == policy.Warn || v.State == finding.Unchanged {
			c.Output = v.Message
		} else {
			c.Failure = &failure{Message: v.Message, Type: v.Kind}
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(env.Stdout, "%s%s\n", xml.Header, text)
	}
	return err
}
