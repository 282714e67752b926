package source

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// analysisCases are files with what must be found in them.
var analysisCases = []struct {
	language, class, data                       string
	imports, sensitive, exports, tests, silence string
	skips, asserts                              int
}{
	{
		language: "go", class: ClassSource,
		data:    "package p\n\nimport (\n\tx \"crypto/hmac\"\n\t. \"fmt\"\n)\nimport `os`\n\ntype T struct {\n\tA int\n\tb int\n}\n\nfunc (t *T) M(a, b int) error { return nil }\nfunc (t *u) N() {}\nfunc F[K any](k K) (int, error) {\n\tx := 1 //nolint:errcheck // why\n\treturn x, nil\n}\nfunc f() {}\nvar V, w int = 1, 2\nconst (\n\tC = iota\n\tD\n)\n// We avoid nolint here.\nvar s = \"//nolint\"\n",
		imports: "crypto/hmac fmt os", sensitive: "crypto/hmac", exports: "C D F T T.M V", silence: "nolint:errcheck // why",
	},
	{
		language: "go", class: ClassTest,
		data:    "package p\nimport \"testing\"\nfunc TestA(t *testing.T) {\n\tif x() {\n\t\tt.Skip(\"slow\")\n\t}\n\tt.Run(\"one\", func(t *testing.T) { t.Fatal(1) })\n\tt.Run(c.name, func(t *testing.T) { require.Equal(t, 1, 2); t.Error() })\n}\nfunc TestB(t *testing.T) {}\nfunc Testing() {}\nfunc TestMain(m *testing.M) {}\nfunc (s *Suite) TestC() { assert.True(s.T(), x) }\n",
		imports: "testing", tests: "Suite.TestC TestA TestA/* TestA/one TestB", skips: 1, asserts: 4,
	},
	{
		language: "typescript", class: ClassSource,
		data:    "import a, { b } from 'x';\nimport 'side';\nimport type { T } from \"./auth/types\"\nexport * from './all';\nexport { c as d } from './named';\nconst e = require('bcrypt');\nconst lazy = await import('./lazy');\nexport function f(a: number): void {}\nexport const g = (a: string) => 1, h = 2;\nexport default class K {}\nexport interface I { a: string }\n// @ts-ignore\nfoo();\n// eslint-disable-next-line no-x\nbar('eslint-disable');\nobj.require('no');\n",
		imports: "./all ./auth/types ./lazy ./named bcrypt side x", sensitive: "./auth/types bcrypt", exports: "* from ./all I d default f g", silence: "@ts-ignore|eslint-disable-next-line no-x",
	},
	{
		language: "javascript", class: ClassTest,
		data:  "describe('d', () => {\n  it('a', () => { expect(1).toBe(1); });\n  it.skip('b', () => { expect(2) });\n  xit('c', () => {});\n  test.only(`d`, async function () { await x(); assert.ok(y) });\n  it.each([1, 2])('e', (n) => { expect(n) });\n  it('f', function () { this.skip() });\n});\nsuite.it('no')\n",
		tests: "a b c d e f", skips: 4, asserts: 4,
	},
	{
		language: "typescript", class: ClassTest,
		data:  "test.skipIf(process.platform === 'win32')('a', () => { expect(1).toBe(1); });\ntest.runIf(x)('b', () => { expect(2); });\ntest.for([1, 2])('c', (n) => { expect(n); });\ntest.skipIf(y).concurrent('d', () => { expect(4); });\n",
		tests: "a b c d", skips: 3, asserts: 4,
	},
	{
		language: "python", class: ClassSource,
		data:    "import os, a.b as c\nfrom . import d\nfrom ..e import f\nfrom cryptography.hazmat import (\n    x,\n)\nimport boto3\nclient = boto3.client(\"iam\")\n\ndef g(a, *, b=1) -> int:\n    def inner(): pass\n    return a  # noqa: E501\n\ndef _h(): pass\nclass K(Base):\n    def m(self, a): pass\n    def _n(self): pass\nx = 1  # type: ignore\ns = '# noqa'\n",
		imports: "..e .d a.b boto3 cryptography.hazmat os", sensitive: "client:iam cryptography.hazmat", exports: "K K.m g", silence: "noqa: E501|type: ignore",
	},
	{
		language: "python", class: ClassTest,
		data:    "import pytest\n\n@pytest.mark.skip(reason='x')\ndef test_a():\n    assert 1\n\nasync def test_b():\n    pass\n\nclass TestC:\n    def test_d(self):\n        self.assertEqual(1, 2)\n        with pytest.raises(E):\n            x()\n\n    @unittest.expectedFailure\n    def test_e(self): ...\n\ndef helper(): pytest.skip('y')\n",
		imports: "pytest", tests: "TestC.test_d TestC.test_e test_a test_b", skips: 3, asserts: 3,
	},
	{
		language: "java", class: ClassTest,
		data:    "package p;\nimport static org.junit.Assert.*;\nimport javax.crypto.Cipher;\n@SuppressWarnings(\"unchecked\")\nclass A {\n  @Test\n  void one() { assertEquals(1, 2); }\n  @Disabled(\"x\") @ParameterizedTest(name = \"{0}\")\n  public void two(int a) throws E { verify(m).call(); }\n  @Test void three() {}\n}\n",
		imports: "javax.crypto.Cipher org.junit.Assert.*", sensitive: "javax.crypto.Cipher", tests: "one three two", silence: "SuppressWarnings ( \"unchecked\" )", skips: 1, asserts: 2,
	},
	{
		language: "rust", class: ClassSource,
		data:    "use std::io;\nuse ring::{aead, hmac};\n#[allow(dead_code)]\npub fn f(a: u8) -> u8 { a }\npub(crate) fn g() {}\n#[test]\nfn one() { assert_eq!(1, 1); }\n#[tokio::test]\n#[ignore]\nasync fn two() {}\n",
		imports: "ring::{aead,hmac} std::io", sensitive: "ring::{aead,hmac}", exports: "f", tests: "one two", silence: "allow ( dead_code )", skips: 1, asserts: 1,
	},
	{
		language: "kotlin", class: ClassTest,
		data:    "import org.junit.Test\n\nclass A {\n  @Test\n  fun `does it`() {\n    assertThat(1)\n  }\n  @Test fun b() = assertEquals(1, 2)\n}\n",
		imports: "org.junit.Test", tests: "b does it", asserts: 2,
	},
	{
		language: "csharp", class: ClassTest,
		data:    "using System;\nusing Xunit;\n#pragma warning disable 1\nclass A {\n  [Fact] public void B() { Assert.Equal(1, 2); }\n  [Theory(Skip = \"x\")]\n  [InlineData(1)]\n  public void C(int a) { using (var x = y) {} }\n}\n",
		imports: "System Xunit", tests: "B C", silence: "#pragma warning disable 1", skips: 1, asserts: 1,
	},
	{
		language: "c", class: ClassSource,
		data:    "#include <stdio.h>\n#  include \"openssl/ssl.h\"\n// NOLINTNEXTLINE(x)\nint a;\n",
		imports: "openssl/ssl.h stdio.h", sensitive: "openssl/ssl.h", silence: "NOLINTNEXTLINE(x)",
	},
	{
		language: "proto", class: ClassSource,
		data:    "syntax = \"proto3\";\npackage p;\nimport \"a.proto\";\nmessage M {\n  string a = 1;\n  message N { int32 b = 2; }\n}\nservice S { rpc Get (M) returns (N); }\nenum E { X = 0; }\n",
		imports: "a.proto", exports: "E E.X M M.N M.N.b M.a S S.Get package syntax",
	},
	{
		language: "hcl", class: ClassInfra,
		data:    "module \"a\" {\n  source = \"./mod\"\n}\nresource \"aws_iam_role\" \"r\" {\n  #checkov:skip=CKV_1:why\n  a = \"#tfsec:ignore:x\"\n}\n",
		imports: "./mod", sensitive: "aws_iam_role", silence: "checkov:skip=CKV_1:why",
	},
	{language: "dockerfile", class: ClassInfra, data: "FROM a\n# hadolint ignore=DL3008\nRUN b\n", silence: "hadolint ignore=DL3008"},
	{language: "shell", class: ClassSource, data: "# shellcheck disable=SC2086\na $b\necho '# shellcheck disable=SC1'\n", silence: "shellcheck disable=SC2086"},
	{language: "yaml", class: ClassConfig, data: "a: 1 # nosemgrep: x\nb: '# noqa'\n", silence: "nosemgrep: x"},
	{language: "vue", class: ClassSource, data: "<script>\n// eslint-disable-next-line\n</script>\n", silence: "eslint-disable-next-line"},
	{language: "", class: ClassOther, data: "a # nosec\n", silence: "nosec"},
	{language: "markdown", class: ClassDoc, data: "Write `# noqa` behind it.\n"},
}

