package agent

import (
	"fmt"
	"slices"
	"strings"
)

// Registry holds runners by their names.
type Registry struct{ runners []Runner }

// NewRegistry makes a registry. Two runners of one name are a programmer's error.
func NewRegistry(runners ...Runner) (*Registry, error) {
	r := &Registry{runners: slices.Clone(runners)}
	slices.SortFunc(r.runners, func(a, b Runner) int { return strings.Compare(a.Name(), b.Name()) })
	for i := 1; i < len(r.runners); i++ {
		if r.runners[i].Name() == r.runners[i-1].Name() {
			return nil, fmt.Errorf("two runners are called %q", r.runners[i].Name())
		}
	}
	return r, nil
}

// Runner returns the runner called name, or an *UnknownRunnerError.
func (r *Registry) Runner(name string) (Runner, error) {
	i, found := slices.BinarySearchFunc(r.runners, name, func(a Runner, name string) int { return strings.Compare(a.Name(), name) })
	if !found {
		return nil, &UnknownRunnerError{Name: name, Known: r.Names()}
	}
	return r.runners[i], nil
}

// Names lists the runners in order.
func (r *Registry) Names() []string {
	names := make([]string, len(r.runners))
	for i, runner := range r.runners {
		names[i] = runner.Name()
	}
	return names
}

// UnknownRunnerError says that a persona names a runner which does not exist.
type UnknownRunnerError struct {
	Name  string
	Known []string
}

func (e *UnknownRunnerError) Error() string {
	return fmt.Sprintf("there is no runner %q; known are %s", e.Name, strings.Join(e.Known, ", "))
}
