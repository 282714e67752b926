package toml

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/document/format"
)

// TestHostile reads what would exhaust the stack or the clock.
func TestHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	inline := "a = " + strings.Repeat("{"+strings.Repeat("a.", 100)+"a = ", 100)
	for name, text := range map[string]string{
		"arrays":        "x = 1\na = " + strings.Repeat("[", n),
		"arrays apart":  "x = 1\na = " + strings.Repeat("[\n\"\\\"]\", ", n),
		"inline tables": "x = 1\na = " + strings.Repeat("{ a = ", n),
		"dotted key":    "x = 1\n" + strings.Repeat("a.", n) + "a = 1",
		"dotted table":  "x = 1\n[" + strings.Repeat("a . ", n) + "a]",
		"both":          inline + "1" + strings.Repeat("}", 100) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Parse("a.toml", []byte(text))
			if len(got) != 1 || !strings.Contains(got[0].Error, "nested more than") {
				t.Errorf("%.30q... gave %q", text, got[0].Error)
			}
		})
	}
}

func TestDeepEnough(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", format.MaxDepth-2) + strings.Repeat("]", format.MaxDepth-2)
	for _, text := range []string{
		"a = " + deep + "\n", "# " + strings.Repeat("[", 1000) + "\n", "a = \"" + strings.Repeat("[", 1000) + "\"\n",
		"a = '" + strings.Repeat("[", 1000) + "'\n", "a = '''\n" + strings.Repeat("['\n", 1000) + "'''''\n", "a = \"\"\"\\\"\"\"\\\"\"\"\\\"" + strings.Repeat("[", 1000) + "\"\"\"\n",
		strings.Repeat("[[a]]\n", 1000), strings.Repeat("a = [1.5, 2.5]\n", 1), strings.Repeat("[a.b.c]\n", 1),
	} {
		if got := Parse("a.toml", []byte(text)); got[0].Error != "" {
			t.Errorf("%.30q...: %s", text, got[0].Error)
		}
	}
}

// TestManyKeys takes minutes when lines are counted from the top for each key.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range maxKeys {
		fmt.Fprintf(&text, "k%d = 1\n", i)
	}
	if got := Parse("a.toml", []byte(text.String()))[0].Places.LineOf("/k19999"); got != 20_000 {
		t.Errorf("the last key is on line %d", got)
	}
	text.WriteString("one.more = 1\n")
	if got := Parse("a.toml", []byte(text.String()))[0]; got.Line != maxKeys+1 || !strings.Contains(got.Error, "more than") {
		t.Errorf("too many keys: %q on line %d", got.Error, got.Line)
	}
}
