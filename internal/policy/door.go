package policy

import (
	"context"
	_ "embed" // of the door's default policy
	"time"

	"github.com/adamant-os/adamant/internal/facts"
)

//go:embed door/door.rego
var doorRules string

//go:embed door/input.json
var doorSchema []byte

// DoorInput is the JSON Schema of what the door's policy sees: door-input/v1.
func DoorInput() []byte { return doorSchema }

func doorAside() aside {
	const pkg = "adamant.door"
	return aside{
		pkg:    pkg,
		shared: map[string]facts.Module{pkg: {Path: "adamant:door/door.rego", Text: doorRules}}, // no file of a repository has such a path
		schema: doorSchema,
		query:  "data." + pkg + ".decision",
	}
}

// Door answers who may push and read what: package adamant.door, the rules that ship with adamant and those of the
// repository, judged in the sandbox of the constitution. It is safe for concurrent use.
type Door struct{ decider *decider }

// CompileDoor compiles the modules of package adamant.door among modules, and the libraries beside them. The error is a
// manifest.Diagnostics with path:line:column of everything that is wrong.
func CompileDoor(ctx context.Context, modules []facts.Module, deadline time.Duration) (*Door, error) {
	d, err := doorAside().compile(ctx, modules, deadline)
	if err != nil {
		return nil, err
	}
	return &Door{d}, nil
}

// Decide answers for an input (door-input/v1, as Go values of JSON) at the instant now, as Go values of JSON. Any error means
// that nothing was decided.
func (d *Door) Decide(ctx context.Context, input map[string]any, now time.Time) (any, error) {
	return d.decider.decide(ctx, input, now)
}
