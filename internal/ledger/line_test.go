package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var zeros = strings.Repeat("0", 64)

// line is a good line with one thing replaced.
func line(old, new string) []byte {
	good := `{"v":1,"seq":7,"time":"2026-11-01T12:00:00.000Z","actor":"gate","kind":"landing.done","change":"c0ffee","task":"t1","prev":"` + zeros + `","body":{"a":[1,-2.5e+3,true,null],"b":"x"}}`
	return []byte(strings.Replace(good, old, new, 1))
}

func TestParseLine(t *testing.T) {
	t.Parallel()
	for name, text := range map[string][]byte{
		"whole":             line("", ""),
		"no body":           line(`,"body":{"a":[1,-2.5e+3,true,null],"b":"x"}`, ""),
		"no change or task": line(`,"change":"c0ffee","task":"t1"`, ""),
		"escapes":           line(`"x"`, `"\u001b[0m \u007f\u202e\"\\\n ü 😀"`),
		"numbers":           line("[1,", "[0,-0,0.10,1E9,1e-9,"),
		"deep":              line(`"x"`, strings.Repeat("[", depthLimit-1)+strings.Repeat("]", depthLimit-1)),
	} {
		e, err := parseLine(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if again := appendLine(nil, &e); !bytes.Equal(again, text) {
			t.Errorf("%s:\n%s became\n%s", name, text, again)
		}
	}
}

func TestRefusedLines(t *testing.T) {
	t.Parallel()
	for name, text := range map[string][]byte{
		"empty":               nil,
		"no object":           []byte("[]"),
		"a space":             line(`"seq":7`, `"seq": 7`),
		"another order":       line(`"actor":"gate","kind":"landing.done"`, `"kind":"landing.done","actor":"gate"`),
		"an unknown field":    line(`,"prev"`, `,"more":1,"prev"`),
		"seq 0":               line(`"seq":7`, `"seq":0`),
		"seq 07":              line(`"seq":7`, `"seq":07`),
		"seq -7":              line(`"seq":7`, `"seq":-7`),
		"seq too large":       line(`"seq":7`, `"seq":18446744073709551616`),
		"another zone":        line("00.000Z", "00.000+00:00"),
		"no milliseconds":     line("00.000Z", "00Z"),
		"February 30":         line("2026-11-01", "2026-02-30"),
		"before 1970":         line("2026-11-01", "1969-12-31"),
		"no actor":            line(`"gate"`, `""`),
		"a long actor":        line(`"gate"`, `"`+strings.Repeat("a", fieldLimit+1)+`"`),
		"a kind in capitals":  line("landing.done", "Landing.done"),
		"a kind with dots":    line("landing.done", "landing..done"),
		"a kind with a space": line("landing.done", "landing done"),
		"an empty change":     line("c0ffee", ""),
		"body is a list":      line(`{"a":[1,-2.5e+3,true,null],"b":"x"}`, `[]`),
		"body is null":        line(`{"a":[1,-2.5e+3,true,null],"b":"x"}`, `null`),
		"a key twice":         line(`"b"`, `"a"`),
		"a raw escape":        line(`"x"`, "\"\x1b\""),
		"a raw delete":        line(`"x"`, "\"\x7f\""),
		"a raw C1":            line(`"x"`, "\"\u009b\""),
		"a raw override":      line(`"x"`, "\"\u202e\""),
		"no UTF-8":            line(`"x"`, "\"\xff\""),
		"another spelling":    line(`"x"`, `"\u0041"`),
		"a long newline":      line(`"x"`, `"\u000a"`),
		"hex in capitals":     line(`"x"`, `"\u001B"`),
		"an escaped slash":    line(`"x"`, `"\/"`),
		"a surrogate":         line(`"x"`, `"\ud83d\ude00"`),
		"an open string":      line(`"x"}}`, `"x`),
		"01":                  line("[1,", "[01,"),
		"1.":                  line("[1,", "[1.,"),
		"+1":                  line("[1,", "[+1,"),
		"1e":                  line("[1,", "[1e,"),
		"NaN":                 line("[1,", "[NaN,"),
		"a trailing comma":    line("null]", "null,]"),
		"too deep":            line(`"x"`, strings.Repeat("[", depthLimit)+strings.Repeat("]", depthLimit)),
		"a tail":              line(`"x"}}`, `"x"}} `),
		"two":                 append(line("", ""), line("", "")...),
		"too long":            line(`"x"`, `"`+strings.Repeat("x", LineLimit)+`"`),
	} {
		if e, err := parseLine(text); err == nil {
			t.Errorf("%s: accepted as %+v", name, e)
		}
	}
	if _, err := parseLine(line(`"v":1`, `"v":2`)); !errors.Is(err, errVersion) {
		t.Errorf("version 2: %v", err)
	}
}

// Keys beyond a few are compared by another way.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	keys := func(n int, last string) []byte {
		var b strings.Builder
		for i := range n {
			b.WriteString(`"k` + strings.Repeat("x", i) + `":1,`)
		}
		return line(`"b":"x"`, b.String()+`"`+last+`":1`)
	}
	if _, err := parseLine(keys(40, "b")); err != nil {
		t.Error(err)
	}
	for _, last := range []string{"k", "kxxx", "k" + strings.Repeat("x", 39)} {
		if _, err := parseLine(keys(40, last)); err == nil {
			t.Errorf("%q comes twice: accepted", last)
		}
	}
}

