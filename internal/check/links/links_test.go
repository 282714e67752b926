package links

import (
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/facts"
)

func TestSlug(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"Plain Title":                   "plain-title",
		"What's new in 2.0?":            "whats-new-in-20",
		"A & B":                         "a--b",
		"`code` and *emphasis*":         "code-and-emphasis",
		"snake_case_name":               "snake_case_name",
		"_leaning_ words":               "leaning-words",
		"[a link](https://a.example/b)": "a-link",
		"Häuser über Flüsse":            "häuser-über-flüsse",
		"C++ / C#":                      "c--c",
		"Values (WIP)":                  "values-wip",
		"already-hyphen - ated":         "already-hyphen---ated",
		"<kbd>Enter</kbd> key":          "enter-key",
		"日本語 見出し":                       "日本語-見出し",
	} {
		if got := slug(title); got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
}

// tree is what the documents of TestDocument live in.
var tree = map[string]string{
	"README.md":           "# Top\n\n## Two words\n\n## Two words\n\n<a id=\"Own\"></a>\n",
	"docs/a.md":           "# A\n",
	"docs/with sp.md":     "# S\n",
	"docs/img/a.png":      "x",
	"docs/sub/x.md":       "Title\n=====\n\nOther\n---\n",
	"docs/page.html":      "<html><body id=main><h1 id='one'></h1></body></html>",
	"docs/custom.md":      "## Title {#my-id}\n",
	"docs/f(1).md":        "# F\n",
	"src/code.go":         "package src\n",
	"docs/noext/index.md": "# I\n",
}

