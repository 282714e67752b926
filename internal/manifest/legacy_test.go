package manifest

import (
	"reflect"
	"testing"
)

func TestReadYAML11(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want any
	}{
		{"a: yes", true}, {"a: On", true}, {"a: y", true}, {"a: NO", false}, {"a: off", false}, {"a: n", false},
		{"a: 'yes'", "yes"}, {"a: \"on\"", "on"}, {"a: !!str yes", "yes"}, {"a: |\n  yes", "yes"}, {"a: yEs", "yEs"}, {"a: yes sir", "yes sir"},
		{"a: 0_0", int64(0)}, {"a: 0b0", int64(0)}, {"a: -0b1", int64(-1)}, {"a: 1_000.5", 1000.5}, {"a: _1", "_1"}, {"a: 1_x", "1_x"}, {"a: +-1", "+-1"},
		{"a: 2026-01-02", "2026-01-02"}, {"a: 1.2.3", "1.2.3"}, {"a: 500m", "500m"},
		{"a: &x yes\nb: *x", true}, {"<<: {a: yes}", true}, // the slower reader
	}
	for _, tt := range tests {
		doc := ParseYAML("a.yaml", []byte(tt.text))[0]
		doc.ReadYAML11()
		if got := doc.Value.(map[string]any)["a"]; !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %#v, want %#v", tt.text, got, tt.want)
		}
	}
	doc := ParseYAML("a.yaml", []byte("on: [yes, {no: [off]}]\nx: &x [y]\nz: *x"))[0]
	doc.ReadYAML11()
	want := map[string]any{"on": []any{true, map[string]any{"no": []any{false}}}, "x": []any{true}, "z": []any{true}}
	if !reflect.DeepEqual(doc.Value, want) {
		t.Errorf("%#v", doc.Value)
	}
}
