package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Rego sees the input document by its JSON names with four differences: documents have no lines and no base versions (a
// rule answers with a pointer, and is asked about base on its own), the policy has no module texts, and byKind lists the
// documents of each kind. One plan of the Go types yields both the values and the schema they are checked against.

// hidden names the fields that Rego does not see.
func hidden(t reflect.Type, name string) bool {
	switch t {
	case reflect.TypeFor[facts.Input]():
		return name == "documentsBase" || name == "documentsAround"
	case reflect.TypeFor[document.Document]():
		return name == "lines"
	case reflect.TypeFor[facts.Ratchet]():
		return name == "base"
	case reflect.TypeFor[facts.Policy]():
		return name == "modules" || name == "data" || name == "constraints"
	}
	return false
}

// field is one JSON member of a Go struct.
type field struct {
	name      string
	key       *ast.Term
	index     int
	omitEmpty bool
}

// planner converts values. It remembers the fields of types and the terms of texts. The zero value is ready.
type planner struct {
	names names // of the policies; read only
	plans map[reflect.Type][]field
	texts map[string]*ast.Term
}

func (p *planner) fields(t reflect.Type) []field {
	if plan, ok := p.plans[t]; ok {
		return plan
	}
	var plan []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "" || name == "-" || hidden(t, name) {
			continue
		}
		plan = append(plan, field{name: name, key: p.text(name), index: i, omitEmpty: strings.HasPrefix(options, "omit")})
	}
	if p.plans == nil {
		p.plans = map[reflect.Type][]field{}
	}
	p.plans[t] = plan
	return plan
}

// inputValue is what Rego sees as input.
func inputValue(in *facts.Input, shared names) (ast.Value, error) {
	p := planner{names: shared}
	term, err := p.term(reflect.ValueOf(*in))
	if err != nil {
		return nil, fmt.Errorf("converting the input document: %w", err)
	}
	input := term.Value.(ast.Object)
	docs := input.Get(p.text("documents"))
	input.Insert(p.text("byKind"), p.byKind(in.Documents, docs.Value.(*ast.Array)))
	return input, nil
}

// byKind lists the documents of every kind there is, so that rules need not look at the others.
func (p *planner) byKind(docs []document.Document, terms *ast.Array) *ast.Term {
	lists := map[string][]*ast.Term{}
	for i := range docs {
		lists[docs[i].Kind] = append(lists[docs[i].Kind], terms.Elem(i))
	}
	out := ast.NewObject()
	for _, kind := range document.Kinds() {
		out.Insert(p.text(kind), ast.ArrayTerm(lists[kind]...))
	}
	return ast.NewTerm(out)
}

// term converts as encoding/json would, but for nil slices, which are empty lists.
func (p *planner) term(v reflect.Value) (*ast.Term, error) {
	switch t := v.Interface().(type) {
	case time.Time:
		return ast.StringTerm(t.Format(time.RFC3339Nano)), nil
	case json.RawMessage:
		return p.raw(t)
	}
	switch v.Kind() {
	case reflect.String:
		return p.text(v.String()), nil
	case reflect.Bool:
		return ast.InternedTerm(v.Bool()), nil
	case reflect.Int, reflect.Int64:
		return integer(v.Int()), nil
	case reflect.Pointer:
		if v.IsNil() {
			return ast.InternedNullTerm, nil
		}
		return p.term(v.Elem())
	case reflect.Interface:
		return p.any(v.Interface())
	case reflect.Slice:
		return p.list(v)
	case reflect.Map:
		return p.mapping(v)
	case reflect.Struct:
		return p.object(v)
	}
	return nil, fmt.Errorf("no Rego value for a %s", v.Type())
}

func (p *planner) list(v reflect.Value) (*ast.Term, error) {
	terms := make([]*ast.Term, v.Len())
	for i := range terms {
		term, err := p.term(v.Index(i))
		if err != nil {
			return nil, err
		}
		terms[i] = term
	}
	return ast.ArrayTerm(terms...), nil
}

