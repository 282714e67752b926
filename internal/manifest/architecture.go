package manifest

import "fmt"

// Architecture is .adamant/architecture.yaml: which part of the repository may need which. It is read at base, never from the
// change that is judged.
type Architecture struct {
	APIVersion string           `json:"apiVersion" enum:"adamant.dev/v1"`
	Kind       string           `json:"kind" enum:"Architecture"`
	Metadata   Metadata         `json:"metadata"`
	Spec       ArchitectureSpec `json:"spec"`
}

// ArchitectureSpec is the body of an architecture.
type ArchitectureSpec struct {
	// Layers name parts of the repository. A file belongs to the first layer that has it.
	Layers []Layer            `json:"layers,omitempty"`
	Rules  []ArchitectureRule `json:"rules,omitempty"`
	// Boundaries switches the rules that watch what changes do to the boundaries: off, warn or deny.
	Boundaries map[string]string `json:"boundaries,omitempty" keys:"new-coupling,test-imports,new-hub" enum:"off,warn,deny"`
	// HubFanIn is how many files may need one before it is a hub; default 30.
	HubFanIn int `json:"hubFanIn,omitempty" min:"2"`
}

// Layer is a named part of the repository.
type Layer struct {
	Name string `json:"name" format:"name"`
	// Paths are path globs of its files.
	Paths []string `json:"paths,omitempty" format:"glob"`
	// Components are entities of the catalog, such as component:default/payments, whose files it has.
	Components []string `json:"components,omitempty"`
	// Open layers may be passed over where a rule says closed.
	Open bool `json:"open,omitempty"`
}

// Selector picks files. Its parts add up; a selector with none picks every file.
type Selector struct {
	Layers     []string `json:"layers,omitempty"`
	Paths      []string `json:"paths,omitempty" format:"glob"`
	Components []string `json:"components,omitempty"`
	// Except takes files out again.
	Except []string `json:"except,omitempty" format:"glob"`
}

// ArchitectureRule is one rule. Which fields it needs depends on Type (docs/formats/architecture.md).
type ArchitectureRule struct {
	Name string `json:"name" format:"name"`
	Type string `json:"type" enum:"layers,onion,independence,protected,forbidden,required,acyclic,orphan,fan-in,fan-out,stability,declared"`
	// Severity is error (default), warn or info.
	Severity string `json:"severity,omitempty" enum:"error,warn,info"`
	// Reason says why the rule is there. It is printed with each violation.
	Reason string `json:"reason,omitempty"`
	// Fix says what to do about a violation.
	Fix string `json:"fix,omitempty"`
	// Layers are those a rule of type layers (from the top down), onion (from the inside out) or independence is about.
	Layers []string `json:"layers,omitempty"`
	// Closed lets a layer need only the next one below (and open ones on the way).
	Closed bool `json:"closed,omitempty"`
	// From selects what needs, or what the rule is about; To what is needed.
	From *Selector `json:"from,omitempty"`
	To   *Selector `json:"to,omitempty"`
	// Level says what is counted: files (default), packages or components.
	Level string `json:"level,omitempty" enum:"files,packages,components"`
	// Max is the limit of fan-in and fan-out.
	Max int `json:"max,omitempty" min:"0"`
	// Tests says what counts of tests: include (default) or ignore.
	Tests string `json:"tests,omitempty" enum:"include,ignore"`
	// Test proves that the rule can fail and can pass. Every rule but declared needs it.
	Test *SelfTest `json:"test,omitempty"`
}

// SelfTest holds small graphs: an edge, "path -> path", a single file, "path", or several with semicolons between. The files need
// not exist.
type SelfTest struct {
	Fail []string `json:"fail" min:"1"`
	Pass []string `json:"pass" min:"1"`
}

// LoadArchitecture reads an architecture as it is written (JSON when path ends in .json), and the document for the places of
// further problems. With any Diagnostic the result must not be used.
func LoadArchitecture(path string, data []byte) (*Architecture, *YAMLDocument, []Diagnostic) {
	doc, problem := single(path, data)
	if problem != nil {
		return &Architecture{}, nil, []Diagnostic{*problem}
	}
	a := &Architecture{}
	problems := Decode(doc, a)
	if len(problems) > 0 {
		return a, doc, problems
	}
	v := validator{doc: doc}
	v.architecture(a)
	return a, doc, v.problems
}

func (v *validator) architecture(a *Architecture) {
	layers := map[string]int{}
	for i, l := range a.Spec.Layers {
		at := fmt.Sprintf("/spec/layers/%d", i)
		if first, twice := layers[l.Name]; twice {
			v.report(at+"/name", "layer %q is declared twice; the first one is layers[%d]", l.Name, first)
			continue
		}
		layers[l.Name] = i
		if len(l.Paths)+len(l.Components) == 0 {
			v.report(at, "layer %q needs paths or components", l.Name)
		}
	}
	names := map[string]bool{}
	for i := range a.Spec.Rules {
		r := &a.Spec.Rules[i]
		at := fmt.Sprintf("/spec/rules/%d", i)
		if names[r.Name] {
			v.report(at+"/name", "rule %q is declared twice", r.Name)
		}
		names[r.Name] = true
		v.architectureRule(at, r, layers)
	}
}

func (v *validator) architectureRule(at string, r *ArchitectureRule, layers map[string]int) {
	known := func(pointer string, names []string) {
		for i, n := range names {
			if _, ok := layers[n]; !ok {
				v.report(fmt.Sprintf("%s/%d", pointer, i), "there is no layer %q", n)
			}
		}
	}
	known(at+"/layers", r.Layers)
	if r.From != nil {
		known(at+"/from/layers", r.From.Layers)
	}
	if r.To != nil {
		known(at+"/to/layers", r.To.Layers)
	}
	for _, need := range architectureNeeds(r) {
		if !need.met {
			v.report(at, "rule %q of type %s needs %s", r.Name, r.Type, need.what)
		}
	}
}

type architectureNeed struct {
	what string
	met  bool
}

// architectureNeeds are the fields a rule must have by its type.
func architectureNeeds(r *ArchitectureRule) []architectureNeed {
	var out []architectureNeed
	if r.Type != "declared" {
		out = append(out, architectureNeed{"test: a self-test with fail and pass, or nobody knows that it works", r.Test != nil})
	}
	switch r.Type {
	case "layers", "onion", "independence":
		out = append(out, architectureNeed{"layers: two or more", len(r.Layers) > 1})
	case "protected":
		out = append(out, architectureNeed{"to: what is protected", r.To != nil}, architectureNeed{"from: who may need it", r.From != nil})
	case "forbidden", "required":
		out = append(out, architectureNeed{"from", r.From != nil}, architectureNeed{"to", r.To != nil})
	case "fan-in", "fan-out":
		out = append(out, architectureNeed{"max", r.Max > 0})
	}
	return out
}
