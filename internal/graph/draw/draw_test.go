package draw

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source/imports"
)

var update = flag.Bool("update", false, "write golden files")

// filesOf builds a graph of files from lines "a b": a needs b. "a b t" is a dependency of types, "a" a file alone.
func filesOf(lines ...string) *graph.Graph {
	var b graph.Builder
	node := func(name string) graph.ID {
		if strings.Contains(name, ":") {
			return b.Node(graph.Node{Kind: graph.External, Name: name})
		}
		return b.Node(graph.Node{Name: name})
	}
	for i, line := range lines {
		f := strings.Fields(line)
		from := node(f[0])
		if len(f) < 2 {
			continue
		}
		e := graph.Edge{From: from, To: node(f[1]), Line: int32(i + 1)}
		if len(f) > 2 {
			e.Kind = imports.TypeOnly
		}
		b.Edge(e)
	}
	return b.Graph()
}

func viewOf(lines ...string) View {
	return View{Graph: filesOf(lines...), Names: func(n *graph.Node) string { return n.Name }}
}

func shop() *Picture {
	base := viewOf("web/app.ts web/cart.ts", "web/cart.ts api/client.ts", "web/cart.ts web/old.ts", "api/client.ts api/types.ts t", "web/app.ts api/types.ts")
	head := viewOf("web/app.ts web/cart.ts", "web/cart.ts api/client.ts", "api/client.ts api/types.ts t", "web/app.ts api/types.ts",
		"api/client.ts web/cart.ts", "web/app.ts npm:react", "docs/alone.ts", "web/new.ts api/types.ts")
	p := New(head, &base, map[string]bool{"api/client.ts": true})
	p.Repository, p.Commit, p.Base, p.Level = "shop", "2222222", "1111111", "file"
	return p
}

