package document

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkRead reads a file of each format.
func BenchmarkRead(b *testing.B) {
	for _, f := range []struct{ path, item string }{
		{"a.yaml", "k%d:\n  a: 1\n  b: [x, y]\n  c: some words\n"},
		{"a.toml", "[k%d]\na = 1\nb = [\"x\", \"y\"]\nc = \"some words\"\n"},
		{"a.ini", "[k%d]\na = 1\nb = x y\nc = some words\n"},
		{"a.env", "K%d=some words\n"},
		{"a.tf", "block \"k%d\" {\n  a = 1\n  b = [\"x\", \"y\"]\n  c = \"some words\"\n}\n"},
	} {
		var text strings.Builder
		for i := range 200 {
			fmt.Fprintf(&text, f.item, i)
		}
		benchmark(b, f.path, text.String())
	}
	var items []string
	for i := range 200 {
		items = append(items, fmt.Sprintf(`"k%d": {"a": 1, "b": ["x", "y"], "c": "some words"}`, i))
	}
	benchmark(b, "a.json", "{"+strings.Join(items, ",\n")+"}")
	benchmark(b, "Dockerfile", "FROM a\n"+strings.Repeat("RUN some \\\n  command\nCOPY a b\n", 200))
}

func benchmark(b *testing.B, path, text string) {
	b.Run(path, func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if docs := Parse(path, []byte(text)); docs[0].Error != "" {
				b.Fatal(docs[0].Error)
			}
		}
	})
}
