package source

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func showVersions(v *Versions) string {
	if v == nil {
		return "unknown"
	}
	var out []string
	for _, c := range v.Changes {
		out = append(out, fmt.Sprintf("%d %s %s>%s %s", c.Line, c.Name, c.Old, c.New, c.Step))
	}
	if v.Other {
		out = append(out, "other")
	}
	return strings.Join(out, "; ")
}

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, before, after, want string }{
		{"go patch", "go.mod", "module m\n\nrequire (\n\tb.example/x v1.2.3\n)\n", "module m\n\nrequire (\n\tb.example/x v1.2.4 // indirect\n)\n", "4 b.example/x v1.2.3>v1.2.4 patch"},
		{"go next major", "go.mod", "require b.example/x v1.2.3\n", "require b.example/x/v2 v2.0.0\n", "1 b.example/x/v2 v1.2.3>v2.0.0 major"},
		{"go toolchain", "go.mod", "go 1.25\n", "go 1.26\n", "other"},
		{"go replace", "go.mod", "require b.example/x v1.2.3\n", "require b.example/x v1.2.3\nreplace b.example/x => ../x\n", "other"},
		{"npm minor", "web/package.json", "{\n  \"left\": \"^1.2.0\",\n  \"r\": \"1.0.0\"\n}\n", "{\n  \"left\": \"^1.3.0\",\n  \"r\": \"1.0.0\"\n}\n", "2 left 1.2.0>1.3.0 minor"},
		{"npm own version", "package.json", "\"version\": \"1.0.0\",\n", "\"version\": \"2.0.0\",\n", "other"},
		{"npm script", "package.json", "\"test\": \"jest\",\n", "\"test\": \"true\",\n", "other"},
		{"cargo", "Cargo.toml", "serde = { version = \"1.0.1\", features = [\"a\"] }\n", "serde = { version = \"1.0.2\", features = [\"a\"] }\n", "1 serde 1.0.1>1.0.2 patch"},
		{"cargo feature", "Cargo.toml", "serde = { version = \"1.0.1\" }\n", "serde = { version = \"1.0.1\", features = [\"a\"] }\n", "other"},
		{"npm wider", "package.json", "\"a\": \"1.0.0\",\n", "\"a\": \">=1.0.0\",\n", "other"},
		{"cargo plain", "Cargo.toml", "serde = \"1.0.1\"\n", "serde = \"1.0.2\"\n", "1 serde 1.0.1>1.0.2 patch"},
		{"python back", "requirements.txt", "flask==2.0.1\n", "flask==1.9.0\n", "1 flask 2.0.1>1.9.0 major"},
		{"python added and gone", "requirements.txt", "a==1.0\n", "b==1.0\n", " "},
		{"not a manifest", "notes.txt", "a==1.0\n", "a==2.0\n", "unknown"},
		{"not known", "pom.xml", "<a/>\n", "<b/>\n", "unknown"},
		{"named twice", "package.json", "\"a\": \"1.0.0\"\n\"a\": \"1.0.0\"\n\"b\": \"1\"\n", "\"a\": \"3.0.0\"\n\"a\": \"1.0.0\"\n\"b\": \"2\"\n", "1 a 1.0.0>3.0.0 major; 3 b 1>2 major"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := test.want
			if test.name == "python added and gone" {
				want = "0 a 1.0> removed; 1 b >1.0 added"
			}
			if got := showVersions(CompareVersions(test.path, []byte(test.before), []byte(test.after))); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A line that changed is a dependency or other, never nothing.
func FuzzCompareVersions(f *testing.F) {
	f.Add("go.mod", []byte("require a.b/c v1.0.0\n"), []byte("require a.b/c/v2 v2.0.0\n"))
	f.Add("package.json", []byte("\"a\": \"1\"\n"), []byte("\"a\": \"x\"\n"))
	f.Add("requirements.txt", []byte("a==1\n"), []byte(""))
	f.Fuzz(func(t *testing.T, path string, before, after []byte) {
		v := CompareVersions(path, before, after)
		if v == nil || len(v.Changes) > 0 || v.Other {
			return
		}
		if squashed(before) != squashed(after) {
			t.Fatalf("%q became %q and nothing was said", before, after)
		}
	})
}

// squashed drops what a manifest's reader does not see: white space at the ends of lines, and the order of known lines.
func squashed(data []byte) string {
	lines := strings.Split(string(data), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(lines[i]), ","), " // indirect")
	}
	slices.Sort(lines)
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
