package document

import (
	"strings"
	"testing"
)

// FuzzRead reads a text as each format would: documents are numbered, named, and have a value or an error.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"a: 1\n---\nb: [x]\n", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - a: 1\n", `{"kind":"List","apiVersion":"v1","items":[{},1]}`,
		"\xef\xbb\xbfa = 1\n", "\xff", "FROM a\n", "<a/>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, path := range []string{"a.yaml", "a.json", "a.tf.json", "a.tf", "a.toml", "Dockerfile", ".env", "a.ini", "a.xml"} {
			for i, d := range Parse(path, data) {
				if d.Index != i || d.Path != path || d.Format == "" || (d.Error != "") != (d.Line > 0) || d.Error != "" && d.Value != nil {
					t.Fatalf("document %d is %+v", i, d)
				}
				for p, line := range d.Lines {
					if line < 1 || strings.Count(p, "/") > 4*len(data) {
						t.Fatalf("%s is on line %d", p, line)
					}
				}
			}
		}
	})
}
