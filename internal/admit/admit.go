// Package admit decides whether an artifact may run in an environment. The answer is a function of what was verified
// about the artifact (signed statements and who signed them, the commit it was built from, what the gate said about that
// commit, what is known to be vulnerable in it) and of the rules on main: the trust root, spec.admission of adamant.yaml,
// adamant's own clauses and the Rego package adamant.admission. docs/admission.md describes it.
//
// It promises to fail closed: what is missing, unreadable, stale or not understood is a refusal with a stable reason code
// and the next step, or an error, never a pass. It never runs the artifact, never believes what a statement says about its
// own signer, and never reaches the network.
package admit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
)

// Path is that of requests on the daemon's socket: POST Request: Decision.
const Path = "/v1/admit"

// A Request asks about one artifact.
type Request struct {
	Digest      string            `json:"digest"`              // sha256:HEX of the artifact
	Environment string            `json:"environment"`         // where it is to run, such as prod
	Component   string            `json:"component,omitempty"` // what it is believed to be; empty: what its provenance says
	Bundles     []json.RawMessage `json:"bundles,omitempty"`   // Sigstore bundles that come with it, besides those that are stored
}

// A Clause is one clause that was not met, or that is worth knowing.
type Clause struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"` // what to do about it
}

// A Decision is the answer to a Request.
type Decision struct {
	Allowed     bool            `json:"allowed"`
	Digest      string          `json:"digest"`
	Environment string          `json:"environment"`
	Component   string          `json:"component,omitempty"`
	Commit      string          `json:"commit,omitempty"`  // that it was built from
	Builder     string          `json:"builder,omitempty"` // the identity that signed the provenance
	BuildLevel  int             `json:"buildLevel"`        // SLSA Build level: the highest that this builder may claim
	SourceLevel int             `json:"sourceLevel"`       // SLSA Source level of the commit
	Reasons     []Clause        `json:"reasons"`           // why not; empty when allowed
	Warnings    []Clause        `json:"warnings"`          // what the environment lets pass
	Policy      string          `json:"policy,omitempty"`  // digest of the rules that were asked
	Trust       string          `json:"trust,omitempty"`   // digest of the trust root
	Until       time.Time       `json:"until,omitzero"`    // when an admission's evidence goes stale; zero: not by itself
	VSA         json.RawMessage `json:"vsa,omitempty"`     // verification summary as an in-toto statement; not signed
}

// Options say where an Admitter finds what it goes by.
type Options struct {
	Repo *git.Repo
	View        // where in Repo
	Root string // fingerprint that the trust root must have; empty: main is believed
	Now  func() time.Time
	By   string // version of adamant, for the summary
}

// An Admitter answers requests. It remembers decisions, and is safe for concurrent use.
type Admitter struct {
	options Options
	mu      sync.Mutex // guards what follows
	seen    heads
	rules   *rules
	line    line
	cache   cache
}

// New makes an Admitter.
func New(o Options) *Admitter {
	return &Admitter{options: o, cache: cache{entries: map[string]known{}}}
}

// Decide answers a request. An error means that nothing was decided: the artifact must not run.
func (a *Admitter) Decide(ctx context.Context, req Request) (Decision, error) {
	if reasons := req.problems(); len(reasons) > 0 {
		return refused(req, reasons...), nil
	}
	view, fresh, err := a.look(ctx, false)
	if err != nil {
		return Decision{}, fmt.Errorf("admit %s to %s: %w", req.Digest, req.Environment, err)
	}
	d, err := a.decide(ctx, req, view)
	if err == nil && !d.Allowed && !fresh { // what it lacks may have come since
		if view, _, err = a.look(ctx, true); err == nil {
			d, err = a.decide(ctx, req, view)
		}
	}
	if err != nil {
		return Decision{}, fmt.Errorf("admit %s to %s: %w", req.Digest, req.Environment, err)
	}
	return d, nil
}

// view is what a request is judged by: the rules of one commit of main, and the references of that moment.
type view struct {
	heads heads
	rules *rules
	line  line
	now   time.Time
}

func (a *Admitter) decide(ctx context.Context, req Request, v view) (Decision, error) {
	settings, known := v.rules.settings(req.Environment)
	if !known {
		return v.rules.sign(refused(req, Clause{EnvironmentUnknown, "adamant.yaml has no environment " + req.Environment,
			"name one of " + strings.Join(v.rules.environments(), ", ") + ", or add it to spec.admission.environments"})), nil
	}
	key := v.rules.key(req)
	if d, ok := a.recall(ctx, key, v); ok {
		return d, nil
	}
	e, err := a.gather(ctx, req, v, settings)
	if err != nil {
		return Decision{}, err
	}
	d, err := v.rules.judge(ctx, req, e, settings, v.now)
	if err != nil {
		return Decision{}, err
	}
	if d.Allowed {
		if d.VSA, err = v.rules.summary(d, e, v.now, a.options.By); err != nil {
			return Decision{}, err
		}
	}
	a.remember(key, d, e, v)
	return d, nil
}

const maxBundles = 64 // about one subject

// problems says why a request cannot be answered at all.
func (r Request) problems() []Clause {
	bad := func(message string) []Clause { return []Clause{{RequestInvalid, message, "see docs/admission.md"}} }
	hex, found := strings.CutPrefix(r.Digest, "sha256:")
	switch {
	case !found || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "":
		return bad("the digest is written sha256: and 64 hexadecimal digits in lower case")
	case r.Environment == "" || len(r.Environment) > 63 || len(r.Component) > 63:
		return bad("the environment has a name of at most 63 characters, and so has the component")
	case len(r.Bundles) > maxBundles:
		return []Clause{{EvidenceLimit, fmt.Sprintf("%d bundles came with it, at most %d are looked at", len(r.Bundles), maxBundles), "give those about this artifact"}}
	}
	for _, b := range r.Bundles {
		if len(b) > attest.BundleLimit {
			return []Clause{{EvidenceLimit, fmt.Sprintf("a bundle has %d bytes, at most %d are read", len(b), attest.BundleLimit), "give a smaller one"}}
		}
	}
	return nil
}

func (r Request) hex() string { return strings.TrimPrefix(r.Digest, "sha256:") }

func refused(r Request, reasons ...Clause) Decision {
	return Decision{Digest: r.Digest, Environment: r.Environment, Component: r.Component, Reasons: reasons, Warnings: []Clause{}}
}
