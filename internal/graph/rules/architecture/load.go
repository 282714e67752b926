package architecture

import (
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/graph/rules/depcruise"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Rules are all the rules of one tree.
type Rules struct {
	Sets  []*rules.Set
	Spec  *manifest.ArchitectureSpec // of architecture.yaml, nil when there is none
	Files []string                   // that were read
}

// Load reads the rules of a tree: .adamant/architecture.yaml and the first of depcruise.Names that is there, or only the given
// files. read returns nil for a file that is not there. With any diagnostic the rules must not be used.
func Load(read func(path string) ([]byte, error), tree Tree, only ...string) (*Rules, []manifest.Diagnostic) {
	out := &Rules{}
	if len(only) > 0 {
		var problems []manifest.Diagnostic
		for _, name := range only {
			_, more := out.add(name, read, tree)
			problems = append(problems, more...)
		}
		if len(out.Files) == 0 && len(problems) == 0 {
			problems = append(problems, manifest.Diagnostic{Path: only[0], Message: "there is no such file"})
		}
		return out, problems
	}
	_, problems := out.add(File, read, tree)
	for _, name := range depcruise.Names() {
		found, more := out.add(name, read, tree)
		problems = append(problems, more...)
		if found {
			break
		}
	}
	return out, problems
}

func (r *Rules) add(name string, read func(string) ([]byte, error), tree Tree) (bool, []manifest.Diagnostic) {
	data, err := read(name)
	switch {
	case err != nil:
		return true, []manifest.Diagnostic{{Path: name, Message: fmt.Sprintf("it cannot be read: %v", err)}}
	case data == nil:
		return false, nil
	}
	r.Files = append(r.Files, name)
	if !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
		set, problems := depcruise.Read(name, data, read)
		r.Sets = append(r.Sets, set)
		return true, problems
	}
	a, doc, problems := manifest.LoadArchitecture(name, data)
	if len(problems) > 0 {
		return true, problems
	}
	set, problems := Compile(a, doc, tree)
	r.Sets, r.Spec = append(r.Sets, set), &a.Spec
	return true, problems
}

// DeclaredRule is the rule of an architecture that compares the catalog with the files, nil when there is none.
func (r *Rules) DeclaredRule() *manifest.ArchitectureRule {
	if r.Spec == nil {
		return nil
	}
	for i := range r.Spec.Rules {
		if r.Spec.Rules[i].Type == "declared" {
			return &r.Spec.Rules[i]
		}
	}
	return nil
}