func (p *planner) mapping(v reflect.Value) (*ast.Term, error) {
	out := ast.NewObject()
	for iter := v.MapRange(); iter.Next(); {
		term, err := p.term(iter.Value())
		if err != nil {
			return nil, err
		}
		out.Insert(p.text(iter.Key().String()), term)
	}
	return ast.NewTerm(out), nil
}

func (p *planner) object(v reflect.Value) (*ast.Term, error) {
	plan := p.fields(v.Type())
	pairs := make([][2]*ast.Term, 0, len(plan)+1)
	for _, f := range plan {
		value := v.Field(f.index)
		if f.omitEmpty && isEmpty(value) {
			continue
		}
		term, err := p.term(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		pairs = append(pairs, [2]*ast.Term{f.key, term})
	}
	return ast.ObjectTerm(pairs...), nil
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

func (p *planner) raw(raw json.RawMessage) (*ast.Term, error) {
	if len(raw) == 0 {
		return ast.InternedNullTerm, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return p.any(v)
}

// any converts a parsed document. A value has one term whether it was parsed just now or has been through JSON.
func (p *planner) any(v any) (*ast.Term, error) {
	switch t := v.(type) {
	case nil:
		return ast.InternedNullTerm, nil
	case string:
		return p.text(t), nil
	case bool:
		return ast.InternedTerm(t), nil
	case int64:
		return integer(t), nil
	case int:
		return integer(int64(t)), nil
	case float64:
		return floatTerm(t)
	case json.Number:
		return numberTerm(t)
	case []any:
		return p.anyList(t)
	case map[string]any:
		return p.anyObject(t)
	}
	return nil, fmt.Errorf("no Rego value for a %T", v)
}

func (p *planner) anyList(list []any) (*ast.Term, error) {
	terms := make([]*ast.Term, len(list))
	for i, v := range list {
		term, err := p.any(v)
		if err != nil {
			return nil, err
		}
		terms[i] = term
	}
	return ast.ArrayTerm(terms...), nil
}

func (p *planner) anyObject(object map[string]any) (*ast.Term, error) {
	pairs := make([][2]*ast.Term, 0, len(object))
	for key, v := range object {
		term, err := p.any(v)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]*ast.Term{p.text(key), term})
	}
	return ast.ObjectTerm(pairs...), nil
}

func integer(n int64) *ast.Term {
	if n >= 0 && n < 512 {
		return ast.InternedTerm(int(n))
	}
	return ast.NumberTerm(json.Number(strconv.FormatInt(n, 10)))
}

// floatTerm spells a float as encoding/json does.
func floatTerm(f float64) (*ast.Term, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	return ast.NumberTerm(json.Number(text)), nil
}

func numberTerm(n json.Number) (*ast.Term, error) {
	if !strings.ContainsAny(string(n), ".eE") {
		return ast.NumberTerm(n), nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil, err
	}
	return floatTerm(f)
}

// inputSchema is the JSON Schema of what Rego sees. Its objects are closed: a name that is not there is a compile error.
func inputSchema() map[string]any {
	var p planner
	schema := p.schema(reflect.TypeFor[facts.Input]())
	properties := schema["properties"].(map[string]any)
	kinds := map[string]any{}
	for _, kind := range document.Kinds() {
		kinds[kind] = properties["documents"]
	}
	properties["byKind"] = map[string]any{"type": "object", "properties": kinds}
	properties["config"] = p.schema(reflect.TypeFor[manifest.Repository]())
	return schema
}

func (p *planner) schema(t reflect.Type) map[string]any {
	if t == reflect.TypeFor[time.Time]() {
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Pointer:
		return p.schema(t.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": p.schema(t.Elem())}
	case reflect.Struct:
		properties := map[string]any{}
		for _, f := range p.fields(t) {
			properties[f.name] = p.schema(t.Field(f.index).Type)
		}
		return map[string]any{"type": "object", "properties": properties}
	case reflect.Map:
		return map[string]any{"type": "object"}
	}
	return map[string]any{} // any value
}
