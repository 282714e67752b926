package source

import (
	"maps"
	"testing"
)

// attributeFiles is a tree of .gitattributes files; the interop test asks git about the same one.
var attributeFiles = map[string]string{
	".gitattributes": "# comment\n*.go text\n*.min.js linguist-generated\n/top.txt a\n\"with space.txt\" a\ndocs/** linguist-documentation\n" +
		"**/deep/x.txt a\nsub/*.md a=1\n[abc].txt a\n[!abc]?.txt b\n*.bin binary\n[attr]both a b=2 -c\n*.mac both\n*.mac !b\nfolder/ a\n!neg a\n*.X a\nesc\\*.txt a\na/**/z b=z\n" +
		"*.tail -text\n*.tail text\n[[:digit:]].txt d\n* all\n  indented a\nq\\ b.txt x\n*.none -all\n",
	"sub/.gitattributes":      "*.go -text\n/anchored a\nx/y.txt a\n[attr]local q\n*.loc local\n* in-sub\n",
	"sub/deep/.gitattributes": "*.go text=auto\n*.go -in-sub\n",
}

func parseTree(files map[string]string) Attributes {
	var attrs Attributes
	for path, text := range files {
		attrs = append(attrs, ParseAttributes(path, []byte(text))...)
	}
	return attrs
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	attrs := parseTree(attributeFiles)
	cases := []struct{ path, name, want string }{
		{"a.go", "text", "true"}, {"sub/a.go", "text", "false"}, {"sub/deep/a.go", "text", "auto"}, {"sub/deep/er/a.go", "text", "auto"},
		{"lib/x.min.js", "linguist-generated", "true"}, {"top.txt", "a", "true"}, {"sub/top.txt", "a", ""}, {"with space.txt", "a", "true"},
		{"docs/a/b.md", "linguist-documentation", "true"}, {"q/deep/x.txt", "a", "true"}, {"sub/a.md", "a", "1"}, {"sub/deep/a.md", "a", ""},
		{"f.bin", "diff", "false"}, {"f.bin", "binary", "true"}, {"f.mac", "a", "true"}, {"f.mac", "b", ""}, {"f.mac", "c", "false"},
		{"folder/a", "a", ""}, {"neg", "a", ""}, {"esc*.txt", "a", "true"}, {"escx.txt", "a", ""}, {"a/z", "b", "z"}, {"a/b/c/z", "b", "z"},
		{"f.tail", "text", "true"}, {"1.txt", "d", "true"}, {"sub/anchored", "a", "true"}, {"sub/deep/anchored", "a", ""}, {"sub/f.loc", "q", ""},
		{"sub/deep/a.go", "in-sub", "false"}, {"f.none", "all", "false"},
	}
	for _, c := range cases {
		if got := attrs.lookup(c.path)[c.name]; got != c.want {
			t.Errorf("%s of %s is %q, want %q (all: %v)", c.name, c.path, got, c.want, maps.Collect(maps.All(attrs.lookup(c.path))))
		}
	}
}

// TestAttributesOnlyRaise is the hostile case: a .gitattributes that calls source documentation, generated or binary.
func TestAttributesOnlyRaise(t *testing.T) {
	t.Parallel()
	hostile := ParseAttributes(".gitattributes", []byte("* linguist-documentation linguist-generated linguist-vendored binary linguist-language=Markdown -text -diff\n"))
	for path, want := range map[string]string{
		"main.go": ClassSource, "a_test.go": ClassTest, ".github/workflows/ci.yml": ClassInfra, "AGENTS.md": ClassAgentInstruction, "p.rego": ClassPolicy,
		"go.sum": ClassLockfile, "package.json": ClassConfig, "a.yaml": ClassConfig,
		"README.md": ClassGenerated, "what.xyz": ClassGenerated, // fewer privileges than doc, never more
	} {
		if _, got := Classify(path, nil, hostile); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		language, _ := Classify(path, nil, hostile)
		if plain, _ := Classify(path, nil, nil); language != plain {
			t.Errorf("%s: an attribute changed the language from %q to %q", path, plain, language)
		}
	}
	raise := ParseAttributes(".gitattributes", []byte("*.md -linguist-documentation\nvendor/** -linguist-vendored\n*.inc linguist-language=PHP\n*.pb.go linguist-generated=false\n*.rst binary\n*.txt linguist-language=Text\n"))
	for path, want := range map[string]string{
		"README.md": ClassOther, "vendor/a/b.go": ClassSource, "a.inc": ClassSource, "a.pb.go": ClassSource, "a.rst": ClassBinary, "a.txt": ClassOther, "b.unknown": ClassOther,
	} {
		if _, got := Classify(path, nil, raise); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
