package admit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/trust/verify"
)

const (
	fileLimit = 4 << 20         // bytes of a file of the trust root
	ruleTime  = 2 * time.Second // of one evaluation of the rules
)

// governing are the files and folders that the rules are made of. Rules are read again when one of them changes.
var governing = [...]string{facts.ConfigPath, ".adamant/policy", "policy", trust.Dir}

// rules are what one commit of main says about admission.
type rules struct {
	main     git.OID
	places   [len(governing)]git.OID
	config   manifest.Admission
	own      *policy.Admission
	chain    *trust.Chain
	verifier *verify.Verifier
	policy   string // digests
	trust    string
}

// readRules reads and compiles the rules of a commit. It returns before where nothing of it has changed.
func readRules(ctx context.Context, repo *git.Repo, main git.OID, before *rules) (*rules, error) {
	r := &rules{main: main}
	for i, path := range governing {
		id, err := repo.Lookup(ctx, main, path)
		if missing := (*git.MissingError)(nil); err != nil && !errors.As(err, &missing) {
			return nil, fmt.Errorf("looking for %s on main: %w", path, err)
		}
		r.places[i] = id
	}
	if before != nil && before.places == r.places {
		same := *before
		same.main = main
		return &same, nil
	}
	if err := r.readTrust(ctx, repo); err != nil {
		return nil, err
	}
	return r, r.readPolicy(ctx, repo)
}

// ErrNoTrust says that there is nothing to hold an artifact to.
var ErrNoTrust = errors.New("main has no trust root, so nothing can be admitted: adamant trust init, and land what it writes")

func (r *rules) readTrust(ctx context.Context, repo *git.Repo) (err error) {
	sum := sha256.New()
	r.chain, err = trust.ReadRoot(func(name string) ([]byte, error) {
		data, err := readFile(ctx, repo, r.main, trust.Dir+"/"+name)
		if err == nil {
			fmt.Fprintf(sum, "%s %x\n", name, sha256.Sum256(data))
		}
		return data, err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w (%w)", ErrNoTrust, err)
	}
	if err != nil {
		return fmt.Errorf("reading the trust root of main: %w", err)
	}
	r.trust = hexSum(sum.Sum(nil))
	r.verifier, err = verify.New(r.chain.TrustedRoot, verify.Options{})
	return err
}

func (r *rules) readPolicy(ctx context.Context, repo *git.Repo) error {
	if err := r.readConfig(ctx, repo); err != nil {
		return err
	}
	modules, err := r.modules(ctx, repo)
	if err != nil {
		return fmt.Errorf("reading the policies of main: %w", err)
	}
	if r.own, err = policy.CompileAdmission(ctx, modules, ruleTime); err != nil {
		return fmt.Errorf("compiling the rules of main: %w", err)
	}
	r.policy, err = policyDigest(r.config, modules)
	return err
}

// readConfig refuses a file with mistakes: what it takes back would be allowed again.
func (r *rules) readConfig(ctx context.Context, repo *git.Repo) error {
	data, err := readFile(ctx, repo, r.main, facts.ConfigPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s of main: %w", facts.ConfigPath, err)
	}
	config, problems := manifest.LoadRepository(facts.ConfigPath, data)
	if err := manifest.Join(problems); err != nil {
		return err
	}
	r.config = config.Spec.Admission
	return nil
}

const moduleCount = 1000

// modules are the policies of main, whatever they are about.
func (r *rules) modules(ctx context.Context, repo *git.Repo) ([]facts.Module, error) {
	var paths []string
	var ids []git.OID
	for i, folder := range governing {
		if !strings.HasSuffix(folder, "policy") || r.places[i] == "" {
			continue
		}
		files, err := repo.Tree(ctx, r.places[i])
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if strings.HasSuffix(f.Path, ".rego") {
				paths, ids = append(paths, folder+"/"+f.Path), append(ids, f.OID)
			}
		}
	}
	if len(ids) > moduleCount {
		return nil, fmt.Errorf("there are %d, at most %d are read", len(ids), moduleCount)
	}
	out := make([]facts.Module, len(ids))
	err := repo.Blobs(ctx, ids, fileLimit, func(i int, data []byte, err error) error {
		out[i] = facts.Module{Path: paths[i], Text: string(data)}
		return err
	})
	return out, err
}

// policyDigest names everything that the clauses are made of, adamant's own among it.
func policyDigest(config manifest.Admission, modules []facts.Module) (string, error) {
	text, err := manifest.CanonicalJSON(config)
	if err != nil {
		return "", fmt.Errorf("encoding spec.admission: %w", err)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", policy.AdmissionVersion(), text)
	for _, m := range slices.SortedFunc(slices.Values(modules), func(a, b facts.Module) int { return strings.Compare(a.Path, b.Path) }) {
		fmt.Fprintf(sum, "%q %x\n", m.Path, sha256.Sum256([]byte(m.Text)))
	}
	return hexSum(sum.Sum(nil)), nil
}

func readFile(ctx context.Context, repo *git.Repo, commit git.OID, path string) ([]byte, error) {
	id, err := repo.Lookup(ctx, commit, path)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	return repo.Blob(ctx, id, fileLimit)
}

// settings are what an environment asks for; false: there are environments, and this is none of them.
func (r *rules) settings(environment string) (manifest.Environment, bool) {
	e, ok := r.config.Environments[environment]
	return e.WithDefaults(), ok || len(r.config.Environments) == 0
}

func (r *rules) environments() []string { return slices.Sorted(maps.Keys(r.config.Environments)) }

// key is that of a request's decision: whatever it depends on besides evidence and time.
func (r *rules) key(req Request) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%q\n%q\n%s\n%s\n", req.Digest, req.Environment, req.Component, r.policy, r.trust)
	for _, b := range req.Bundles {
		fmt.Fprintf(sum, "%x\n", sha256.Sum256(b))
	}
	return hexSum(sum.Sum(nil))
}

// sign says by which rules a decision was made.
func (r *rules) sign(d Decision) Decision {
	d.Policy, d.Trust = r.policy, r.trust
	return d
}

// judge asks the rules about what was gathered.
func (r *rules) judge(ctx context.Context, req Request, e *evidence, settings manifest.Environment, now time.Time) (Decision, error) {
	input, err := e.input(r, req, settings, now)
	if err != nil {
		return Decision{}, err
	}
	deny, warn, err := r.own.Decide(ctx, input, now)
	if err != nil {
		return Decision{}, fmt.Errorf("asking the rules: %w", err)
	}
	d := r.sign(Decision{Allowed: len(deny) == 0, Digest: req.Digest, Environment: req.Environment, Component: req.Component,
		Reasons: reasons(deny), Warnings: reasons(warn)})
	if p := e.chosen(); p != nil {
		d.Component, d.Commit, d.Builder, d.BuildLevel, d.SourceLevel = p.component, p.commit, p.signer, p.level, p.gate.level
	}
	if d.Allowed {
		d.Until = e.until(settings)
	}
	return d, nil
}

func reasons(clauses []policy.Clause) []Clause {
	out := make([]Clause, len(clauses))
	for i, c := range clauses {
		out[i] = Clause{Code(c.Code), c.Message, c.Next}
	}
	return out
}

// asJSON turns a value into the Go values of its JSON.
func asJSON(value any) (map[string]any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, json.Unmarshal(text, &out)
}

func hexSum(sum []byte) string { return hex.EncodeToString(sum) }
