package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

type sample struct {
	Name   string            `json:"name" min:"2" max:"4"`
	Size   int               `json:"size,omitempty" max:"9"`
	Ratio  float64           `json:"ratio,omitempty"`
	On     *bool             `json:"on,omitempty"`
	Tags   []string          `json:"tags,omitempty" min:"1" max:"2" enum:"red,green"`
	Env    map[string]string `json:"env,omitempty" keys:"A,B"`
	Inner  *inner            `json:"inner,omitempty"`
	List   []inner           `json:"list,omitempty"`
	At     time.Time         `json:"at,omitzero"`
	Any    any               `json:"any,omitempty"`
	Hidden string            `json:"-"`
	Small  int8              `json:"small,omitempty"`
}

type inner struct {
	Day string `json:"day" format:"date"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	yes := true
	const text = "name: abc\nsize: 5\nratio: 2\non: true\ntags: [red]\nenv: {A: '1'}\ninner: {day: 2026-11-22}\nlist:\n- day: 2026-01-02\nat: 2026-11-22T10:00:00Z\nany: {x: [1]}\n"
	want := sample{Name: "abc", Size: 5, Ratio: 2, On: &yes, Tags: []string{"red"}, Env: map[string]string{"A": "1"}, Inner: &inner{"2026-11-22"}, List: []inner{{"2026-01-02"}},
		At: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Any: map[string]any{"x": []any{int64(1)}}}
	var got sample
	if problems := Decode(ParseYAML("f", []byte(text))[0], &got); problems != nil {
		t.Fatal(Join(problems))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestDecodeProblems(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"size: 1\n":              `f:1:1: the document must have "name"`,
		"nmae: abc\n":            "f:1:1: unknown field \"nmae\"; did you mean \"name\"?\nf:1:1: the document must have \"name\"",
		"Hidden: x\nname: abc\n": `f:1:1: unknown field "Hidden"; want one of name, size, ratio, on, tags, env, inner, list, at, any, small`,
		"name: 12\n":             `f:1:7: name must be text, not the number 12; put it in quotes`,
		"name: [a]\n":            `f:1:7: name must be text, not a list`,
		"name:\n":                `f:1:1: name has no value; give it text or remove it`,
		"name: a\n":              `f:1:7: name has 1 character; want at least 2 characters`,
		"name: ääää\n":           ``,
		"name: abcde\n":          `f:1:7: name has 5 characters; want at most 4 characters`,
		"name: abc\nsize: 10\n":  `f:2:7: size is 10; want at most 9`,
		"name: abc\nsize: 1.5\n": `f:2:7: size must be a whole number, not the number 1.5`,
		"name: abc\nsize: 99999999999999999999\n": `f:2:7: size must be a whole number, not the number 99999999999999999999`,
		"name: abc\nsmall: 300\n":                 `f:2:8: small must be a whole number, not the number 300`,
		"name: abc\non: yes\n":                    `f:2:5: on must be true or false, not the text "yes"`,
		"name: abc\ntags: []\n":                   `f:2:1: tags has 0 entries; want at least 1 entry`,
		"name: abc\ntags: [red, geen]\n":          `f:2:13: tags.1 cannot be "geen"; did you mean "green"?`,
		"name: abc\ntags: red\n":                  `f:2:7: tags must be a list, not the text "red"`,
		"name: abc\nenv: {C: x}\n":                `f:2:7: env: unknown key "C"; did you mean "A"?`,
		"name: abc\ninner: {day: 2026-02-30}\n":   `f:2:14: inner.day cannot be "2026-02-30"; want a date as YYYY-MM-DD`,
		"name: abc\nlist:\n- {}\n- days: x\n":     "f:3:3: list.0 must have \"day\"\nf:4:3: unknown field \"days\"; did you mean \"day\"?\nf:4:3: list.1 must have \"day\"",
		"name: abc\nat: noon\n":                   `f:2:5: at: parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon" as "2006"`,
		"- a\n":                                   `f:1:1: the document must be a mapping, not a list`,
		"---\n":                                   `f:1:1: the document has no value; give it a mapping or remove it`,
		"a: [\n":                                  `f:1:4: this "[" is never closed`,
	} {
		var got sample
		problems := Decode(ParseYAML("f", []byte(text))[0], &got)
		if err := Join(problems); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestParseJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a": [1, -2.5, "x\u00e9\n\ud83d\ude00", true, false, null, {}]}`: `{"a":[1,-2.5,"xé\n😀",true,false,null,{}]}`,
		"\ufeff[]":               `[]`,
		`"\ud83d"`:               "\"\ufffd\"",
		` 12345678901234567890 `: `12345678901234567890`,
		`{"a": 1, "a": 2}`:       `f:1:10: key "a" is here twice; the first one is on line 1`,
		"{\n  \"é\": 1,\n}":      `f:3:1: expected a key in double quotes`,
		`{"a" 1}`:                `f:1:6: expected ":" after key "a"`,
		`[1 2]`:                  `f:1:4: expected "," or ']'`,
		`[1, 2`:                  `f:1:6: expected "," or ']'`,
		`[1,`:                    `f:1:4: the file ends before ']'`,
		``:                       `f:1:1: the file ends where a value is expected`,
		`{"a": }`:                `f:1:7: a value cannot start with '}'`,
		`{a: 1}`:                 `f:1:2: expected a key in double quotes`,
		`"a`:                     `f:1:1: this string has no closing quote`,
		`"a\q"`:                  `f:1:3: unknown escape "\\q" in a string`,
		"\"a\nb\"":               `f:1:3: a string cannot hold a raw control character; write \u000a`,
		`01`:                     `f:1:1: "01" is no JSON number`,
		`+1`:                     `f:1:1: a value cannot start with '+'`,
		`1.`:                     `f:1:1: "1." is no JSON number`,
		`.5`:                     `f:1:1: a value cannot start with '.'`,
		`1e999`:                  `f:1:1: number 1e999 is too large`,
		`[] []`:                  `f:1:4: text after the end of the document`,
		strings.Repeat("[", 300): `f:1:202: nested more than 200 levels deep`,
		"\"\xff\"":               `f:1:2: byte 0xff is not UTF-8; save the file as UTF-8`,
	} {
		doc := ParseJSON("f", []byte(text))
		var got string
		if doc.Err != nil {
			got = doc.Err.Error()
		} else {
			out, err := CanonicalDocument(doc.Value)
			got = fmt.Sprint(string(out))
			if err != nil {
				got = err.Error()
			}
		}
		if got != want {
			t.Errorf("%.40q\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestCanonicalJSON(t *testing.T) {
	t.Parallel()
	type nested struct {
		Z int               `json:"z"`
		A map[string]any    `json:"a"`
		E string            `json:"é"`
		R json.RawMessage   `json:"r"`
		N []string          `json:"n"`
		M map[string]string `json:"m,omitempty"`
	}
	got, err := CanonicalJSON(nested{Z: -1, A: map[string]any{"b": 1, "a": "<&>\u2028\x01\"\\\n", "B": true}, E: "ü", R: json.RawMessage(` { "y" : 1 , "x" : [ ] } `)})
	want := `{"a":{"B":true,"a":"<&>` + "\u2028" + `\u0001\"\\\n","b":1},"n":null,"r":{"x":[],"y":1},"z":-1,"é":"ü"}`
	if err != nil || string(got) != want {
		t.Errorf("got %s (%v)\nwant %s", got, err, want)
	}
	if again, err := CanonicalJSON(json.RawMessage(got)); err != nil || !bytes.Equal(got, again) {
		t.Errorf("canonical JSON of canonical JSON is %s (%v)", again, err)
	}
	for _, bad := range []any{map[string]any{"a/b": []any{1, 1.5}}, 1e30, json.Number("1e2"), json.Number("1.0")} {
		if out, err := CanonicalJSON(bad); err == nil {
			t.Errorf("CanonicalJSON(%v) = %s", bad, out)
		}
	}
	_, err = CanonicalJSON(map[string]any{"a/b": []any{1, 1.5}})
	if want := "encode as canonical JSON: /a~1b/1: 1.5 is not an integer"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func BenchmarkCanonicalJSON(b *testing.B) {
	doc := ParseYAML("f", fmt.Appendf(nil, deployment, 1, 1))[0]
	var all []any
	for range 200 {
		all = append(all, doc.Value)
	}
	for b.Loop() {
		if _, err := CanonicalJSON(all); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{fullRepository, "spec: {checks: [{}]}", "{\"kind\": 1}", "a: &x {b: *x}", "spec: {risk: {matrix: {low: {gates: [x]}}}}", "[]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, path := range []string{"f.yaml", "f.json"} {
			repo, problems := LoadRepository(path, data)
			for _, p := range problems {
				if p.Message == "" || p.Line < 1 && len(data) <= MaxBytes {
					t.Fatalf("problem without a place or a message: %+v", p)
				}
			}
			if len(problems) > 0 {
				continue
			}
			full := repo.WithDefaults()
			out, err := CanonicalJSON(full)
			if err != nil {
				t.Fatal(err)
			}
			if _, problems := LoadRepository("again.json", out); len(problems) > 0 {
				t.Fatalf("a valid configuration is refused when it is written and read again: %v\n%s", Join(problems), out)
			}
		}
	})
}
