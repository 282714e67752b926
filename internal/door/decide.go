package door

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/policy"
)

// Answer is a decision.
type Answer struct {
	Refuse []Refusal `json:"refuse"` // empty = go on
	Read   []string  `json:"read"`   // references that the token sees: exact names, or beginnings that end with a slash
}

const decisionTime = 2 * time.Second

// judge asks the policy of main's tip. It keeps what it compiled until the policy changes.
type judge struct {
	main *git.Repo

	mu       sync.Mutex
	key      string
	compiled *policy.Door
	at       git.OID // main's tip that personas are of
	personas *persona.Set
}

// decide answers for an input. Every error means no.
func (j *judge) decide(ctx context.Context, in Input, now time.Time) (Answer, error) {
	compiled, err := j.current(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("reading the door's policy at main: %w", err)
	}
	if in.Token.Persona, err = j.describe(ctx, in.Token.Agent); err != nil {
		return Answer{}, fmt.Errorf("reading the agents of main: %w", err)
	}
	input, err := values(in)
	if err != nil {
		return Answer{}, fmt.Errorf("asking the door's policy: %w", err)
	}
	raw, err := compiled.Decide(ctx, input, now)
	if err != nil {
		return Answer{}, fmt.Errorf("asking the door's policy: %w", err)
	}
	answer, err := readAnswer(raw)
	if err != nil {
		return Answer{}, err
	}
	return withFloor(in, answer), nil
}

// describe is what main's tip says about an agent, nil for no agent.
func (j *judge) describe(ctx context.Context, agent string) (*PersonaFacts, error) {
	if agent == "" {
		return nil, nil
	}
	tip, err := j.main.Ref(ctx, kernel.RefMain)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.personas == nil || j.at != tip {
		if j.personas, err = persona.Load(ctx, j.main, tip); err != nil {
			return nil, err
		}
		j.at = tip
	}
	f := &PersonaFacts{Declared: j.personas.Declared}
	if p, err := j.personas.Get(agent); err == nil {
		role, _ := persona.RoleNamed(p.Role)
		f.Known, f.Role, f.Tier, f.Writes = true, p.Role, string(p.Tier), role.Writes
	}
	return f, nil
}