func TestMakeEntry(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 13, 0, 0, 123456789, time.FixedZone("", 3600))
	e := must(makeEntry(Record{Actor: "a\xff\x1b", Kind: "x.y-z", Body: map[string]any{"<": "\u2028\x7f<&>\xff", "n": 1.5}}, at))(t)
	if got := string(e.Body); got != "{\"<\":\"\\u2028\\u007f<&>\ufffd\",\"n\":1.5}" {
		t.Errorf("body %s", got)
	}
	if e.Actor != "a\ufffd\x1b" || e.Time.Format(timeFormat) != "2026-11-01T12:00:00.123Z" {
		t.Errorf("%+v", e)
	}
	for name, bad := range map[string]Record{
		"no actor":    {Kind: "x"},
		"no kind":     {Actor: "a"},
		"a list":      {Actor: "a", Kind: "x", Body: []int{1}},
		"a key twice": {Actor: "a", Kind: "x", Body: json.RawMessage(`{"a":1,"\u0061":2}`)},
		"no JSON":     {Actor: "a", Kind: "x", Body: make(chan int)},
		"too long":    {Actor: "a", Kind: "x", Body: map[string]string{"a": strings.Repeat("\x01", LineLimit/6)}},
	} {
		if _, err := makeEntry(bad, at); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Whatever is recorded is one line of printable text that reads back as it was.
func TestEntryRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.Rune())
		body := rapid.MapOf(text, text).Draw(t, "body")
		e, err := makeEntry(Record{Actor: "a" + rapid.StringN(0, 20, 200).Draw(t, "actor"), Kind: "k", Body: body}, start)
		if err != nil {
			t.Fatal(err)
		}
		line := appendLine(nil, &e)
		for _, c := range string(line) {
			if escaped(c) {
				t.Fatalf("%q in %s", c, line)
			}
		}
		again, err := parseLine(line)
		if err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal(again.Body, &back); err != nil {
			t.Fatal(err)
		}
		if len(back) != len(body) {
			t.Fatalf("%v became %v", body, back)
		}
		for key, value := range body {
			if back[key] != value {
				t.Fatalf("%q became %q", value, back[key])
			}
		}
	})
}