func text(t testing.TB, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func pageOf(p *Picture) func(io.Writer) error {
	return func(w io.Writer) error { return p.HTML(w, Readable, Overview) }
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(io.Writer) error{"shop.svg": shop().SVG, "shop.dot": shop().DOT, "shop.mmd": shop().Mermaid,
		"folders.svg": shop().Collapse(1, 4).SVG} {
		got, file := text(t, write), filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || got != string(want) {
			t.Errorf("%s differs (%v); look at it and run go test -update", name, err)
		}
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	p := shop()
	boxes, lines := map[string]Change{}, map[string]Change{}
	for _, b := range p.Boxes {
		boxes[b.Name] = b.Change
	}
	for _, l := range p.Lines {
		lines[p.Boxes[l.From].Name+" "+p.Boxes[l.To].Name] = l.Change
	}
	for name, want := range map[string]Change{"web/new.ts": Added, "web/old.ts": Removed, "api/client.ts": Changed, "web/app.ts": Same} {
		if boxes[name] != want {
			t.Errorf("%s is %v, want %v", name, boxes[name], want)
		}
	}
	for name, want := range map[string]Change{"api/client.ts web/cart.ts": Added, "web/cart.ts web/old.ts": Removed, "web/cart.ts api/client.ts": Same} {
		if got, ok := lines[name]; !ok || got != want {
			t.Errorf("%s is %v, %v, want %v", name, got, ok, want)
		}
	}
	if p.Cycles != 1 {
		t.Errorf("%d cycles, want the one between cart and client", p.Cycles)
	}
	touched := p.Touched()
	if touched["web/app.ts"] != true || touched["api/types.ts"] != true || !touched["web/cart.ts"] {
		t.Errorf("touched %v", touched)
	}
}

// TestRemovedLinesCloseNoCycle: a cycle that head no longer has is not shown as one.
func TestRemovedLinesCloseNoCycle(t *testing.T) {
	t.Parallel()
	base := viewOf("a b", "b a")
	if p := New(viewOf("a b", "b"), &base, nil); p.Cycles != 0 {
		t.Errorf("%d cycles in %+v", p.Cycles, p.Lines)
	}
}

func TestImplied(t *testing.T) {
	t.Parallel()
	p := New(viewOf("a b", "b c", "a c", "c d", "d c", "b d"), nil, nil)
	got := map[string]bool{}
	for _, l := range p.Lines {
		got[p.Boxes[l.From].Name+p.Boxes[l.To].Name] = l.Implied
	}
	if !got["ac"] || got["ab"] || got["cd"] || got["bc"] {
		t.Errorf("implied: %v, want a to c and nothing of the cycle", got)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	for depth, want := range []int{1, 3, 4} {
		p := New(viewOf("a b", "b c", "c d", "x"), nil, nil)
		p.Filter(func(b *Box) bool { return b.Name == "b" }, depth)
		if len(p.Boxes) != want || p.Total != want {
			t.Errorf("depth %d: %d boxes, want %d", depth, len(p.Boxes), want)
		}
	}
}

// monorepo has packages of folders of files: n files in all.
func monorepo(n int) *Picture {
	lines, seed := make([]string, 0, 4*n), uint32(1)
	next := func(k int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % k
	}
	name := func(i int) string { return fmt.Sprintf("packages/p%02d/f%d/file%d.ts", i*40/n, i%5, i) }
	for i := range n {
		lines = append(lines, name(i))
		for range 4 {
			if i > 0 {
				lines = append(lines, name(i)+" "+name(i-1-next(min(i, 60))))
			}
		}
		if next(10) == 0 && i > 0 {
			lines = append(lines, name(i)+" "+name(next(i)), name(i-1)+" "+name(i))
		}
	}
	return New(viewOf(lines...), nil, nil)
}

func TestCollapse(t *testing.T) {
	t.Parallel()
	p := monorepo(5000)
	small := p.Collapse(Readable, Overview)
	files := 0
	for _, b := range small.Boxes {
		files += b.Files
	}
	if n := len(small.Boxes); n < 20 || n > Overview || files != 5000 || small.Total != 5000 {
		t.Errorf("%d boxes for %d files of %d, want at most %d", n, files, small.Total, Overview)
	}
	if p := monorepo(300); p.Collapse(Readable, Overview) != p {
		t.Error("300 boxes were joined")
	}
	flat := New(viewOf(slices.Repeat([]string{"x"}, 1)...), nil, nil)
	for i := range 400 {
		flat.Boxes = append(flat.Boxes, Box{Name: fmt.Sprintf("y%03d", i), Label: "y"})
	}
	if got := flat.Collapse(Readable, Overview); len(got.Boxes) != 1 {
		t.Errorf("400 files in the root are %d boxes, want 1", len(got.Boxes))
	}
}

func TestMermaidFits(t *testing.T) {
	t.Parallel()
	small := monorepo(5000).MermaidFits()
	if text := text(t, small.Mermaid); len(text) > mermaidBytes || len(small.Lines) > mermaidLines || len(small.Boxes) < 5 {
		t.Errorf("%d bytes, %d lines, %d boxes", len(text), len(small.Lines), len(small.Boxes))
	}
}

// hostile are names that a repository may hold.
var hostile = []string{`a"b`, `""c""`, `</script><script>alert(1)</script>`, "line\nbreak", `x\"];n0->n1;"`, "<img src=x onerror=alert(1)>", "'q'", "a]b}c)", `\N\G`,
	"\xff\xfe", "\u202egpj.exe", "--> evil", "%%{init: {}}%%", "]]>", "&lt;", "é/日本語/файл", strings.Repeat("w", 300), "#quot;", "click n0 call x()", "\x00\x1b[31m", "${x}`"}

func hostilePicture(names []string) *Picture {
	var b graph.Builder
	ids := make([]graph.ID, len(names))
	for i, n := range names {
		ids[i] = b.Node(graph.Node{Name: n})
	}
	for i := range ids {
		b.Edge(graph.Edge{From: ids[i], To: ids[(i+1)%len(ids)], Specifier: names[i]})
	}
	p := New(View{Graph: b.Graph(), Names: func(n *graph.Node) string { return n.Name }}, nil, nil)
	p.Repository, p.Commit, p.Level = names[0], names[len(names)-1], "file"
	return p
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	checkHostile(t, hostile)
	for _, name := range hostile {
		checkHostile(t, []string{name, "ok"})
	}
}

func checkHostile(t *testing.T, names []string) {
	t.Helper()
	p := hostilePicture(names)
	checkXML(t, text(t, p.SVG))
	html := text(t, pageOf(p))
	if strings.Count(html, "<script") != 2 || strings.Count(html, "</script") != 2 || strings.Count(html, "<img") != 0 || strings.Count(html, "<style") != 1 {
		t.Errorf("the page of %q has tags that come from names", names)
	}
	var data map[string]any
	_, rest, _ := strings.Cut(html, `id="data">`)
	body, _, _ := strings.Cut(rest, "</script>")
	if err := json.Unmarshal([]byte(body), &data); err != nil {
		t.Errorf("data of the page: %v", err)
	}
	if dot := text(t, p.DOT); strings.Count(dot, "\n") != 5+len(p.Boxes)+len(p.Lines) || !evenQuotes(dot) {
		t.Errorf("dot of %q: %s", names, dot)
	}
	mermaid := text(t, p.Mermaid)
	for line := range strings.Lines(mermaid) {
		if !strings.HasPrefix(line, "%%") && strings.Count(line, `"`) > 2 || strings.Contains(line, "<s") || strings.ContainsAny(line, "{}`\x1b\x00") {
			t.Errorf("mermaid of %q: %q", names, line)
		}
	}
	if want := 3 + len(p.Boxes) + len(p.Lines) + 4 + 1; strings.Count(mermaid, "\n") != want {
		t.Errorf("mermaid of %q has %d lines, want %d", names, strings.Count(mermaid, "\n"), want)
	}
}

// evenQuotes says that each line closes the strings it opens.
func evenQuotes(dot string) bool {
	for line := range strings.Lines(dot) {
		plain := strings.NewReplacer(`\\`, "", `\"`, "").Replace(line)
		if strings.Count(plain, `"`)%2 != 0 {
			return false
		}
	}
	return true
}

func checkXML(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("not XML: %v", err)
			return
		}
		if e, ok := token.(xml.StartElement); ok && !slices.Contains([]string{"svg", "title", "desc", "style", "defs", "marker", "path", "circle", "rect", "text", "g"}, e.Name.Local) {
			t.Errorf("element %s", e.Name.Local)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name != "" && name != "ok" {
			checkHostile(t, []string{name, "ok"})
		}
	})
}

// TestPageStandsAlone: nothing is loaded, and the policy of the page allows its own script and style by their hashes.
func TestPageStandsAlone(t *testing.T) {
	t.Parallel()
	html := text(t, pageOf(shop()))
	_, rest, _ := strings.Cut(html, "<script>")
	script, _, _ := strings.Cut(rest, "</script>")
	_, rest, _ = strings.Cut(html, "<style>")
	css, _, _ := strings.Cut(rest, "</style>")
	if !strings.Contains(html, "script-src '"+hash(script)+"'; style-src '"+hash(css)+"'") {
		t.Error("the policy does not allow the script and style of the page")
	}
	for _, bad := range []string{"src=", "href=", "@import", "http://", "https://", "innerHTML", "eval(", " style=", "onclick="} {
		if strings.Contains(strings.ReplaceAll(html, "http://www.w3.org/2000/svg", ""), bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
	if len(script) > 21<<10 {
		t.Errorf("the script has %d bytes, want at most 21 KiB", len(script))
	}
}

func TestDeterministic(t *testing.T) {
	t.Parallel()
	for range 3 {
		a, b := monorepo(400), monorepo(400)
		if text(t, a.SVG) != text(t, b.SVG) || text(t, pageOf(a)) != text(t, pageOf(b)) {
			t.Fatal("equal pictures gave different bytes")
		}
	}
}

// TestLayout: whatever the graph, boxes do not touch, stand inside the picture, and every line runs from its box to its box.
func TestLayout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "boxes")
		var lines []string
		for i := range n {
			lines = append(lines, fmt.Sprintf("d%d/n%d", i%3, i))
		}
		node := rapid.IntRange(0, n-1)
		for _, pair := range rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]int { return [2]int{node.Draw(t, "from"), node.Draw(t, "to")} }), 0, 90).Draw(t, "lines") {
			if pair[0] != pair[1] {
				lines = append(lines, fmt.Sprintf("d%d/n%d d%d/n%d", pair[0]%3, pair[0], pair[1]%3, pair[1]))
			}
		}
		checkLayout(t, New(viewOf(lines...), nil, nil))
	})
}

