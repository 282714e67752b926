package report

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"pgregory.net/rapid"
)

// lines prints a file's lines, + for hit and - for missed.
func lines(p Profile, path string) string {
	var b strings.Builder
	for _, l := range p[path] {
		fmt.Fprintf(&b, "%s%d ", map[bool]string{true: "+", false: "-"}[l.Hit], l.Number)
	}
	return strings.TrimSpace(b.String())
}

func TestReadRealCoverage(t *testing.T) {
	t.Parallel()
	withText := shop()
	withText.Text = func(path string) ([]byte, bool) { return sample(t, "cart.go.txt"), path == "cart/cart.go" }
	for _, tc := range []struct {
		format, file, path, want string
		opt                      Options
		total                    int
	}{
		{"go-cover", "cover.out", "cart/cart.go", "+6 +7 +8 +9 +10 +11 +12 -15 -17 -18 -19 -21", shop(), 58333},
		{"go-cover", "cover.out", "cart/cart.go", "+7 +8 +9 +11 +12 -15 -18 -21", withText, 62500},
		{"lcov", "jest.lcov", "price.js", "+2 -3 +5 +7", shop(), 75000},
		{"lcov", "jest.lcov", "web/price.js", "+2 -3 +5 +7", Options{Dir: "web"}, 75000},
		{"cobertura", "jest.cobertura.xml", "price.js", "+2 -3 +5 +7", shop(), 75000},
	} {
		p, err := ReadCoverage(tc.format, bytes.NewReader(sample(t, tc.file)), tc.opt)
		if err != nil {
			t.Errorf("%s: %v", tc.file, err)
			continue
		}
		if got := lines(p, tc.path); got != tc.want || p.Total() != tc.total || len(p) != 1 {
			t.Errorf("%s: %s, total %d, %d files; want %s, %d", tc.file, got, p.Total(), len(p), tc.want, tc.total)
		}
	}
}

func TestReadCoverage(t *testing.T) {
	t.Parallel()
	const ours = "example.test/shop/a/x.go:"
	for _, tc := range []struct{ name, format, data, path, want string }{
		{"blocks of two binaries", "go-cover", "mode: set\n" + ours + "1.1,2.5 1 0\n" + ours + "1.1,2.5 1 1\n", "a/x.go", "+1 +2"},
		{"hit first", "go-cover", "mode: set\n" + ours + "1.1,2.5 1 1\n" + ours + "1.1,2.5 1 0\n", "a/x.go", "+1 +2"},
		{"profiles put together", "go-cover", "mode: count\n" + ours + "1.1,1.5 1 7\n\nmode: atomic\n" + ours + "2.1,2.5 1 0\n", "a/x.go", "+1 -2"},
		{"two blocks on a line", "go-cover", "mode: set\n" + ours + "1.1,1.5 1 0\n" + ours + "1.6,1.9 1 1\n", "a/x.go", "+1"},
		{"empty bodies do not count", "go-cover", "mode: set\n" + ours + "1.1,1.5 0 0\n" + ours + "2.1,2.9 1 1\n", "a/x.go", "+2"},
		{"other modules are left out", "go-cover", "mode: set\nother.test/y/y.go:1.1,1.5 1 0\n" + ours + "2.1,2.9 1 1\n", "a/x.go", "+2"},
		{"absolute path", "go-cover", "mode: set\n/checkout/a/x.go:2.1,2.9 1 1\n", "a/x.go", "+2"},
		{"lcov twice", "lcov", "SF:a.js\nDA:1,0\nDA:2,1,abc\nend_of_record\nSF:/checkout/a.js\nDA:1,3\nend_of_record\n", "a.js", "+1 +2"},
		{"lcov odd counts", "lcov", "TN:\nSF:a.js\nDA:0,1\nDA:1,-5\nDA:2,1e3\nBRDA:1,0,0,-\nend_of_record\n", "a.js", "-1 +2"},
		{"lcov outside", "lcov", "SF:../b.js\nDA:1,1\nend_of_record\nSF:a.js\nDA:1,0\nend_of_record\n", "a.js", "-1"},
		{"cobertura methods only", "cobertura", `<coverage><packages><package><classes><class filename="a.py"><methods><method><lines><line number="4" hits="1"/></lines></method></methods></class></classes></package></packages></coverage>`, "a.py", "+4"},
		{"cobertura sources", "cobertura", `<coverage><sources><source>/usr/lib</source><source>/checkout/src</source></sources><packages><package><classes><class filename="a.py"><lines><line number="1" hits="0"/></lines></class></classes></package></packages></coverage>`, "src/a.py", "-1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := ReadCoverage(tc.format, strings.NewReader(tc.data), shop())
			if err != nil {
				t.Fatal(err)
			}
			if got := lines(p, tc.path); got != tc.want || len(p) != 1 {
				t.Errorf("got %s of %v, want %s", got, slices.Sorted(maps.Keys(p)), tc.want)
			}
		})
	}
}

