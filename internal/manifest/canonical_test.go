package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// slowCanonicalJSON parses what encoding/json wrote and writes it anew: the plain way, which canonicalJSON has to agree with.
func slowCanonicalJSON(v any, fractions bool) ([]byte, error) {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode as canonical JSON: %w", err)
	}
	p := jsonParser{data: raw.String(), cursor: cursor{Position: Position{1, 1}}, levels: 5 * MaxDepth} // documents lie within documents
	root, fault := p.value(0)
	if fault != nil {
		return nil, fmt.Errorf("encode as canonical JSON: %s", fault.message)
	}
	if fractions {
		root.spellFractions()
	}
	out, err := root.canonical(make([]byte, 0, raw.Len()))
	if err != nil {
		return nil, fmt.Errorf("encode as canonical JSON: %w", err)
	}
	return out, nil
}

func (n *node) spellFractions() {
	if f, ok := n.value.(float64); ok {
		n.value = json.Number(strconv.FormatFloat(f, 'g', -1, 64))
	}
	for i := range n.children {
		n.children[i].spellFractions()
	}
}

func (n *node) canonical(out []byte) ([]byte, error) {
	switch n.kind {
	case mapping:
		return n.canonicalObject(out)
	case sequence:
		return n.canonicalArray(out)
	}
	switch v := n.value.(type) {
	case string:
		return appendString(out, v), nil
	case int64:
		return strconv.AppendInt(out, v, 10), nil
	case json.Number:
		return append(out, v...), nil
	case bool:
		return strconv.AppendBool(out, v), nil
	case nil:
		return append(out, "null"...), nil
	}
	return nil, fmt.Errorf("%v is not an integer", n.value)
}

func (n *node) canonicalObject(out []byte) ([]byte, error) {
	slices.SortFunc(n.children, func(a, b node) int { return strings.Compare(a.key, b.key) })
	out = append(out, '{')
	for i := range n.children {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, n.children[i].key), ':')
		var err error
		if out, err = n.children[i].canonical(out); err != nil {
			return nil, within(EscapePointer(n.children[i].key), err)
		}
	}
	return append(out, '}'), nil
}

func (n *node) canonicalArray(out []byte) ([]byte, error) {
	out = append(out, '[')
	for i := range n.children {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = n.children[i].canonical(out); err != nil {
			return nil, within(strconv.Itoa(i), err)
		}
	}
	return append(out, ']'), nil
}

// anyJSON draws what documents are made of, the odd parts of JSON included.
func anyJSON(depth int) *rapid.Generator[any] {
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a", "b", "aa", "\"", `\`, "\u2028", "\x7f", "\x00\x1f", "\xff", "é", "/", "<&>", "\U0001f600"}))
	leaf := rapid.OneOf(
		rapid.Map(texts, func(s string) any { return s }),
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Uint64(), func(n uint64) any { return n }),
		rapid.Map(rapid.Float64Range(-1e30, 1e30), func(f float64) any { return f }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.SampledFrom([]any{nil, math.Copysign(0, -1), 1e21, 1e-7, 0.1, json.Number("1e3"), json.Number("-0"), json.RawMessage(`{"b": 1, "a":[ ], "":{}}`), json.RawMessage(`{"a":1,"a":2}`), json.RawMessage(` [ 1 , 2 ] `),
			struct {
				Z int    `json:"z"`
				A string `json:"a,omitempty"`
				M any    `json:"m"`
			}{1, "\n", []string{"x"}}}),
	)
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[any] { return anyJSON(depth - 1) }), 0, 4), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(texts, rapid.Deferred(func() *rapid.Generator[any] { return anyJSON(depth - 1) }), 0, 20), func(m map[string]any) any { return m }),
	)
}

func TestCanonicalAgreesWithTheSlowWay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v, fractions := anyJSON(3).Draw(t, "value"), rapid.Bool().Draw(t, "fractions")
		got, gotErr := canonicalJSON(v, fractions)
		want, wantErr := slowCanonicalJSON(v, fractions)
		if !bytes.Equal(got, want) || (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("%s, %v; want %s, %v", got, gotErr, want, wantErr)
		}
		var number *pointerError
		if errors.As(wantErr, &number) && gotErr.Error() != wantErr.Error() && !strings.Contains(gotErr.Error(), "twice") {
			t.Fatalf("error %v, want %v", gotErr, wantErr)
		}
	})
}

func TestCanonicalDepth(t *testing.T) {
	t.Parallel()
	deep := json.RawMessage(strings.Repeat("[", 5*MaxDepth+2) + strings.Repeat("]", 5*MaxDepth+2))
	if _, err := CanonicalJSON(deep); err == nil || !strings.Contains(err.Error(), "levels deep") {
		t.Errorf("too deep: %v", err)
	}
}

func BenchmarkCanonicalDocument(b *testing.B) {
	var docs []any
	for i := range 200 {
		docs = append(docs, map[string]any{"path": fmt.Sprint("a/", i), "kind": "x", "value": map[string]any{"z": int64(i), "a": []any{"x", nil, true, 1.5}, "m": map[string]any{"k": strings.Repeat("text ", 20)}}})
	}
	for b.Loop() {
		if _, err := CanonicalDocument(docs); err != nil {
			b.Fatal(err)
		}
	}
}
