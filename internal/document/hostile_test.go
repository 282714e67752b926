package document

import (
	"strings"
	"testing"
)

// TestHostile reads what a careless parser would follow until its stack, its memory or the user's patience ends. A parser
// that is quadratic makes this test run for minutes.
func TestHostile(t *testing.T) {
	t.Parallel()
	long := func(s string) string { return strings.Repeat(s, (1<<20)/len(s)) }
	alias := "a0: &a0 [x]\n"
	for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		last := string(n[0] - 1)
		alias += "a" + n + ": &a" + n + " [" + strings.Repeat("*a"+last+",", 8) + "]\n"
	}
	for _, tt := range []struct{ name, path, text, fault string }{
		{"alias bomb", "a.yaml", alias, "aliases expand"},
		{"deep yaml", "a.yaml", long("- "), "depth"},
		{"deep flow", "a.yaml", long("["), "depth"},
		{"deep lists", "a.json", long(`{"apiVersion":"v1","kind":"List","items":[`), "nested more than"},
		{"deep json", "a.json", long("["), "nested more than"},
		{"long number", "a.json", long("9"), "too large"},
		{"comments", "a.json", long("/**/") + "1", ""},
		{"deep toml", "a.toml", "a = " + long("["), "nested more than"},
		{"many tables", "a.toml", long("[[a]]\n"), "more than"},
		{"deep hcl", "a.tf", "a = " + long("["), "nested more than"},
		{"deep xml", "a.xml", long("<a>"), "nested more than"},
		{"wide xml", "a.xml", "<a>" + long("<b/>") + "</a>", ""},
		{"open quote", ".env", "A='" + long("\n"), "not closed"},
		{"long value", "a.ini", "a=1\n" + long(" b\n"), ""},
		{"continued", "Dockerfile", "FROM a\nRUN x" + long("\\\n"), ""},
		{"heredocs", "Dockerfile", "FROM a\n" + long("RUN <<A\nA\n"), ""},
		{"open heredocs", "Dockerfile", "FROM a\nRUN " + long("<<A ") + "\nA\n", "not closed"},
		{"not UTF-8", "a.tf", "a = \"\xff\"\n", "UTF-8"},
		{"not UTF-8", "a.xml", "<a>\xff</a>", "UTF-8"},
		{"not UTF-8", "a.yaml", "a: \xff\n", "UTF-8"},
		{"UTF-16", "a.yaml", "\xff\xfea\x00:\x00", "UTF-16"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			docs := Read(tt.path, []byte(tt.text))
			if len(docs) == 0 || (tt.fault == "") != (docs[0].Error == "") || !strings.Contains(docs[0].Error, tt.fault) {
				t.Errorf("%d documents, want the error %q: %.200v", len(docs), tt.fault, docs)
			}
		})
	}
}

// TestMarks reads files with a byte order mark and with carriage returns in each format.
func TestMarks(t *testing.T) {
	t.Parallel()
	for path, text := range map[string]string{
		"a.yaml": "a:\n  b: 1\n", "a.json": "{\n\"a\":\n1}", "a.toml": "a = 1\n[b]\n", "a.tf": "a = 1\nb {\n}\n", "a.tf.json": "{\n\"locals\":\n{}}",
		"a.xml": "<a>\n<b/></a>\n", ".env": "A=1\nB=2\n", "a.ini": "[a]\nb = 1\n", "Dockerfile": "FROM a\nRUN b\n",
	} {
		plain := show(t, Parse(path, []byte(text)))
		windows := Parse(path, []byte("\xef\xbb\xbf"+strings.ReplaceAll(text, "\n", "\r\n")))
		if got := show(t, windows); got != plain || windows[0].Error != "" {
			t.Errorf("%s: %s, and with byte order mark and carriage returns %s", path, plain, got)
		}
		lines := 0
		for _, line := range windows[0].Lines {
			lines = max(lines, line)
		}
		if lines != 2 {
			t.Errorf("%s: the last line is %d", path, lines)
		}
	}
}