func TestCoverageFormat(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		string(sample(t, "cover.out")): "go-cover", string(sample(t, "jest.lcov")): "lcov", string(sample(t, "jest.cobertura.xml")): "cobertura",
		"\ufeff <coverage>": "cobertura", "SF:a.js": "lcov", "": "", "{}": "", "model: x": "",
	} {
		if got := CoverageFormat([]byte(head)); got != want {
			t.Errorf("%.20q: %q, want %q", head, got, want)
		}
	}
}

func TestBrokenCoverage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, format, data, want string }{
		{"empty", "go-cover", "", "it is empty"},
		{"only a mode", "go-cover", "mode: set\n", "it covers no file of this repository (it is empty)"},
		{"no mode", "go-cover", "example.test/shop/x.go:1.1,2.2 1 1\n", `1:1: it does not begin with "mode:"`},
		{"no numbers", "go-cover", "mode: set\nx.go:1,2 3\n", `2:1: "x.go:1,2 3" is not a block`},
		{"no colon", "go-cover", "mode: set\nx\n", "is not a block"},
		{"backwards", "go-cover", "mode: set\nx.go:3.1,2.1 1 1\n", "is not a block"},
		{"negative", "go-cover", "mode: set\nx.go:1.1,2.1 1 -1\n", "is not a block"},
		{"line too large", "go-cover", "mode: set\nx.go:1.1,2000000.1 1 1\n", "is not a block"},
		{"foreign", "go-cover", "mode: set\nother.test/x.go:1.1,2.2 1 1\n", "it covers no file of this repository (for example other.test/x.go)"},
		{"empty", "lcov", "", "1:1: no file (SF) is in it"},
		{"json", "lcov", "{}", "no file (SF) is in it"},
		{"cut off", "lcov", "SF:a.js\nDA:1,1\n", "the last file has no end_of_record"},
		{"line outside", "lcov", "DA:1,1\n", "1:1: a line count (DA) outside a file (SF)"},
		{"no number", "lcov", "SF:a.js\nDA:x,1\nend_of_record\n", "2:1: DA:x,1 is not line,count"},
		{"no count", "lcov", "SF:a.js\nDA:1\nend_of_record\n", "DA:1 is not line,count"},
		{"empty", "cobertura", "", "it is empty"},
		{"junit", "cobertura", "<testsuites/>", "the root element is testsuites"},
		{"no files", "cobertura", "<coverage/>", "it covers no file of this repository"},
		{"no name", "cobertura", "<coverage><class/></coverage>", "a class without a filename"},
		{"no number", "cobertura", `<coverage><class filename="a"><line number="x" hits="1"/></class></coverage>`, `number="x"`},
		{"cut off", "cobertura", `<coverage><class filename="a">`, "unexpected EOF"},
		{"entities", "cobertura", `<!DOCTYPE coverage [<!ENTITY a "b">]><coverage/>`, "it defines entities"},
		{"unknown", "jacoco", "", `unknown format "jacoco"; known are cobertura, go-cover, lcov`},
	} {
		p, err := ReadCoverage(tc.format, strings.NewReader(tc.data), shop())
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: %v, error %v; want %q", tc.format, tc.name, p, err, tc.want)
		}
	}
}

func TestLinesAreBounded(t *testing.T) {
	t.Parallel()
	c := newCollector("lcov", shop())
	c.marks = maxMarks - 1
	if err := readLCOV(strings.NewReader("SF:a\nDA:1,1\nDA:1,0\nend_of_record\n"), c); err != nil {
		t.Errorf("the last line that fits: %v", err)
	}
	if err := readLCOV(strings.NewReader("SF:a\nDA:2,1\nend_of_record\n"), c); err == nil {
		t.Error("one line too many was taken")
	}
}

func TestBlocksAreBounded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		before int
		fails  bool
	}{{maxBlockLines - 3, false}, {maxBlockLines - 2, true}} {
		c := newCollector("go-cover", shop())
		c.blocks = tc.before
		err := readGoCover(strings.NewReader("mode: set\nexample.test/shop/x.go:1.1,3.1 1 1\n"), c)
		if (err != nil) != tc.fails {
			t.Errorf("3 lines after %d: %v", tc.before, err)
		}
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	p := Profile{"a.go": {{1, true}, {2, false}, {5, true}}}
	always := func(string, int) bool { return true }
	for _, tc := range []struct {
		name             string
		changed          map[string][]facts.LineRange
		missing          func(string, int) bool
		coverage, number int
	}{
		{"nothing", nil, always, -1, 0},
		{"no executable line", map[string][]facts.LineRange{"a.go": {{From: 3, To: 4}}}, always, -1, 0},
		{"two of three", map[string][]facts.LineRange{"a.go": {{From: 1, To: 9}}}, always, 66666, 3},
		{"overlapping ranges", map[string][]facts.LineRange{"a.go": {{From: 2, To: 9}, {From: 1, To: 3}}}, always, 66666, 3},
		{"file the profile does not know", map[string][]facts.LineRange{"a.go": {{From: 1, To: 1}}, "new.go": {{From: 1, To: 3}}}, always, 25000, 4},
		{"language not measured", map[string][]facts.LineRange{"a.go": {{From: 1, To: 1}}, "b.css": {{From: 1, To: 3}}}, func(path string, _ int) bool { return path != "b.css" }, 100000, 1},
		{"no predicate", map[string][]facts.LineRange{"new.go": {{From: 1, To: 3}}}, nil, -1, 0},
	} {
		if coverage, number := p.Diff(tc.changed, tc.missing); coverage != tc.coverage || number != tc.number {
			t.Errorf("%s: %d of %d lines, want %d of %d", tc.name, coverage, number, tc.coverage, tc.number)
		}
	}
}