func words(list []string) string { return strings.Join(list, " ") }

func TestAnalyse(t *testing.T) {
	t.Parallel()
	for _, c := range analysisCases {
		a := Analyse(c.language, c.class, "a", []byte(c.data))
		d := Compare(nil, a, nil)
		var tests, silence []string
		for _, x := range a.tests {
			tests = append(tests, x.name)
		}
		slices.Sort(tests)
		for _, m := range d.SuppressionsAdded {
			silence = append(silence, m.Text)
		}
		for _, pair := range [][3]string{
			{"imports", words(d.ImportsAdded), c.imports}, {"sensitive", words(d.Sensitive), c.sensitive}, {"exports", words(d.ExportsAdded), c.exports},
			{"tests", words(tests), c.tests}, {"suppressions", strings.Join(silence, "|"), c.silence},
		} {
			if pair[1] != pair[2] {
				t.Errorf("%s %s: %s %q, want %q", c.language, c.class, pair[0], pair[1], pair[2])
			}
		}
		if d.SkipsAfter != c.skips || c.class == ClassTest && d.AssertsAfter != c.asserts {
			t.Errorf("%s %s: %d skips %v, %d asserts, want %d and %d", c.language, c.class, d.SkipsAfter, d.SkipsAdded, d.AssertsAfter, c.skips, c.asserts)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, language, class, before, after, want string }{
		{"imports", "go", ClassSource, "package p\nimport \"a\"\n", "package p\nimport \"b\"\n", `{"importsAdded":["b"],"importsRemoved":["a"]}`},
		{"signature", "go", ClassSource, "package p\nfunc F(a int) {}\n", "package p\nfunc F(a string) {}\n", `{"exportsChanged":["F"]}`},
		{"parameter renamed", "go", ClassSource, "package p\nfunc F(a, b int) (c error) {}\n", "package p\nfunc F(x int, y int) error {}\n", `{}`},
		{"method on a value", "go", ClassSource, "package p\nfunc (t T) F(a int) {}\n", "package p\nfunc (t T) F(b int) {}\n", `{}`},
		{"unexported field", "go", ClassSource, "package p\ntype T struct {\n\tA int\n\tb int\n}\n", "package p\ntype T struct {\n\tA int\n\tc int\n}\n", `{}`},
		{"exported field", "go", ClassSource, "package p\ntype T struct {\n\tA int\n}\n", "package p\ntype T struct {\n\tA string\n}\n", `{"exportsChanged":["T"]}`},
		{"body", "go", ClassSource, "package p\nfunc F() { a() }\n", "package p\nfunc F() { b() }\n", `{}`},
		{"python parameters", "python", ClassSource, "def f(a): pass\n", "def f(a, b): pass\n", `{"exportsChanged":["f"]}`},
		{"typescript type", "typescript", ClassSource, "export function f(a: number) {}", "export function f(a: string) {}", `{"exportsChanged":["f"]}`},
		{"proto number", "proto", ClassSource, "message M { int32 a = 1; }", "message M { int32 a = 2; }", `{"exportsChanged":["M.a"]}`},
		{"test removed", "go", ClassTest, "package p\nfunc TestA(t *testing.T) { t.Error() }\nfunc TestB(t *testing.T) { t.Error() }\n", "package p\nfunc TestA(t *testing.T) { t.Error() }\n", `{"testsBefore":2,"testsAfter":1,"testsRemoved":["TestB"],"assertsBefore":2,"assertsAfter":1}`},
		{"test emptied", "go", ClassTest, "package p\nfunc TestA(t *testing.T) {\n\tx()\n\tt.Error()\n}\n", "package p\nfunc TestA(t *testing.T) {\n\tx()\n}\n", `{"testsBefore":1,"testsAfter":1,"testsEmptied":["TestA"],"assertsBefore":1}`},
		{"pytest emptied", "python", ClassTest, "def test_a():\n    helper()\n", "def test_a():\n    \"\"\"Later.\"\"\"\n    pass\n", `{"testsBefore":1,"testsAfter":1,"testsEmptied":["test_a"]}`},
		{"jest emptied", "javascript", ClassTest, "it('a', () => { x() })", "it('a', () => {})", `{"testsBefore":1,"testsAfter":1,"testsEmptied":["a"]}`},
		{"junit emptied", "java", ClassTest, "class A { @Test void a() { b(); } }", "class A { @Test void a() { } }", `{"testsBefore":1,"testsAfter":1,"testsEmptied":["a"]}`},
		{"one of two with one name", "javascript", ClassTest, "it('a', () => { x() }); it('a', () => { y() })", "it('a', () => { x() })", `{"testsBefore":2,"testsAfter":1,"testsRemoved":["a"]}`},
		{"skip added", "javascript", ClassTest, "it('a', () => { x() })", "it.skip('a', () => { x() })", `{"testsBefore":1,"testsAfter":1,"skipsAfter":1,"skipsAdded":[{"line":1,"text":"it.skip a"}]}`},
		{"focus added", "javascript", ClassTest, "it('a', () => { x() })", "it.only('a', () => { x() })", `{"testsBefore":1,"testsAfter":1,"skipsAfter":1,"skipsAdded":[{"line":1,"text":"it.only a"}]}`},
		{"suppression kept", "go", ClassSource, "package p\nfunc f() {\n\ta() //nolint\n}\n", "package p\n\nfunc f() {\n\tb() //nolint\n}\n", `{}`},
		{"suppression moved to another function", "go", ClassSource, "package p\nfunc f() {\n\ta() //nolint\n}\nfunc g() {\n\tb()\n}\n", "package p\nfunc f() {\n\ta()\n}\nfunc g() {\n\tb() //nolint\n}\n", `{"suppressionsAdded":[{"line":6,"text":"nolint"}]}`},
		{"sensitive", "go", ClassSource, "package p\nimport \"crypto/aes\"\n", "package p\nimport \"crypto/aes\"\nvar x int\n", `{"sensitive":["crypto/aes"]}`},
	}
	for _, c := range cases {
		d := Compare(Analyse(c.language, c.class, "a", []byte(c.before)), Analyse(c.language, c.class, "a", []byte(c.after)), nil)
		if got := short(t, d); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// short is d as JSON without zero counts.
func short(t *testing.T, d *Delta) string {
	t.Helper()
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, name := range []string{"testsBefore", "testsAfter", "skipsBefore", "skipsAfter", "assertsBefore", "assertsAfter"} {
		text = strings.ReplaceAll(text, `"`+name+`":0,`, "")
		text = strings.ReplaceAll(text, `,"`+name+`":0`, "")
		text = strings.ReplaceAll(text, `"`+name+`":0`, "")
	}
	return text
}

// TestAddedMarks: of equal marks in one declaration, the ones on changed lines are the new ones.
func TestAddedMarks(t *testing.T) {
	t.Parallel()
	before := Analyse("go", ClassSource, "a", []byte("package p\nfunc f() {\n\ta() //nolint\n}\n"))
	after := Analyse("go", ClassSource, "a", []byte("package p\nfunc f() {\n\tb() //nolint\n\ta() //nolint\n}\n"))
	for _, c := range []struct {
		changed []Range
		line    int
	}{{[]Range{{3, 3}}, 3}, {[]Range{{4, 4}}, 4}, {nil, 4}} {
		d := Compare(before, after, c.changed)
		if len(d.SuppressionsAdded) != 1 || d.SuppressionsAdded[0].Line != c.line {
			t.Errorf("changed %v: %v, want line %d", c.changed, d.SuppressionsAdded, c.line)
		}
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	cases := []struct {
		language, data string
		line           int
		symbol, code   string
	}{
		{"go", "package p\n\nfunc (t *T) M() {\n\tif a {\n\t\tb( c,d )  // x\n\t}\n}\n\nvar v int\n", 5, "T.M", "b ( c , d )"},
		{"go", "package p\n\nfunc (t *T) M() {\n\tif a {\n\t\tb()\n\t}\n}\n\nvar v int\n", 9, "", "var v int"},
		{"go", "package p\n\nfunc f(\n\ta int,\n) {\n}\n", 3, "f", "func f ("},
		{"go", "package p\n// x  y\n", 2, "", "// x y"},
		{"typescript", "class A {\n  m(a: B) {\n    if (c) {\n      d()\n    }\n  }\n  n = () => {\n    e()\n  }\n}\n", 4, "A.m", "d ( )"},
		{"typescript", "class A {\n  m() {\n  }\n  n = () => {\n    e()\n  }\n}\n", 5, "A.n", "e ( )"},
		{"javascript", "describe('x', () => {\n  it('does', () => {\n    a()\n  })\n})\n", 3, "x.does", "a ( )"},
		{"python", "class A:\n    def m(self):\n        if x:\n            return 1\n    y = 2\n\nz = 3\n", 4, "A.m", "return 1"},
		{"python", "class A:\n    def m(self):\n        return 1\n    y = 2\n\nz = 3\n", 4, "A", "y = 2"},
		{"python", "class A:\n    def m(self):\n        return 1\n    y = 2\n\nz = 3\n", 6, "", "z = 3"},
		{"java", "class A {\n  int m(int a) {\n    return a;\n  }\n}\n", 3, "A.m", "return a ;"},
		{"rust", "impl<T> X for Y<T> {\n  fn m(&self) {\n    a();\n  }\n}\n", 3, "Y.m", "a ( ) ;"},
		{"hcl", "resource \"a\" \"b\" {\n  c = 1\n}\n", 2, "a.b", "c = 1"},
		{"yaml", "a:\n   b:   1\n", 2, "", "b: 1"},
		{"", "x   y\n", 1, "", "x y"},
		{"go", "package p\n", 7, "", ""},
		{"go", "package p\n", -1, "", ""},
	}
	for _, c := range cases {
		x := NewIndex(c.language, []byte(c.data))
		if got := x.Symbol(c.line); got != c.symbol {
			t.Errorf("%s line %d of %q is in %q, want %q", c.language, c.line, c.data, got, c.symbol)
		}
		if got := x.Line(c.line); got != c.code {
			t.Errorf("%s line %d of %q is %q, want %q", c.language, c.line, c.data, got, c.code)
		}
	}
}
