package spelling

import (
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/source"
)

func TestWords(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, text, want string }{
		{"document", "a.md", "The recieve buffer.\n", "1:5 word"},
		{"capital", "a.md", "Recieve it.\n", "1:1 word"},
		{"all capitals are left alone", "a.md", "RECIEVE\n", ""},
		{"right words", "a.md", "receive colour color organise organize\n", ""},
		{"code span", "a.md", "the `recieve` field and `` a ` recieve ``\n", ""},
		{"fence", "a.md", "```\nrecieve\n```\nrecieve\n", "4:1 word"},
		{"indented code", "a.md", "text\n\n    recieve\n", ""},
		{"address", "a.md", "see https://a.example/recieve and a/recieve.md and recieve@a.example\n", ""},
		{"link target", "a.md", "[recieve](recieve)\n", "1:2 word"},
		{"link text with brackets", "a.md", "the (recieve) word, \"recieve\"\n", "1:6 word, 1:22 word"},
		{"tag", "a.md", "<div id=recieve>text</div>\n", ""},
		{"names", "a.md", "recieveBuffer recieve_buffer $recieve recieve2 x.recieve\n", ""},
		{"letters beyond ASCII", "a.md", "érecieve\n", ""},
		{"Go comment", "a.go", "package a\n\n// recieve it\n", "3:4 word"},
		{"Go string", "a.go", "package a\n\nvar a = \"recieve\" + `recieve\nrecieve`\n", ""},
		{"Go identifier", "a.go", "package a\n\nfunc recieveAll(lastRecieve int) {}\n", "3:6 identifier, 3:21 identifier"},
		{"block comment", "a.ts", "/*\n * recieve\n */\nlet a = 'recieve'\n", "2:4 word"},
		{"backticks in a comment", "a.go", "// the `recieve` call\n", ""},
		{"Python", "a.py", "def f():\n    \"\"\"Will recieve.\"\"\"\n    x = \"\"\"recieve\"\"\"  # recieve\n", "2:13 word, 3:26 word"},
		{"shell", "a.sh", "echo ${#recieve} # recieve\n", "1:9 identifier, 1:20 word"},
		{"YAML value", "a.yaml", "recieve: recieve # recieve\n", "1:20 word"},
		{"Rust lifetime", "a.rs", "fn f<'a>(x: &'a str) {} // recieve\n", "1:28 word"},
		{"page", "a.html", "<p title='recieve'>recieve</p><script>recieve</script>\n", "1:20 word"},
		{"data", "a.json", "{\"recieve\": 1}\n", ""},
		{"vendored", "vendor/a.go", "// recieve\n", ""},
		{"unclosed", "a.go", "/* recieve", "1:4 word"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, place := range builtintest.Places(builtintest.Run(t, Check{}, nil, map[string]string{tt.path: tt.text})) {
				got = append(got, strings.TrimPrefix(strings.Replace(place, "spelling/", "", 1), tt.path+":"))
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestChangedLinesOnly fails when old lines are looked at, or when a typo on an edited line is taken for a new one.
func TestChangedLinesOnly(t *testing.T) {
	t.Parallel()
	base := map[string]string{"a.md": "old recieve\n\nedited recieve\n"}
	merged := map[string]string{"a.md": "new\nold recieve\n\nedited now recieve\n"}
	result := builtintest.Run(t, Check{}, base, merged)
	if got := builtintest.Places(result); !slices.Equal(got, []string{"a.md:4:12 spelling/word"}) || result.State != facts.Passed {
		t.Errorf("got %q, %s", got, result.State)
	}
	merged["a.md"] += "added recieve\n"
	if result := builtintest.Run(t, Check{}, base, merged); result.State != facts.Failed {
		t.Errorf("a new misspelling: %s", result.State)
	}
}

func TestOwnWordsAreReadAtBase(t *testing.T) {
	t.Parallel()
	words, text := "# names\nRecieve # a product\n", "recieve\n"
	base := map[string]string{wordsPath: words}
	if got := builtintest.Run(t, Check{}, base, map[string]string{wordsPath: words, "a.md": text}); len(got.Merged) != 0 {
		t.Errorf("known word: %v", got.Merged)
	}
	if got := builtintest.Run(t, Check{}, nil, map[string]string{wordsPath: words, "a.md": text}); len(got.Merged) != 1 {
		t.Errorf("the branch's own list was used: %v", got.Merged)
	}
}

func TestGeneratedFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	in := builtintest.Input(nil, map[string]string{"a.go": "// recieve\n"})
	in.Files[0].Class = source.ClassGenerated
	if result, err := (Check{}).Run(t.Context(), in); err != nil || len(result.Merged) != 0 {
		t.Errorf("got %v, %v", result.Merged, err)
	}
}

func TestCorrectionKeepsTheCapital(t *testing.T) {
	t.Parallel()
	got := builtintest.Run(t, Check{}, nil, map[string]string{"a.md": "Recieve\n"}).Merged
	if len(got) != 1 || !strings.Contains(got[0].Message, `"Receive"`) {
		t.Errorf("got %v", got)
	}
}

func FuzzFile(f *testing.F) {
	for _, path := range []string{"a.md", "a.go", "a.py", "a.html", "a.sh", "a.rs"} {
		f.Add(path, []byte("recieve `x` /* \"\"\" <script> # 'a\\"), []byte("old\n"))
	}
	f.Fuzz(func(t *testing.T, path string, text, other []byte) {
		lex := lexerFor(path, nil)
		if lex == nil {
			return
		}
		file := builtin.File{Path: path, Text: text, Other: other}
		speller{corrections: corrections()}.file(&file, lex)
		for _, v := range file.Findings() {
			if v.Line < 1 || v.Column < 1 {
				t.Fatalf("no place: %+v", v)
			}
		}
	})
}
