package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestMatchPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		glob  string
		yes   []string
		never []string
	}{
		{"*.md", []string{"README.md", "docs/a/b.md", ".md"}, []string{"README.mdx", "md", "docs.md/x"}},
		{"/*.md", []string{"README.md"}, []string{"docs/a.md"}},
		{"Makefile", []string{"Makefile", "a/b/Makefile"}, []string{"Makefile.am", "a/Makefile/b", "xMakefile", "a/xMakefile"}},
		{"/Makefile", []string{"Makefile"}, []string{"a/Makefile"}},
		{"docs/", []string{"docs/a.md", "docs/b/c.md", "x/docs/a"}, []string{"docs", "xdocs/a", "docs2/a"}},
		{"/docs/", []string{"docs/a.md", "docs/b/c.md"}, []string{"docs", "x/docs/a"}},
		{"src/*.go", []string{"src/a.go"}, []string{"src/b/a.go", "x/src/a.go", "src/.gox"}},
		{"src/**", []string{"src/a", "src/a/b"}, []string{"src", "srcs/a"}},
		{"**/test/**", []string{"test/a", "x/test/a", "x/y/test/a/b"}, []string{"test", "xtest/a", "x/tests/a"}},
		{"a/**/b", []string{"a/b", "a/x/b", "a/x/y/b"}, []string{"a/xb", "ab", "a/x/bc", "a/b/c"}},
		{"a/**/b/*.go", []string{"a/b/x.go", "a/b/b/x.go", "a/q/b/x.go"}, []string{"a/b/q/x.go", "a/x.go"}},
		{"**", []string{"a", "a/b"}, []string{""}},
		{"**.go", []string{"a.go", "x/a.go"}, []string{"a.gox"}},
		{"a?c", []string{"abc", "aéc", "x/abc"}, []string{"ac", "a/c", "abbc"}},
		{"*.{ts,tsx}", []string{"a.ts", "b/c.tsx"}, []string{"a.t", "a.tsxx"}},
		{"{src,lib/{a,b}}/x", []string{"src/x", "lib/a/x", "lib/b/x"}, []string{"lib/x", "lib/c/x", "y/src/x"}},
		{"a{,b}", []string{"a", "ab"}, []string{"b"}},
		{`\*.md`, []string{"*.md", "x/*.md"}, []string{"a.md"}},
		{`a\{b`, []string{"a{b"}, []string{"ab"}},
		{"app/[id]/page.tsx", []string{"app/[id]/page.tsx"}, []string{"app/i/page.tsx"}},
		{"*a*b", []string{"ab", "xaxxb", "d/aab", "aabab"}, []string{"ba", "a/b"}},
		{"x/*/z*/**/q", []string{"x/1/z/q", "x/1/zz/a/b/q"}, []string{"x/z/q", "x/1/2/z/q"}},
	} {
		for _, path := range c.yes {
			if !MatchPath(c.glob, path) {
				t.Errorf("MatchPath(%q, %q) = false", c.glob, path)
			}
		}
		for _, path := range c.never {
			if MatchPath(c.glob, path) {
				t.Errorf("MatchPath(%q, %q) = true", c.glob, path)
			}
		}
	}
}

func TestCheckGlob(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "{a", "a}", `a\`, "{{a,b}", strings.Repeat("{a,b}", 9)} {
		if CheckGlob(bad) == nil {
			t.Errorf("CheckGlob(%q) = nil", bad)
		}
		if MatchPath(bad, "a") {
			t.Errorf("malformed glob %q matches", bad)
		}
	}
	if _, err := NewPathSet([]string{"ok", "{a"}); err == nil || !strings.Contains(err.Error(), `"{a"`) {
		t.Errorf("NewPathSet: %v", err)
	}
}

// regexpOf says what a glob without braces means, by other means than the matcher.
func regexpOf(glob string) *regexp.Regexp {
	body := strings.TrimPrefix(glob, "/")
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	if !strings.Contains(strings.TrimSuffix(glob, "/"), "/") {
		b.WriteString(`(.*/)?`)
	}
	for i := 0; i < len(body); {
		rest := body[i:]
		stars := len(rest) - len(strings.TrimLeft(rest, "*"))
		switch {
		case stars > 1 && (i == 0 || body[i-1] == '/') && strings.HasPrefix(rest[stars:], "/") && len(rest) > stars+1:
			b.WriteString(`(.*/)?`)
			i += stars + 1
		case stars > 1:
			b.WriteString(`.*`)
			i += stars
		case stars == 1:
			b.WriteString(`[^/]*`)
			i++
		case rest[0] == '?':
			b.WriteString(`[^/]`)
			i++
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
			i++
		}
	}
	if strings.HasSuffix(glob, "/") {
		b.WriteString(`.+`)
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

func FuzzMatchPath(f *testing.F) {
	for _, s := range [][2]string{{"*.md", "a/b.md"}, {"a/**/b", "a/x/b"}, {"{a,b}/", "b/c"}, {"**/*a*/**b", "x/yaz/qb"}, {"/**/?", "a/b"}, {`\`, "a"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, glob, path string) {
		got := MatchPath(glob, path)
		set, err := NewPathSet([]string{"zzz", glob})
		if (err == nil) != (CheckGlob(glob) == nil) {
			t.Fatalf("NewPathSet and CheckGlob differ on %q", glob)
		}
		if err != nil {
			return
		}
		if inSet := slices.Contains(set.Matches(path), 1); inSet != got || got && !set.Match(path) {
			t.Fatalf("glob %q path %q: MatchPath %v, PathSet %v", glob, path, got, inSet)
		}
		for _, r := range glob + path {
			if r > 126 || r < 32 || strings.ContainsRune(`{}\`, r) {
				return
			}
		}
		if want := path != "" && regexpOf(glob).MatchString(path); want != got {
			t.Fatalf("MatchPath(%q, %q) = %v, want %v (%s)", glob, path, got, want, regexpOf(glob))
		}
	})
}

func BenchmarkPathSet(b *testing.B) {
	var globs, paths []string
	for i := range 200 {
		globs = append(globs, fmt.Sprintf("services/s%d/**", i), fmt.Sprintf("*.x%d", i), fmt.Sprintf("**/name%d/*.go", i))
	}
	for i := range 10_000 {
		paths = append(paths, fmt.Sprintf("services/s%d/internal/p%d/file.go", i%300, i))
	}
	set, err := NewPathSet(globs)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, p := range paths {
			set.Match(p)
		}
	}
}
