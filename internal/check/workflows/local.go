package workflows

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v3"

	"github.com/adamant-os/adamant/internal/check/builtin"
)

// repository is one side of the change, as workflows refer to it.
type repository struct {
	ctx   context.Context //nolint:containedctx // lives for one run
	tree  builtin.Tree
	other *repository
}

// The kinds of findings about references.
const (
	missing      = "local-missing"
	maybeMissing = "local-unknown" // an earlier step may bring it
	inputs       = "local-inputs"
)

// metadata is as much of an action.yml or a reusable workflow as its callers depend on. Input names are in lower case.
type metadata struct{ inputs map[string]input }

type input struct {
	Required bool      `yaml:"required"`
	Default  yaml.Node `yaml:"default"`
}

// localRule checks steps and jobs that use something of their own repository.
type localRule struct {
	actionlint.RuleBase
	side *repository
}

func newLocalRule(side *repository) *localRule {
	return &localRule{RuleBase: actionlint.NewRuleBase(missing, "references into the own repository"), side: side}
}

// Errs gives the errors their own kinds, which are written before the message.
func (r *localRule) Errs() []*actionlint.Error {
	var errs []*actionlint.Error
	for _, e := range r.RuleBase.Errs() {
		kind, message, _ := strings.Cut(e.Message, "\x00")
		errs = append(errs, &actionlint.Error{Message: message, Filepath: e.Filepath, Line: e.Line, Column: e.Column, Kind: kind})
	}
	return errs
}

// VisitStep checks a step that uses a local action.
func (r *localRule) VisitStep(step *actionlint.Step) error {
	exec, ok := step.Exec.(*actionlint.ExecAction)
	if !ok || exec.Uses == nil || !isLocal(exec.Uses.Value) {
		return nil
	}
	dir := localPath(exec.Uses.Value)
	meta, found, err := r.side.action(dir)
	if err != nil {
		return err
	}
	if found {
		r.check(exec.Uses, meta, slices.Collect(maps.Keys(exec.Inputs)))
		return nil
	}
	_, was, err := r.side.other.action(dir)
	switch {
	case err != nil:
		return err
	case was:
		r.Errorf(exec.Uses.Pos, "%s\x00the action %s is not in the repository: the change takes it away", missing, exec.Uses.Value)
	case selfReference(exec.Uses.Value):
		r.Errorf(exec.Uses.Pos, "%s\x00the action %s is not in the repository", missing, exec.Uses.Value)
	default:
		r.Errorf(exec.Uses.Pos, "%s\x00the action %s is not in the repository: right only if an earlier step puts it there", maybeMissing, exec.Uses.Value)
	}
	return nil
}

// VisitJobPre checks a job that calls a workflow of the repository.
func (r *localRule) VisitJobPre(job *actionlint.Job) error {
	if job.WorkflowCall == nil || job.WorkflowCall.Uses == nil || !isLocal(job.WorkflowCall.Uses.Value) {
		return nil
	}
	uses := job.WorkflowCall.Uses
	meta, found, err := r.side.called(localPath(uses.Value))
	if err != nil {
		return err
	}
	if !found {
		r.Errorf(uses.Pos, "%s\x00the workflow %s is not in the repository", missing, uses.Value)
		return nil
	}
	r.check(uses, meta, slices.Collect(maps.Keys(job.WorkflowCall.Inputs)))
	return nil
}

// isLocal reports whether a reference stays in the repository: ./ is the working directory of the run, $/ the commit that
// runs (GitHub, July 2026).
func isLocal(uses string) bool {
	return (strings.HasPrefix(uses, "./") || selfReference(uses)) && !strings.Contains(uses, "${{") && !strings.Contains(uses, "..")
}

func selfReference(uses string) bool { return strings.HasPrefix(uses, "$/") }

func localPath(uses string) string { return path.Clean(uses[len("./"):]) }

func (r *localRule) check(uses *actionlint.String, meta metadata, given []string) {
	if meta.inputs == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(meta.inputs)) {
		if in := meta.inputs[name]; in.Required && in.Default.IsZero() && !slices.Contains(given, name) {
			r.Errorf(uses.Pos, "%s\x00%s needs the input %q", inputs, uses.Value, name)
		}
	}
	slices.Sort(given)
	for _, name := range given {
		if _, ok := meta.inputs[name]; !ok {
			r.Errorf(uses.Pos, "%s\x00%s has no input %q", inputs, uses.Value, name)
		}
	}
}

// action reads the metadata of the action in a folder. A folder with a Dockerfile alone is an action without inputs of
// its own; nil inputs mean that they are not known.
func (r *repository) action(dir string) (metadata, bool, error) {
	for _, name := range []string{"action.yml", "action.yaml"} {
		text, found, err := r.read(path.Join(dir, name))
		if err != nil || found {
			return parseInputs(text, "inputs"), found, err
		}
	}
	_, found, err := r.read(path.Join(dir, "Dockerfile"))
	return metadata{}, found, err
}

// called reads what a workflow wants from its callers.
func (r *repository) called(file string) (metadata, bool, error) {
	text, found, err := r.read(file)
	return parseInputs(text, "on", "workflow_call", "inputs"), found, err
}

func (r *repository) read(file string) ([]byte, bool, error) {
	f, err := builtin.Open(r.ctx, r.tree, file)
	if _, unread := builtin.Unread(err); unread {
		return nil, true, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return f.Text, true, nil
}

// parseInputs reads the mapping at a path of keys. A file that does not parse is another finding's matter.
func parseInputs(text []byte, keys ...string) metadata {
	var root yaml.Node
	if yaml.Unmarshal(text, &root) != nil || len(root.Content) == 0 {
		return metadata{}
	}
	node := root.Content[0]
	for _, key := range keys {
		if node = child(node, key); node == nil {
			return metadata{inputs: map[string]input{}}
		}
	}
	meta := metadata{inputs: map[string]input{}}
	if node.Kind != yaml.MappingNode {
		return meta
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		var in input
		if node.Content[i+1].Kind == yaml.MappingNode && node.Content[i+1].Decode(&in) != nil {
			return metadata{}
		}
		meta.inputs[strings.ToLower(node.Content[i].Value)] = in
	}
	return meta
}

func child(node *yaml.Node, key string) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}
