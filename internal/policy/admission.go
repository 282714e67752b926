package policy

import (
	"context"
	"crypto/sha256"
	_ "embed" // of the base rules
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
)

//go:embed admission/base.rego
var admissionRules string

//go:embed admission/empty.rego
var admissionEmpty string

//go:embed admission/input.json
var admissionSchema []byte

// AdmissionInput is the JSON Schema of what the rules of admission see: admission-input/v1.
func AdmissionInput() []byte { return admissionSchema }

// AdmissionVersion identifies the rules of admission that ship with adamant: sha256 over them.
func AdmissionVersion() string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(admissionRules+"\x00"+admissionEmpty)))
}

func admissionAside() aside {
	const pkg, base = "adamant.admission", "adamant.base.admission"
	return aside{
		pkg: pkg,
		shared: map[string]facts.Module{
			base: {Path: "adamant:admission/base.rego", Text: admissionRules},
			pkg:  {Path: "adamant:admission/empty.rego", Text: admissionEmpty},
		},
		schema: admissionSchema,
		query:  "data." + base + ".decision",
	}
}

// Admission answers whether an artifact may run: the rules that ship with adamant, which nobody takes back, and those of the
// repository's package adamant.admission beside them. It is safe for concurrent use.
type Admission struct{ decider *decider }

// Clause is one record of the rules of admission.
type Clause struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Next    string `json:"next"`
}

// CompileAdmission compiles the modules of package adamant.admission among modules, and the libraries beside them. The error is a
// manifest.Diagnostics with path:line:column of everything that is wrong.
func CompileAdmission(ctx context.Context, modules []facts.Module, deadline time.Duration) (*Admission, error) {
	d, err := admissionAside().compile(ctx, modules, deadline)
	if err != nil {
		return nil, err
	}
	return &Admission{d}, nil
}

// Decide lists why an artifact may not run and what else is worth knowing, sorted. Nothing to say against it means that it may.
// The input is admission-input/v1 as Go values of JSON. Any error means that nothing was decided.
func (a *Admission) Decide(ctx context.Context, input map[string]any, now time.Time) (deny, warn []Clause, err error) {
	answer, err := a.decider.decide(ctx, input, now)
	if err != nil {
		return nil, nil, err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, nil, fmt.Errorf("reading what the rules of admission said: %w", err)
	}
	var out struct {
		Deny []Clause `json:"deny"`
		Warn []Clause `json:"warn"`
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, nil, fmt.Errorf("reading what the rules of admission said: %w", err)
	}
	return sortedClauses(out.Deny), sortedClauses(out.Warn), nil
}

func sortedClauses(list []Clause) []Clause {
	slices.SortFunc(list, func(a, b Clause) int {
		return strings.Compare(a.Code+"\x00"+a.Message+"\x00"+a.Next, b.Code+"\x00"+b.Message+"\x00"+b.Next)
	})
	return slices.Compact(list)
}