// The vectors of docs/formats/ledger.md: a segment and the hash of its last line.
func TestVectors(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "2026", "11", "01", "000000000001.jsonl")
	if os.Getenv("UPDATE") != "" {
		writeVectors(t, file)
	}
	data := must(os.ReadFile(file))(t)
	c := newChain("gate")
	at := Place{Ref: RefPrefix + "gate", File: "2026/11/01/000000000001.jsonl"}
	if err := c.lines(data, 0, at, func(Entry) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if want := "2963a0e0695cef2dcca1ed66c35caa81a1fa9a985f489d7a6b5d6c0d5477a9c5"; c.seq != 3 || c.head.text() != want {
		t.Errorf("head %d %s", c.seq, c.head.text())
	}
	if got := genesis("gate").text(); got != "02c316519e247144d80974a26252222c17fc87b9bb70079c62af2b46ad47e91c" {
		t.Errorf("genesis %s", got)
	}
}

func writeVectors(t *testing.T, file string) {
	t.Helper()
	now := clock()
	var group []*pending
	for _, r := range []Record{
		{Actor: "kernel", Kind: KernelCreated},
		{Actor: "kernel", Kind: LandingIntent, Change: "c0ffee", Task: "t1", Body: json.RawMessage(`{"main": "\u001b[31m<\u00fc>\u202e", "n": [1, 0.50]}`)},
		{Actor: "kernel", Kind: LandingDone, Change: "c0ffee", Task: "t1", Body: json.RawMessage(`{}`)},
	} {
		group = append(group, &pending{entry: must(makeEntry(r, now()))(t)})
	}
	e := end{chain: newChain("gate")}
	e.take(group)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, e.segment, 0o644); err != nil {
		t.Fatal(err)
	}
}

func FuzzLine(f *testing.F) {
	f.Add([]byte(line("", "")))
	f.Add([]byte(line(`"x"`, `"\u001b\"\\\n ü"`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := parseLine(text)
		if err != nil {
			return
		}
		if again := appendLine(nil, &e); !bytes.Equal(again, text) {
			t.Errorf("%s\nbecame\n%s", text, again)
		}
		if e.Body != nil && !json.Valid(e.Body) {
			t.Errorf("the body %s is no JSON", e.Body)
		}
	})
}

func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"a" : [1, "\u0041\/", {}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		out, err := canonical(text)
		if (err == nil) != json.Valid(text) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		again, err := canonical(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Errorf("%q became %q, then %q", text, out, again)
		}
	})
}

func FuzzSegment(f *testing.F) {
	f.Add(must(os.ReadFile(filepath.Join("testdata", "2026", "11", "01", "000000000001.jsonl")))(f), 0)
	f.Fuzz(func(t *testing.T, data []byte, skip int) {
		c, n := newChain("gate"), uint64(0)
		at := Place{Ref: "r", File: "2026/11/01/000000000001.jsonl"}
		if err := c.lines(data, min(max(skip, 0), len(data)), at, func(Entry) error { n++; return nil }); err == nil && n != c.seq {
			t.Errorf("%d entries, the last is %d", n, c.seq)
		}
	})
}

func FuzzPath(f *testing.F) {
	f.Add("2026/11/01/000000000001.jsonl")
	f.Fuzz(func(t *testing.T, path string) {
		first, ok := parsePath(path)
		if !ok {
			return
		}
		at, err := time.Parse("2006/01/02", path[:10])
		if again := segmentPath(&Entry{Seq: first, Time: at}); err != nil || again != path {
			t.Errorf("%q became %q, %v", path, again, err)
		}
	})
}

// The specification shows the vectors as they are.
func TestSpecification(t *testing.T) {
	t.Parallel()
	spec := must(os.ReadFile(filepath.Join("..", "..", "docs", "formats", "ledger.md")))(t)
	vectors := must(os.ReadFile(filepath.Join("testdata", "2026", "11", "01", "000000000001.jsonl")))(t)
	for _, text := range [][]byte{vectors, []byte(genesis("gate").text())} {
		if !bytes.Contains(spec, text) {
			t.Errorf("docs/formats/ledger.md lacks %s", text)
		}
	}
}
