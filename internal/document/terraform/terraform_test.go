package terraform

import (
	"encoding/json"
	"testing"

	"github.com/adamant-os/adamant/internal/document/format/formattest"
)

func TestShape(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"resource", `{"resource":{"a":{"b":{"c":1}}}}`, `{"resource":{"a":{"b":[{"c":1}]}}}`},
		{"in lists", `{"resource":[{"a":{"b":{"c":1}}},{"a":[{"b":[{"c":2}]},{"d":{}}]}]}`, `{"resource":{"a":{"b":[{"c":1},{"c":2}],"d":[{}]}}}`},
		{"one label", `{"variable":{"x":{"default":[1]}},"provider":{"aws":[{"alias":"a"},{"alias":"b"}]}}`,
			`{"provider":{"aws":[{"alias":"a"},{"alias":"b"}]},"variable":{"x":[{"default":[1]}]}}`},
		{"no label", `{"locals":{"a":1},"terraform":[{"x":1}],"moved":[{"from":"a"},{"from":"b"}]}`,
			`{"locals":[{"a":1}],"moved":[{"from":"a"},{"from":"b"}],"terraform":[{"x":1}]}`},
		{"unknown", `{"//":"why","other":{"a":{}}}`, `{"//":"why","other":{"a":{}}}`},
		{"no blocks", `{"resource":"x","locals":null,"data":[],"module":{"m":1}}`, `{"data":[],"locals":null,"module":{"m":1},"resource":"x"}`},
		{"no object", `[1]`, `[1]`},
		{"comments", "{/* c */\"locals\":{}}", `{"locals":[{}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(Parse("a.tf.json", []byte(tt.text))[0].Value)
			if err != nil || string(got) != tt.want {
				t.Errorf("got  %s\nwant %s %v", got, tt.want, err)
			}
		})
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	text := "{\n \"resource\": [\n  {\"a\": {\n   \"b\": {\n    \"c\": [\n     1]}}},\n  {\"a\": {\"b\": {\n    \"d\": 1}}}],\n \"x\": {\n  \"y\": 1}\n}"
	places := Parse("a.tf.json", []byte(text))[0].Places
	for pointer, want := range map[string]int{
		"": 1, "/resource": 2, "/resource/a/b": 4, "/resource/a/b/0/c": 5, "/resource/a/b/0/c/0": 6, "/resource/a/b/1/d": 8, "/x/y": 10,
	} {
		if got := places.LineOf(pointer); got != want {
			t.Errorf("%s is on line %d, want %d", pointer, got, want)
		}
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	if got := Parse("a.tf.json", []byte("{\n1}")); got[0].Line != 2 || got[0].Error == "" {
		t.Errorf("%+v", got)
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, `{"resource":[{"a":{"b":{"c":1}}},{"a":[{"b":[{"c":2}]},{"d":{}}]}]}`, `{"locals":{"a":1},"x":[{"y":1}]}`, `{"module":{"a/~b":{}}}`)
}
