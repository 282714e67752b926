package source

import (
	"strings"
	"testing"
)

// Tests that are still written down and no longer run are skipped or emptied ones.
func TestTestsLeftOut(t *testing.T) {
	t.Parallel()
	const code = "package p\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {\n\tif f() {\n\t\tt.Fatal(1)\n\t}\n}\n"
	const script = "def test_a():\n    assert f()\n"
	const web = "test('a', () => {\n  expect(f()).toBe(1);\n});\n"
	tests := []struct {
		name, language, from, to, before, after string
		want                                    string // marks of skips; ! and names of emptied tests
	}{
		{"nothing", "go", "a_test.go", "a_test.go", code, code, ""},
		{"a build tag", "go", "a_test.go", "a_test.go", code, "//go:build never\n\n" + code, "//go:build never"},
		{"an old build tag", "go", "a_test.go", "a_test.go", code, "// Copyright\n\n// +build never\n\n" + code, "// +build never"},
		{"another build tag", "go", "a_test.go", "a_test.go", "//go:build linux\n\n" + code, "//go:build never\n\n" + code, "//go:build never"},
		{"the same build tag", "go", "a_test.go", "b_test.go", "//go:build linux\n\n" + code, "//go:build linux\n\n" + code, ""},
		{"a comment in the code", "go", "a_test.go", "a_test.go", code, code + "\n//go:build never\n", ""},
		{"another platform by name", "go", "a_test.go", "a_plan9_test.go", code, code, "runs on plan9 alone"},
		{"another processor by name", "go", "a_linux_test.go", "a_linux_s390x_test.go", code, code, "runs on linux s390x alone"},
		{"a word like a platform", "go", "a_test.go", "linux_test.go", code, code, ""},
		{"an underscore", "go", "a_test.go", "_a_test.go", code, code, "the go command passes over the file"},
		{"into testdata", "go", "a_test.go", "testdata/a_test.go", code, code, "the go command passes over the file"},
		{"no longer collected", "python", "tests/test_a.py", "tests/a.py", script, script, "the file's name is none that tests are collected from"},
		{"collected by its end", "python", "tests/test_a.py", "tests/a_test.py", script, script, ""},
		{"never collected by name", "python", "tests/checks.py", "tests/more.py", script, script, ""},
		{"returns at once", "go", "a_test.go", "a_test.go", code, strings.Replace(code, "{\n", "{\n\treturn\n", 1), "!TestA"},
		{"returns at once", "python", "test_a.py", "test_a.py", script, "def test_a():\n    return\n    assert f()\n", "!test_a"},
		{"returns at once", "javascript", "a.test.js", "a.test.js", web, strings.Replace(web, "{\n", "{\n  return;\n", 1), "!a"},
		{"returns a promise", "javascript", "a.test.js", "a.test.js", web, strings.Replace(web, "expect", "return expect", 1), ""},
	}
	for _, tt := range tests {
		before, after := Analyse(tt.language, ClassTest, tt.from, []byte(tt.before)), Analyse(tt.language, ClassTest, tt.to, []byte(tt.after))
		d := Compare(before, after, nil)
		var got []string
		for _, m := range d.SkipsAdded {
			got = append(got, m.Text)
		}
		for _, name := range d.TestsEmptied {
			got = append(got, "!"+name)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s (%s): %q, want %q", tt.name, tt.language, got, tt.want)
		}
	}
	if d := Compare(nil, Analyse("go", ClassTest, "a_test.go", []byte("//go:build linux\n\n"+code)), nil); len(d.SkipsAdded) > 0 {
		t.Errorf("a new test for one platform is skipped: %+v", d.SkipsAdded)
	}
}
