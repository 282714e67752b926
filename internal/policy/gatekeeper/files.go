package gatekeeper

import (
	"fmt"
	"sync"

	"github.com/adamant-os/adamant/internal/manifest"
)

// ReadFile reads a file by its path with slashes, which may lead upwards. It bounds what it reads and is safe for concurrent use.
type ReadFile func(path string) ([]byte, error)

// files reads what suites name, each template and object once. It is safe for concurrent use.
type files struct {
	bytes     ReadFile
	mu        sync.Mutex
	templates map[string]func() (*Template, error)
	read      map[string]func() ([]object, error)
}

func newFiles(read ReadFile) *files {
	return &files{bytes: read, templates: map[string]func() (*Template, error){}, read: map[string]func() ([]object, error){}}
}

// once gives the function that does the work for a path, a single time.
func once[T any](f *files, m map[string]func() (T, error), path string, do func() (T, error)) (T, error) {
	f.mu.Lock()
	get, ok := m[path]
	if !ok {
		get = sync.OnceValues(do)
		m[path] = get
	}
	f.mu.Unlock()
	return get()
}

func (f *files) template(path string, sandbox Sandbox) (*Template, error) {
	return once(f, f.templates, path, func() (*Template, error) {
		data, err := f.bytes(path)
		if err != nil {
			return nil, err
		}
		v, err := single(path, manifest.ParseYAML(path, data))
		if err != nil {
			return nil, err
		}
		if groupOf(v.value) != groupTemplate {
			return nil, fmt.Errorf("%s is no ConstraintTemplate", path)
		}
		t := readTemplate(v, string(data), sandbox)
		return t, manifest.Join(*v.problems)
	})
}

func (f *files) constraint(path string, t *Template) (*Constraint, error) {
	data, err := f.bytes(path)
	if err != nil {
		return nil, err
	}
	v, err := single(path, manifest.ParseYAML(path, data))
	switch {
	case err != nil:
		return nil, err
	case groupOf(v.value) != groupConstraint:
		return nil, fmt.Errorf("%s is no constraint", path)
	case v.field("kind").text() != t.Kind:
		return nil, fmt.Errorf("%s is of kind %s; the template is of kind %s", path, v.field("kind").text(), t.Kind)
	}
	c, problems := t.newConstraint(v)
	if len(problems) == 0 {
		return c, nil
	}
	if breaksSchema(t, v) {
		return nil, &schemaError{problems}
	}
	return nil, manifest.Join(problems)
}

// breaksSchema tells a constraint that its template's schema refuses from one that is wrong in another way.
func breaksSchema(t *Template, v *view) bool {
	for _, f := range t.constraintFaults(v.value) {
		if !f.unknown {
			return true
		}
	}
	return false
}

func (f *files) objects(path string) ([]object, error) {
	return once(f, f.read, path, func() ([]object, error) {
		data, err := f.bytes(path)
		if err != nil {
			return nil, err
		}
		var out []object
		for _, doc := range manifest.ParseYAML(path, data) {
			if doc.Err != nil {
				return nil, manifest.Join([]manifest.Diagnostic{*doc.Err})
			}
			if doc.Value == nil {
				continue
			}
			o, ok := asObject(doc.Value)
			if !ok {
				return nil, manifest.Join([]manifest.Diagnostic{doc.Diagnose("", "is no object")})
			}
			out = append(out, o)
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("%s holds no object", path)
		}
		return out, nil
	})
}

func (f *files) expansions(path string) ([]*expansion, error) {
	data, err := f.bytes(path)
	if err != nil {
		return nil, err
	}
	return readExpansions(path, data)
}