// readAnswer takes a decision apart strictly: what is not as it should be is an error and so a refusal.
func readAnswer(raw any) (Answer, error) {
	data, err := json.Marshal(raw)
	if err != nil {
		return Answer{}, fmt.Errorf("reading the door's decision: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	var a Answer
	if err := decoder.Decode(&a); err != nil {
		return Answer{}, fmt.Errorf("the door's policy gave a record that is none: %w", err)
	}
	for _, r := range a.Refuse {
		if r.Rule == "" || r.Message == "" {
			return Answer{}, errors.New("the door's policy refused without a rule or a message")
		}
	}
	return a, nil
}

// withFloor adds what no policy can take back.
func withFloor(in Input, a Answer) Answer {
	a.Refuse = append(a.Refuse, floor(in)...)
	slices.SortFunc(a.Refuse, func(x, y Refusal) int {
		return cmp.Or(strings.Compare(x.Ref, y.Ref), strings.Compare(x.Rule, y.Rule), strings.Compare(x.Message, y.Message))
	})
	a.Refuse = slices.CompactFunc(a.Refuse, func(x, y Refusal) bool { return x.Ref == y.Ref && x.Rule == y.Rule && x.Message == y.Message })
	return a
}

// floor is what holds whatever the policy says: only proposals and the token's own branches are written, by tokens that
// write, and a proposal creates.
func floor(in Input) []Refusal {
	var out []Refusal
	if in.Stage != StageRead && !in.Token.Write {
		out = append(out, Refusal{Rule: RuleRight, Message: "this token only reads", Fix: "ask the operator for one that writes: adamant token new --write"})
	}
	if in.Content != nil && in.Content.Cut {
		out = append(out, Refusal{Rule: RuleSecret, Message: "more credentials than can be listed", Fix: "push less at a time"})
	}
	for _, c := range in.Commands {
		if refusal := floorOf(in.Token, c); refusal != nil {
			refusal.Ref = c.Ref
			out = append(out, *refusal)
		}
	}
	return out
}

func floorOf(token TokenFacts, c CommandFacts) *Refusal {
	const propose = "propose the change: git push REMOTE HEAD:refs/for/main"
	switch c.Class {
	case ClassReview:
		if c.Kind == "update" {
			return &Refusal{Rule: RuleRef, Message: "a proposal is always new here", Fix: propose}
		}
	case ClassBranch:
		if c.Agent != token.Agent {
			return &Refusal{Rule: RuleRight, Message: "this branch belongs to agent " + c.Agent, Fix: "push to refs/for/main"}
		}
	case ClassMain:
		return &Refusal{Rule: RuleRef, Message: "only the gate moves main", Fix: propose}
	case ClassTag:
		return &Refusal{Rule: RuleRef, Message: "tags are made by the kernel", Fix: "ask the operator"}
	case ClassKernel:
		return &Refusal{Rule: RuleRef, Message: "this is the kernel's own", Fix: propose}
	default:
		return &Refusal{Rule: RuleRef, Message: "nobody writes there", Fix: "push to refs/for/main, or to refs/heads/agents/<agent>/<task>"}
	}
	return nil
}

// current compiles the policy of main's tip, unless it has already.
func (j *judge) current(ctx context.Context) (*policy.Door, error) {
	modules, key, err := j.modules(ctx)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.compiled != nil && j.key == key {
		return j.compiled, nil
	}
	list, err := modules(ctx)
	if err != nil {
		return nil, err
	}
	compiled, err := policy.CompileDoor(ctx, list, decisionTime)
	if err != nil {
		return nil, err
	}
	j.compiled, j.key = compiled, key
	return compiled, nil
}

const (
	moduleLimit = 1 << 20 // bytes of one policy
	moduleCount = 1000
)

// policyFolders are where policies lie, as for the gate.
var policyFolders = []string{".adamant/policy", "policy"}

// modules returns what the policy consists of at main's tip: a key that changes with it, and a way to read it.
func (j *judge) modules(ctx context.Context) (read func(context.Context) ([]facts.Module, error), key string, err error) {
	tip, err := j.main.Ref(ctx, kernel.RefMain)
	if err != nil || tip == "" {
		return nil, "", cmp.Or(err, errors.New("there is no main"))
	}
	trees := map[string]git.OID{}
	for _, folder := range policyFolders {
		id, err := j.main.Lookup(ctx, tip, folder)
		var missing *git.MissingError
		if errors.As(err, &missing) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		trees[folder] = id
		key += folder + " " + string(id) + "\n"
	}
	return func(ctx context.Context) ([]facts.Module, error) { return j.read(ctx, trees) }, key, nil
}

func (j *judge) read(ctx context.Context, trees map[string]git.OID) ([]facts.Module, error) {
	var out []facts.Module
	for _, folder := range policyFolders {
		id := trees[folder]
		if id == "" {
			continue
		}
		if info, err := j.main.Info(ctx, []git.OID{id}); err != nil || info[0].Type != "tree" {
			if err != nil {
				return nil, err
			}
			continue // a file of that name
		}
		entries, err := j.main.Tree(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Path, ".rego") || policy.IsTest(e.Path) || e.Mode != git.ModeFile && e.Mode != git.ModeExec {
				continue
			}
			text, err := j.main.Blob(ctx, e.OID, moduleLimit)
			if err != nil {
				return nil, err
			}
			if out = append(out, facts.Module{Path: folder + "/" + e.Path, Text: string(text)}); len(out) > moduleCount {
				return nil, fmt.Errorf("more than %d policies", moduleCount)
			}
		}
	}
	return out, nil
}

// sees says whether a token that sees the patterns sees a reference. What never leaves the kernel is seen by nobody.
func sees(patterns []string, ref string) bool {
	for _, s := range secluded {
		if covers(s, ref) {
			return false
		}
	}
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, ref) })
}

func covers(pattern, ref string) bool {
	return ref == pattern || strings.HasSuffix(pattern, "/") && strings.HasPrefix(ref, pattern)
}
