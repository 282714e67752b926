package source

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// sampleGo is a Go file of about n lines; v makes versions differ.
func sampleGo(n int, v string) []byte {
	var b bytes.Buffer
	b.WriteString("// Package sample is test data.\npackage sample\n\nimport (\n\t\"context\"\n\t\"crypto/hmac\"\n\t\"fmt\"\n)\n")
	for i := 0; b.Len() == 0 || i*12 < n; i++ {
		fmt.Fprintf(&b, "\n// Do%d adds up the values of a list and says what went wrong. It never\n// keeps the list.\nfunc (s *Server) Do%d(ctx context.Context, values []int, name string) (int, error) {\n\ttotal := %d\n\tfor i, v := range values {\n\t\ttotal += v*i + len(name) // running total\n\t}\n\tif total > 1<<20 && name != \"%s\" {\n\t\treturn 0, fmt.Errorf(\"sum %%s: too large: %%d\", name, total)\n\t}\n\treturn total, nil\n}\n", i, i, i, v)
	}
	return b.Bytes()
}

func sampleTS(n int, v string) []byte {
	var b bytes.Buffer
	b.WriteString("import { createHmac } from 'node:crypto';\nimport type { Request } from './types';\n")
	for i := 0; i*10 < n; i++ {
		fmt.Fprintf(&b, "\n/** Adds the values of a request; name is only for messages. */\nexport async function do%d(req: Request, name: string): Promise<number> {\n  const values = req.values.map((v) => v * %d);\n  // keep the total small\n  if (values.length > 1000 && name !== '%s') {\n    throw new Error(`too many values: ${values.length} of ${name}`);\n  }\n  return values.reduce((a, b) => a + b, 0);\n}\n", i, i, v)
	}
	return b.Bytes()
}

func samplePython(n int, v string) []byte {
	var b bytes.Buffer
	b.WriteString("import hmac\nfrom typing import Iterable\n")
	for i := 0; i*10 < n; i++ {
		fmt.Fprintf(&b, "\n\ndef do_%d(values: Iterable[int], name: str = \"x\") -> int:\n    \"\"\"Add the values of a list.\"\"\"\n    total = %d\n    for i, value in enumerate(values):\n        total += value * i  # running total\n    if total > 1 << 20 and name != \"%s\":\n        raise ValueError(f\"sum {name}: {total}\")\n    return total\n", i, i, v)
	}
	return b.Bytes()
}

// BenchmarkChange is the whole work on 100 changed files of 500 lines, before and after.
func BenchmarkChange(b *testing.B) {
	samples := []struct {
		language string
		make     func(int, string) []byte
	}{{"go", sampleGo}, {"typescript", sampleTS}, {"python", samplePython}}
	for _, s := range samples {
		before, after := s.make(500, "a"), s.make(500, "b")
		b.Run(s.language, func(b *testing.B) {
			b.SetBytes(int64(100 * (len(before) + len(after))))
			b.ReportAllocs()
			for b.Loop() {
				for range 100 {
					x, y := Analyse(s.language, ClassSource, "a", before), Analyse(s.language, ClassSource, "a", after)
					Compare(x, y, nil)
					if EffectOf(x, y) != EffectCode {
						b.Fatal("a changed literal is code")
					}
				}
			}
		})
	}
}

func BenchmarkLex(b *testing.B) {
	for name, data := range map[string][]byte{"go": sampleGo(500, "a"), "typescript": sampleTS(500, "a"), "python": samplePython(500, "a")} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if !lex(name, data).exact {
					b.Fatal("not exact")
				}
			}
		})
	}
}

// BenchmarkClassify is the class of 10,000 paths under 20 attribute rules.
func BenchmarkClassify(b *testing.B) {
	attrs := ParseAttributes(".gitattributes", []byte(strings.Repeat("*.pb.go linguist-generated\ndocs/** linguist-documentation\n*.png binary\n/vendor/** -diff\n", 5)))
	var paths []string
	for i := range 10000 {
		paths = append(paths, fmt.Sprintf("services/group%d/internal/%s/file%d%s", i%7, []string{"api", "store", "web/src/components", "docs"}[i%4], i, []string{".go", ".ts", ".yaml", ".md", "_test.go"}[i%5]))
	}
	for b.Loop() {
		for _, p := range paths {
			Classify(p, nil, attrs)
		}
	}
}