func TestDocument(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, text, want string }{
		{"good links", "docs/n.md", "[a](a.md) [b](./a.md#a) [c](../README.md#two-words) ![i](img/a.png) [d](sub) [e](sub/) [f](../src/code.go#L10)", ""},
		{"missing file", "docs/n.md", "[a](b.md)", "1:5 missing-file"},
		{"missing image", "docs/n.md", "x\n\n![a](img/b.png \"title\")", "3:6 missing-file"},
		{"second heading", "docs/n.md", "[a](../README.md#two-words-1)", ""},
		{"third heading", "docs/n.md", "[a](../README.md#two-words-2)", "1:5 missing-anchor"},
		{"id in HTML", "docs/n.md", "[a](../README.md#own)", ""},
		{"setext headings", "docs/n.md", "[a](sub/x.md#title) [b](sub/x.md#other)", ""},
		{"own anchor", "docs/n.md", "# Here\n[a](#here) [b](#there)", "2:16 missing-anchor"},
		{"custom id", "docs/n.md", "[a](custom.md#my-id) [b](custom.md#title)", ""},
		{"anchor of HTML page", "docs/n.md", "[a](page.html#one) [b](page.html#two) [c](page.html#main)", "1:24 missing-anchor"},
		{"percent", "docs/n.md", "[a](with%20sp.md) [b](<with sp.md>)", ""},
		{"parentheses", "docs/n.md", "[a](f(1).md) ([b](a.md))", ""},
		{"case", "docs/n.md", "[a](A.md)", "1:5 case"},
		{"external", "docs/n.md", "[a](https://a.example/x) [b](mailto:a@a.example) [c](//a.example) [d]({{ x }}) <https://b.example>", ""},
		{"outside the repository", "docs/n.md", "[a](../../issues)", ""},
		{"root of a site", "docs/n.md", "[a](/posts/one/)", ""},
		{"root of the repository", "docs/n.md", "[a](/src/code.go)", ""},
		{"served without extension", "docs/n.md", "[a](noext/) [b](a) [c](a.html)", ""},
		{"code span", "docs/n.md", "`[a](b.md)` and ``x ` [a](b.md)``", ""},
		{"fence", "docs/n.md", "```\n[a](b.md)\n```\n[a](c.md)", "4:5 missing-file"},
		{"fence in a list", "docs/n.md", "1. x\n\n    ```\n    [a](b.md)\n    ```\n\n## After\n\n[x](#after)", ""},
		{"longer fence", "docs/n.md", "````\n```\n[a](b.md)\n````\n", ""},
		{"indented code", "docs/n.md", "text\n\n    [a](b.md)\n", ""},
		{"item continued", "docs/n.md", "- text\n\n    [a](b.md)\n", "3:9 missing-file"},
		{"comment", "docs/n.md", "<!-- [a](b.md)\n# No\n--> [x](#no)", "3:9 missing-anchor"},
		{"escaped", "docs/n.md", "\\[a](b.md)", ""},
		{"front matter", "docs/n.md", "---\ntitle: '[a](b.md)'\n---\n", ""},
		{"HTML in Markdown", "docs/n.md", `<img alt="x" src="img/b.png">`, "1:19 missing-file"},
		{"definition", "docs/n.md", "[a][ref] [Ref][]\n\n[REF]: b.md", "3:8 missing-file"},
		{"undefined", "docs/n.md", "see [a][nowhere]", "1:5 undefined-reference"},
		{"index, not link", "docs/n.md", "m[a][b] and [1][2] and x[0][key]", ""},
		{"footnote", "docs/n.md", "x[^1]\n\n[^1]: a b.md", ""},
		{"nested brackets", "docs/n.md", "[![a](img/a.png)](b.md)", "1:19 missing-file"},
		{"HTML", "docs/n.html", "<html><a href=\"a.md\">x</a>\n<a href='b.md'>y</a><a href=\"#z\">z</a>", "2:10 missing-file, 2:30 missing-anchor"},
		{"rst", "docs/n.rst", "`text <b.md>`_ and `ok <a.md>`__\n\n.. image:: img/b.png\n.. _name: c.md\n.. _label:\n\n::\n\n   `x <d.md>`_\n", "1:8 missing-file, 3:12 missing-file, 4:11 missing-file"},
		{"template in a target", "docs/n.html", "<html><img src='%BASE%/x.png'>", ""},
		{"what a build puts there", "docs/n.html", "<html><script src='out.js'></script><link href='out.css'>", ""},
		{"behind a symbolic link", "docs/n.md", "[a](img/a.png/x.md)", ""},
		{"generated site", "site/n.md", "[a](b.md)", "1:5 missing-file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			merged := map[string]string{tt.path: tt.text, "site/mkdocs.yml": ""}
			base := map[string]string{"site/mkdocs.yml": ""}
			for p, text := range tree {
				base[p], merged[p] = text, text
			}
			var got []string
			for _, line := range builtintest.Places(builtintest.Run(t, Check{}, base, merged)) {
				got = append(got, strings.TrimPrefix(strings.Replace(line, "links/", "", 1), tt.path+":"))
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatTheChangeTakesAway(t *testing.T) {
	t.Parallel()
	docs := map[string]string{
		"README.md":   "[a](docs/a.md) [b](docs/b.md#old-title) [c](docs/gone.md) [d](/docs/a.md) [e](lib)\n",
		"docs/a.md":   "# A\n",
		"docs/b.md":   "# Old title\n",
		"lib/only.go": "package lib\n",
	}
	with := func(change func(map[string]string)) map[string]string {
		merged := map[string]string{}
		for p, text := range docs {
			merged[p] = text
		}
		change(merged)
		return merged
	}
	tests := []struct {
		name   string
		merged map[string]string
		want   []string
	}{
		{"nothing", with(func(m map[string]string) { m["docs/b.md"] += "\ntext\n" }), nil},
		{"file deleted", with(func(m map[string]string) { delete(m, "docs/a.md") }), []string{"README.md:1:5 links/missing-file", "README.md:1:63 links/missing-file"}},
		{"heading renamed", with(func(m map[string]string) { m["docs/b.md"] = "# New title\n" }), []string{"README.md:1:20 links/missing-anchor"}},
		{"folder gone", with(func(m map[string]string) { delete(m, "lib/only.go") }), []string{"README.md:1:79 links/missing-file"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := builtintest.Run(t, Check{}, docs, tt.merged)
			if got := builtintest.Places(result); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if want := map[bool]string{true: facts.Passed, false: facts.Failed}[len(tt.want) == 0]; result.State != want {
				t.Errorf("state %s, want %s", result.State, want)
			}
		})
	}
}

func TestRenamedTarget(t *testing.T) {
	t.Parallel()
	base := map[string]string{"README.md": "[a](docs/a.md)\n", "docs/a.md": "# A\n"}
	merged := map[string]string{"README.md": "[a](docs/a.md)\n", "docs/z.md": "# A\n"}
	in := builtin.Input{Base: builtintest.Tree(base), Merged: builtintest.Tree(merged),
		Files: []facts.File{{Path: "docs/z.md", OldPath: "docs/a.md", Status: "renamed"}}}
	result, err := Check{}.Run(t.Context(), in)
	if got := builtintest.Places(result); err != nil || !slices.Equal(got, []string{"README.md:1:5 links/missing-file"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestOldBreakIsNotNew(t *testing.T) {
	t.Parallel()
	base := map[string]string{"a.md": "[x](gone.md)\n"}
	result := builtintest.Run(t, Check{}, base, map[string]string{"a.md": "text\n\n[x](gone.md)\n"})
	if result.State != facts.Passed || len(result.Merged) != 1 || result.Merged[0].Fingerprint != result.Base[0].Fingerprint {
		t.Errorf("got %+v", result)
	}
}

func TestTooLargeIsSaid(t *testing.T) {
	t.Parallel()
	result := builtintest.Run(t, Check{}, nil, map[string]string{"a.md": "\x00" + builtin.TooLarge, "b.md": "\x00" + builtin.Binary})
	if got := builtintest.Places(result); !slices.Equal(got, []string{"a.md:0:0 links/unread"}) {
		t.Errorf("got %q", got)
	}
}

// TestHostileInputIsCheap does not come to an end in any reasonable time when the cost of an input grows with its square.
func TestHostileInputIsCheap(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"<a=", "](", "[", "`a``b", "[a][", "<!--", "\\[", "# x\n", "<a href='x'"} {
		text := strings.Repeat(unit, (1<<20)/len(unit)) + ">)"
		for _, name := range []string{"a.md", "a.html", "a.rst"} {
			parse(name, []byte(text))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a.md", []byte("# T\n[a](b) `c` ```\n<!-- [d]: e -->\n[f][g] <img src=\"h\">\n"))
	f.Add("a.html", []byte("<a href='b' id=\"c\"><!-- x"))
	f.Add("a.rst", []byte(".. image:: a\n`b <c>`_\n.. _d: e\n"))
	f.Fuzz(func(t *testing.T, path string, text []byte) {
		for _, l := range parse(path, text).links {
			if l.offset < 0 || l.offset > len(text) {
				t.Fatalf("offset %d of %d", l.offset, len(text))
			}
		}
	})
}
