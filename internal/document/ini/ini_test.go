package ini

import (
	"reflect"
	"strings"
	"testing"
)

func TestContinued(t *testing.T) {
	t.Parallel()
	text := "[a]\nk =\n  x\n  y\nl = 1\n  2\n[b]\n  m = 3\nk = 4\n 5\n[a]\nk = 6\n"
	want := map[string]any{"a": map[string]any{"k": "6", "l": "1\n2"}, "b": map[string]any{"m": "3", "k": "4\n5"}}
	if got := Parse("a.ini", []byte(text))[0].Value; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	text = "[a]\nk =\n  x\n"
	if got := Parse("a.ini", []byte(text))[0].Value; !reflect.DeepEqual(got, map[string]any{"a": map[string]any{"k": "x"}}) {
		t.Errorf("got %v", got)
	}
}

// TestLongValue takes minutes when a value is built line by line.
func TestLongValue(t *testing.T) {
	t.Parallel()
	if got := Parse("a.ini", []byte("[a]\nk=\n"+strings.Repeat(" x\n", 1_000_000))); got[0].Error != "" {
		t.Error(got[0].Error)
	}
}
