package document

import (
	"encoding/json"
	"strings"
	"testing"
)

// fuzz checks what every parser promises: no panic, a value or an error with a line, lines inside the file, JSON values.
func fuzz(f *testing.F, path string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		last := 1
		for _, brk := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} { // YAML 1.1 breaks lines at each
			last += strings.Count(string(data), brk)
		}
		for i, d := range Parse(path, data) {
			if d.Index != i || d.Path != path || d.Format == "" {
				t.Fatalf("document %d is %+v", i, d)
			}
			if (d.Error != "") != (d.Line > 0) || d.Error != "" && d.Value != nil || d.Line > last+1 {
				t.Fatalf("error %q on line %d of %d, value %v", d.Error, d.Line, last, d.Value)
			}
			for p, line := range d.Lines {
				if line < 1 || line > last {
					t.Fatalf("%s is on line %d of %d", p, line, last)
				}
			}
			if _, err := json.Marshal(d.Value); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzYAML(f *testing.F) {
	fuzz(f, "a.yaml", "a: 1\n---\nb: [x]\n", "apiVersion: v1\nkind: List\nitems:\n- a: 1\n", "a: &x [*x]\n", "\t", "\r0")
}

func FuzzJSON(f *testing.F) {
	fuzz(f, "a.json", `{"a":[1,2.5,"x",null,true]}`, "{// c\n\"a\":1,}", `{"a":1,"a":2}`, `[`, `"\ud800"`, "1e999")
}

func FuzzTOML(f *testing.F) {
	fuzz(f, "a.toml", "a=1\n[b.c]\nd=[1,{e=2}]\n[[f]]\ng=1\n[[f]]\n[f.h]\ni=1\n", "a=2026-01-02T03:04:05Z\n", "a='''\n", "[a]\n[a.b]\n[[a.c]]\n")
}

func FuzzDockerfile(f *testing.F) {
	fuzz(f, "Dockerfile", "FROM a\nRUN x \\\n y\n", "# escape=`\nFROM a\nRUN <<E\nx\nE\n", "FROM a\nCMD [\"x\"]\n", "ONBUILD")
}

func FuzzDotenv(f *testing.F) { fuzz(f, ".env", "A=1\nB='x\ny'\nexport C=\"\\\"\"\n", "A='", "=") }

func FuzzINI(f *testing.F) { fuzz(f, "a.ini", "a=1\n[s]\nk: v\n x\n", " x", "[", "[s]\n[s]\n") }