func TestLayoutOfMany(t *testing.T) {
	t.Parallel()
	checkLayout(t, monorepo(1000))
	checkLayout(t, monorepo(5000).Collapse(Readable, Overview))
}

type failer interface {
	Fatalf(format string, args ...any)
}

func checkLayout(t failer, p *Picture) {
	pl := layout(p)
	for i, a := range pl.places {
		if a.w < boxLeast || a.h != boxHeight || a.x < 0 || a.y < headHigh || a.x+a.w > pl.w || a.y+a.h > pl.h {
			t.Fatalf("box %d stands at %+v in %d x %d", i, a, pl.w, pl.h)
		}
		if need := boxWidth(&p.Boxes[i]); a.w < need {
			t.Fatalf("box %d is %d wide and needs %d", i, a.w, need)
		}
		for k, b := range pl.places[:i] {
			if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h+3 && b.y < a.y+a.h+3 {
				t.Fatalf("boxes %d %+v and %d %+v touch", i, a, k, b)
			}
		}
	}
	for i, l := range p.Lines {
		way, from, to := pl.ways[i], pl.places[l.From], pl.places[l.To]
		start, end := point{from.x + from.w, from.y + boxHeight/2}, point{to.x, to.y + boxHeight/2}
		if pl.back[i] {
			start, end = point{from.x, from.y + boxHeight/2}, point{to.x + to.w, to.y + boxHeight/2}
		}
		if len(way)%2 != 0 || way[0] != start || way[len(way)-1] != end {
			t.Fatalf("line %d runs %v, want %v to %v", i, way, start, end)
		}
		for k := 1; k < len(way); k++ {
			if k%2 == 0 && way[k].y != way[k-1].y || (way[k].x > way[k-1].x) == pl.back[i] {
				t.Fatalf("line %d turns round: %v", i, way)
			}
			if k%2 == 0 {
				checkLane(t, pl, way[k-1], way[k])
			}
		}
	}
}

// checkLane: a line that passes a column passes between its boxes.
func checkLane(t failer, pl *plan, a, b point) {
	for i, r := range pl.places {
		if min(a.x, b.x) < r.x+r.w && r.x < max(a.x, b.x) && r.y <= a.y && a.y <= r.y+r.h {
			t.Fatalf("a line at %v-%v runs through box %d %+v", a, b, i, r)
		}
	}
}

func TestTighten(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"const a = b + ++c;\n": "const a=b+ ++c;\n", "x = ' - a' + `${b} , c`;": "x=' - a'+`${b} , c`;", "return x in y ? 1 : 2": "return x in y?1:2"} {
		if got := tighten(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"short": "short", "0123456789abc": "01234…9abc", "日本語日本語日本語": "日本…本語"} {
		if got := shorten(in, 10); got != want || textWidth(got) > 10 {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	for _, n := range []int{300, 5000} {
		p := monorepo(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if err := p.SVG(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprint(n, "-collapsed"), func(b *testing.B) {
			for b.Loop() {
				if err := p.Collapse(Readable, Overview).SVG(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