func TestPercentIsRoundedDown(t *testing.T) {
	t.Parallel()
	var all []Line
	for n := range 100_001 {
		all = append(all, Line{n + 1, n > 0})
	}
	if got := (Profile{"a": all}).Total(); got != 99_999 {
		t.Errorf("one line of 100,001 is missed, and the total is %d", got)
	}
}

func drawProfile() *rapid.Generator[Profile] {
	line := rapid.Custom(func(t *rapid.T) Line {
		return Line{rapid.IntRange(1, 8).Draw(t, "number"), rapid.Bool().Draw(t, "hit")}
	})
	file := rapid.Map(rapid.SliceOf(line), ordered)
	return rapid.Custom(func(t *rapid.T) Profile {
		return rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c"}), file).Draw(t, "files")
	})
}

func TestMergeIsPointwiseMaximum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, q, r := drawProfile().Draw(t, "p"), drawProfile().Draw(t, "q"), drawProfile().Draw(t, "r")
		merged := p.Merge(q)
		if !same(merged, q.Merge(p)) {
			t.Fatal("merging is not commutative")
		}
		if !same(merged.Merge(r), p.Merge(q.Merge(r))) {
			t.Fatal("merging is not associative")
		}
		if !same(p.Merge(p), p) {
			t.Fatal("merging is not idempotent")
		}
		for path, all := range merged {
			for _, l := range all {
				if want := hits(p, path, l.Number) || hits(q, path, l.Number); l.Hit != want {
					t.Fatalf("%s:%d hit = %v", path, l.Number, l.Hit)
				}
			}
		}
	})
}

func hits(p Profile, path string, line int) bool { return slices.Contains(p[path], Line{line, true}) }

func same(p, q Profile) bool {
	return maps.EqualFunc(p, q, func(a, b []Line) bool { return slices.Equal(a, b) })
}

func TestDiffIsBoundedAndMonotonic(t *testing.T) {
	t.Parallel()
	span := rapid.Custom(func(t *rapid.T) facts.LineRange {
		from := rapid.IntRange(1, 8).Draw(t, "from")
		return facts.LineRange{From: from, To: from + rapid.IntRange(0, 4).Draw(t, "more")}
	})
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile().Draw(t, "p")
		changed := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.SliceOf(span)).Draw(t, "changed")
		missing := func(path string, line int) bool { return path == "d" || line%2 == 0 }
		coverage, executable := p.Diff(changed, missing)
		if coverage < -1 || coverage > 100_000 || (coverage == -1) != (executable == 0) {
			t.Fatalf("%d of %d lines", coverage, executable)
		}
		better, same := p.Merge(allHit(p)).Diff(changed, missing)
		if better < coverage || same != executable {
			t.Fatalf("hitting more lowered %d of %d to %d of %d", coverage, executable, better, same)
		}
		if total := p.Total(); total < -1 || total > 100_000 || p.Merge(allHit(p)).Total() < total {
			t.Fatalf("total %d", total)
		}
	})
}

func allHit(p Profile) Profile {
	out := Profile{}
	for path, all := range p {
		for _, l := range all {
			out[path] = append(out[path], Line{l.Number, true})
		}
	}
	return out
}

func FuzzCoverage(f *testing.F) {
	for _, name := range []string{"cover.out", "jest.lcov", "jest.cobertura.xml"} {
		f.Add(sample(f, name))
	}
	opt := shop()
	opt.Limit = 1 << 20
	opt.Text = func(string) ([]byte, bool) { return []byte("a {\n}\n// c\n"), true }
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range CoverageFormats() {
			p, err := ReadCoverage(format, bytes.NewReader(data), opt)
			if err != nil {
				continue
			}
			if total := p.Total(); len(p) == 0 || total < -1 || total > 100_000 {
				t.Errorf("%s: %d files, total %d", format, len(p), total)
			}
			for path, all := range p {
				if !filepath.IsLocal(path) || !slices.IsSortedFunc(all, func(a, b Line) int { return a.Number - b.Number }) {
					t.Errorf("%s: %q %v", format, path, all)
				}
			}
		}
	})
}
