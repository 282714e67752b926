package door

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// The stages at which the policy is asked.
const (
	StageRead    = "read"    // what the token may see
	StageRequest = "request" // before git reads anything
	StageContent = "content" // while the objects are in quarantine
)

const inputVersion = "door-input/v1"

// Input is what the policy sees (docs/formats/door.md).
type Input struct {
	APIVersion string            `json:"apiVersion"` // door-input/v1
	Stage      string            `json:"stage"`
	Now        string            `json:"now"` // RFC 3339, UTC
	Token      TokenFacts        `json:"token"`
	Options    map[string]string `json:"options"` // push options
	Commands   []CommandFacts    `json:"commands"`
	Limits     LimitFacts        `json:"limits"`
	Content    *Content          `json:"content,omitempty"` // at stage content only
}

// TokenFacts are what the policy sees of a token.
type TokenFacts struct {
	ID     string   `json:"id"`
	Role   string   `json:"role"`
	Name   string   `json:"name"`
	Agent  string   `json:"agent"`
	Task   string   `json:"task"`
	Topic  string   `json:"topic"`
	Write  bool     `json:"write"`
	Force  bool     `json:"force"`
	Emails []string `json:"emails"`
	// Persona is what main says about the agent; nil for who is none.
	Persona *PersonaFacts `json:"persona,omitempty"`
}

// PersonaFacts are what the policy sees of an agent's persona at main.
type PersonaFacts struct {
	Declared bool   `json:"declared"` // main describes its agents
	Known    bool   `json:"known"`    // and this one, or it is built in
	Role     string `json:"role"`
	Tier     string `json:"tier"`
	Writes   bool   `json:"writes"` // its role proposes changes
}

// CommandFacts are one command and, at stage content, what it does.
type CommandFacts struct {
	Ref          string  `json:"ref"`
	Kind         string  `json:"kind"` // create, update, delete
	Class        string  `json:"class"`
	Old          git.OID `json:"old"`
	New          git.OID `json:"new"`
	Target       string  `json:"target"` // of a review
	TargetExists bool    `json:"targetExists"`
	Agent        string  `json:"agent"` // of an agent's branch
	Task         string  `json:"task"`

	Commits     int  `json:"commits"` // that the target, or main, has not
	Merges      int  `json:"merges"`
	FastForward bool `json:"fastForward"`
	Unrelated   bool `json:"unrelated"` // shares no history with the target, or main
	Rewritten   int  `json:"rewritten"` // copies of commits of the target, or main, under other names
}

// LimitFacts are the bounds of one push.
type LimitFacts struct {
	PushBytes   int64 `json:"pushBytes"`
	ObjectBytes int64 `json:"objectBytes"`
	Objects     int   `json:"objects"`
	Commits     int   `json:"commits"`
}

// Content is what a push brings.
type Content struct {
	Commits    int        `json:"commits"`
	Objects    int        `json:"objects"`
	Bytes      int64      `json:"bytes"`   // of all objects, unpacked
	Largest    int64      `json:"largest"` // bytes of the largest object
	Identities []Identity `json:"identities"`
	Secrets    []Leak     `json:"secrets"`
	Cut        bool       `json:"cut"` // there are more credentials than are listed
}

// Identity is an author or committer of a new commit; equal ones are listed once, with the newest commit.
type Identity struct {
	Commit git.OID `json:"commit"`
	Kind   string  `json:"kind"` // author, committer
	Name   string  `json:"name"`
	Email  string  `json:"email"`
}

// Leak is a credential in a new commit. It does not repeat it.
type Leak struct {
	Commit  git.OID `json:"commit"`
	Path    string  `json:"path"`
	Line    int     `json:"line"`
	Rule    string  `json:"rule"`
	Title   string  `json:"title"`
	Excused bool    `json:"excused"` // a comment on the line says that it is none
}

// newInput begins an input for a token.
func newInput(stage string, g Grant, now time.Time, limits Limits) Input {
	emails := g.Emails
	if emails == nil {
		emails = []string{}
	}
	return Input{APIVersion: inputVersion, Stage: stage, Now: now.UTC().Format(time.RFC3339),
		Token:   TokenFacts{ID: g.ID, Role: g.Role, Name: g.Name, Agent: g.Agent, Task: g.Task, Topic: g.Topic, Write: g.Write, Force: g.Force, Emails: emails},
		Options: map[string]string{}, Commands: []CommandFacts{},
		Limits: LimitFacts{limits.PushBytes, limits.ObjectBytes, limits.Objects, limits.Commits}}
}

// factsOf describes a command before anything is known of its objects.
func factsOf(c Command) CommandFacts {
	at := placeOf(c.Ref)
	f := CommandFacts{Ref: c.Ref, Kind: "update", Class: at.class, Old: c.Old, New: c.New, Target: at.target, Agent: at.agent, Task: at.task}
	switch {
	case c.New == "":
		f.Kind = "delete"
	case c.Old == "":
		f.Kind = "create"
	}
	return f
}

// optionKeys are the push options there are.
var optionKeys = []string{"topic", "title", "description", "change"}

// parseOptions reads key=value options. An unknown key is refused, since it is most often a slip.
func parseOptions(options []string) (map[string]string, *Refusal) {
	out := map[string]string{}
	for _, option := range options {
		key, value, _ := strings.Cut(option, "=")
		known := false
		for _, k := range optionKeys {
			known = known || k == key
		}
		if _, twice := out[key]; !known || twice || value == "" {
			return nil, &Refusal{Rule: RuleOption, Message: fmt.Sprintf("the push option %q is not understood", clip(option)),
				Fix: "use each of " + strings.Join(optionKeys, "=, ") + "= once, as in git push -o topic=login"}
		}
		out[key] = value
	}
	return out, nil
}

// values turns a document into Go values of JSON, as the policy wants it.
func values(in Input) (map[string]any, error) {
	data, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var out map[string]any
	return out, decoder.Decode(&out)
}
