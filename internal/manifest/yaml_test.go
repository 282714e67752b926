package manifest

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-%d
  namespace: shop
  labels:
    app.kubernetes.io/name: web
    app.kubernetes.io/part-of: shop
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: web
  template:
    metadata:
      labels:
        app.kubernetes.io/name: web
    spec:
      securityContext:
        runAsNonRoot: true
      containers:
        - name: web
          image: "registry.example.com/shop/web:1.4.%d" # tag
          args: ["--port", "8080"]
          ports:
            - containerPort: 8080
              name: http
          env:
            - name: LOG_LEVEL
              value: info
          resources:
            limits:
              cpu: 500m
              memory: 256Mi
          readinessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 5
`

// BenchmarkParseYAML300 reads 300 small Kubernetes manifests: at most 15 ms.
func BenchmarkParseYAML300(b *testing.B) {
	files := make([][]byte, 300)
	for i := range files {
		files[i] = fmt.Appendf(nil, deployment, i, i)
	}
	b.SetBytes(int64(300 * len(files[0])))
	b.ReportAllocs()
	for b.Loop() {
		for _, f := range files {
			for _, d := range ParseYAML("a.yaml", f) {
				if d.Err != nil {
					b.Fatal(d.Err)
				}
			}
		}
	}
}

// BenchmarkLibrary reads the same by the library alone, for comparison.
func BenchmarkLibrary(b *testing.B) {
	file := fmt.Appendf(nil, deployment, 1, 1)
	for b.Loop() {
		for range 300 {
			if d := parseSlowly(&YAMLDocument{}, chunk{text: file, line: 1}); d.Err != nil {
				b.Fatal(d.Err)
			}
		}
	}
}

// value reads a text of one document, by ParseYAML and by the library alone.
func value(t *testing.T, text string) any {
	t.Helper()
	docs := ParseYAML("f.yaml", []byte(text))
	if len(docs) != 1 || docs[0].Err != nil {
		t.Fatalf("%q: %d documents, %v", text, len(docs), docs)
	}
	slow := parseSlowly(&YAMLDocument{}, chunk{text: []byte(text), line: 1})
	if !reflect.DeepEqual(slow.Value, docs[0].Value) {
		t.Fatalf("%q: %#v by the library, %#v by ParseYAML", text, slow.Value, docs[0].Value)
	}
	return docs[0].Value
}

func TestScalars(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"": nil, "~": nil, "null": nil, "Null": nil, "NULL": nil, "nULL": "nULL",
		"true": true, "True": true, "FALSE": false, "yes": "yes", "on": "on", "y": "y", "Off": "Off",
		"0": int64(0), "-0": int64(0), "+1": int64(1), "-12": int64(-12), "0777": int64(777), "0o17": int64(15), "0x1F": int64(31), "0b1": "0b1", "-0x1": "-0x1", "1_000": "1_000",
		"9223372036854775807": int64(math.MaxInt64), "-9223372036854775808": int64(math.MinInt64), "9223372036854775808": json.Number("9223372036854775808"),
		"0xffffffffffffffff": json.Number("18446744073709551615"),
		"1.5":                1.5, ".5": 0.5, "1.": 1.0, "1e3": 1000.0, "-1.5E-2": -0.015, "1e400": "1e400", "7e123456": "7e123456", ".": ".", "1.2.3": "1.2.3", "e5": "e5", "1e": "1e", "+": "+",
		".inf": ".inf", "-.Inf": "-.Inf", ".nan": ".nan", "2026-11-22": "2026-11-22", "12:30:45": "12:30:45", "1.10": 1.1,
		"'1'": "1", `"true"`: "true", "!!str 1": "1", "!!int '7'": int64(7), "!!float 1": int64(1), "!!bool 'true'": true, "!!null ''": nil, "!thing 5": "5", "!!binary aGk=": "aGk=", "!!float .nan": ".nan",
	} {
		got, ok := value(t, "v: "+text+"\n").(map[string]any)
		if !ok || !reflect.DeepEqual(got["v"], want) {
			t.Errorf("%q = %#v, want %#v", text, got["v"], want)
		}
	}
}

func TestStructure(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: &x {b: 1}\nc: *x\n":                                   `{"a":{"b":1},"c":{"b":1}}`,
		"a: &x {b: 1, d: 2}\nc:\n  <<: *x\n  d: 3\n":              `{"a":{"b":1,"d":2},"c":{"b":1,"d":3}}`,
		"a: &x {b: 1}\nz: &y {b: 2, c: 3}\nd:\n  <<: [*x, *y]\n":  `{"a":{"b":1},"d":{"b":1,"c":3},"z":{"b":2,"c":3}}`,
		"\"<<\": {a: 1}\n":                                        `{"<<":{"a":1}}`,
		"1: a\ntrue: b\n~: c\non: d\n":                            `{"1":"a","on":"d","true":"b","~":"c"}`,
		"? [a]\n: b\nc: {{ x }}\n":                                `{"[\"a\"]":"b","c":{"{\"x\":null}":null}}`,
		"&k a: 1\nb: *k\n":                                        `{"a":1,"b":"a"}`,
		"a: >\n  x\n  y\n\n  z\n":                                 `{"a":"x y\nz\n"}`,
		"a: |+\n  x\n\nb: |2-\n   y\n":                            `{"a":"x\n\n","b":" y"}`,
		"a: x\n  y\nb: 'q\n  r'\n":                                `{"a":"x y","b":"q r"}`,
		"%YAML 1.2\n---\na: 1\n":                                  `{"a":1}`,
		"%TAG ! tag:example.com,2026:\n---\na: !x {b: 1}\n":       `{"a":{"b":1}}`,
		"{\"a\": \"\\ud83d\\ude00\\/\", \"b\": [1, 2.5, null]}\n": `{"a":"😀/","b":[1,2.5,null]}`,
		"\ta: 1"[1:]:                  `{"a":1}`,
		"[a, [b], {c: d}]":            `["a",["b"],{"c":"d"}]`,
		"text":                        `"text"`,
		"a:\r\n- b\r\n- |\r\n  c\r\n": `{"a":["b","c\n"]}`,
		"a: 1\rb: 2\r":                `{"a":1,"b":2}`,
	} {
		got, err := CanonicalDocument(value(t, text))
		if err != nil || string(got) != want {
			t.Errorf("%q = %s (%v), want %s", text, got, err, want)
		}
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                             "",
		"# only\n\n# comments\n":       "",
		"\ufeffa: 1\n":                 "0@1 map[a:1]",
		"---\n":                        "0@1 <nil>",
		"---\n# c\n---\n":              "0@1 <nil>; 1@3 <nil>",
		"a: 1\n---\nb: 2\n...\n# c\n":  "0@1 map[a:1]; 1@3 map[b:2]",
		"a: 1\n...\nb: 2\n":            "0@1 map[a:1]; 1@3 map[b:2]",
		"# c\n%YAML 1.2\n---\na: 1\n":  "0@4 map[a:1]",
		"a: |\n  ---\n---\nb: \"x\"\n": "0@1 map[a:---\n]; 1@4 map[b:x]",
		"a: 1\n---\nb: [\n---\nc: 3\n": "0@1 map[a:1]; 1@3 s:3:4: this \"[\" is never closed; 2@5 map[c:3]",
		"--- a\n--- {b: 1}\n":          "0@1 a; 1@2 map[b:1]",
		"a: 1\r---\rb: 2\r":            "0@1 map[a:1]; 1@3 map[b:2]",
	} {
		var got []string
		for i, d := range ParseYAML("s", []byte(text)) {
			if d.Index != i {
				t.Errorf("%q: document %d has index %d", text, i, d.Index)
			}
			if d.Err != nil {
				got = append(got, fmt.Sprintf("%d@%d %v", i, d.Line, d.Err))
			} else {
				got = append(got, fmt.Sprintf("%d@%d %v", i, d.Line, d.Value))
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%q\ngot  %s\nwant %s", text, strings.Join(got, "; "), want)
		}
	}
}

func TestYAMLErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"x: 1\na: \tb: c\n":                     `2:6: ":" cannot stand here; put the text around it in quotes, or mend the indentation`,
		"x: 1\ny: @foo\n":                       `2:4: a value cannot start with '@'; put it in quotes`,
		"y: `x`\n":                              "1:4: a value cannot start with '`'; put it in quotes",
		"y: %x\n":                               `1:4: a value cannot start with '%'; put it in quotes`,
		"x: 1\na:\n\t- b\n":                     `3:1: a tab cannot indent; use spaces`,
		"z: 1\nk: {a: b\n":                      `2:4: this "{" is never closed`,
		"z: 1\nk: \"abc\nd: e\n":                `2:4: this quote is never closed`,
		"z: 1\na: b: c\n":                       `2:5: ":" cannot stand here; put the text around it in quotes, or mend the indentation`,
		"z: 1\nb\nc: 2\n":                       `2:1: this is no "key: value"; add the ":", or mend the indentation or quotes above`,
		"z:\n- a\nb: c\n- d\n":                  `4:1: this does not fit the mapping above; mend the indentation, or the quotes of this line`,
		"b: *y\n":                               `1:4: alias *y has no anchor &y before it`,
		"z: 1\nkey: [1, 2\nother: 3\nmore: 4\n": `2:6: this "[" is never closed`,
		"a: ['x' 'y']\n":                        `1:12: expected "," or "]" to go on with the "[" above`,
		"z: 1\na:\n  b: 1\n c: 2\n":             `4:2: this does not fit the mapping above; mend the indentation, or the quotes of this line`,
		"a: 'it's'\n":                           `1:1: this does not fit the mapping above; mend the indentation, or the quotes of this line`,
		"a: \"\\q\"\n":                          `1:5: unknown escape in double quotes; write \\ for a backslash, or use single quotes`,
		"- a: b\n c: d\n":                       `2:2: this does not fit the list above; mend the indentation`,
		"a: - b\n":                              `1:4: a list cannot start here; put its "-" on a line of its own`,
		"a: |x\n b\n":                           `1:4: only a comment may follow here; the text starts on the next line`,
		"a: \x01\n":                             `1:4: control characters are not allowed; write them as escapes in double quotes`,
		"a: ]\n":                                `1:4: ']' cannot stand here; put it in quotes`,
		"%YAML 2.0\n---\na: 1\n":                `1:1: this version of YAML is not known; want 1.2`,
		"a: 1\nb: 2\na: 3\n":                    `3:1: key "a" is here twice; the first one is on line 1`,
		"a: 1\n'a': 3\n":                        `2:1: key "a" is here twice; the first one is on line 1`,
		"x: {1: a, '1': b}\n":                   `1:11: key "1" is here twice; the first one is on line 1`,
		"a: &x [*x]\n":                          `1:8: alias *x contains itself`,
		"a:\n  <<: 5\n":                         `2:7: "<<" merges mappings; this is none`,
		"a: !!int x\n":                          `1:4: "x" is not a !!int`,
		"a: \xff\n":                             `1:4: byte 0xff is not UTF-8; save the file as UTF-8`,
		"é: 1\nü: \xe9\n":                       `2:4: byte 0xe9 is not UTF-8; save the file as UTF-8`,
		"\xff\xfea\x00":                         `1:1: file is UTF-16; save it as UTF-8`,
		strings.Repeat("[", 300):                `1:300: this "[" is never closed`,
		strings.Repeat("{a: ", 250) + strings.Repeat("}", 250): `1:805: nested more than 200 levels deep`,
	} {
		docs := ParseYAML("f", []byte(text))
		if len(docs) != 1 || docs[0].Err == nil {
			t.Errorf("%q: no error", text)
			continue
		}
		if got := docs[0].Err.Error(); got != "f:"+want {
			t.Errorf("%.60q\ngot  %s\nwant f:%s", text, got, want)
		}
		if docs[0].Value != nil {
			t.Errorf("%.60q: a value beside the error", text)
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	docs := ParseYAML("f", make([]byte, MaxBytes+1))
	if len(docs) != 1 || docs[0].Err == nil || !strings.Contains(docs[0].Err.Error(), "at most 5242880 are read") {
		t.Errorf("got %v", docs)
	}
}

func TestTooManyDocuments(t *testing.T) {
	t.Parallel()
	docs := ParseYAML("f", []byte(strings.Repeat("---\n", MaxDocuments+5)))
	last := docs[len(docs)-1]
	if len(docs) != MaxDocuments+1 || last.Err == nil || last.Err.Line != MaxDocuments+1 {
		t.Errorf("%d documents, the last is %+v", len(docs), last)
	}
}

// TestAliasBomb would need 10^9 values.
func TestAliasBomb(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	docs := ParseYAML("f", []byte(b.String()))
	if err := docs[0].Err; err == nil || !strings.Contains(err.Error(), "aliases expand to more than 100000 values") {
		t.Errorf("got %v", err)
	}
}

// TestHostileSizes wants an answer about files made to be slow, in a time that no quadratic algorithm needs.
func TestHostileSizes(t *testing.T) {
	t.Parallel()
	const n = 50_000
	for name, text := range map[string]string{
		"comments": strings.Repeat("#\n", n), "open brackets": strings.Repeat("[", n), "open braces": strings.Repeat("{", n),
		"dashes": strings.Repeat("- ", n), "questions": strings.Repeat("? ", n), "markers": strings.Repeat("---\n", n), "keys": strings.Repeat("a: ", n),
		"anchors": strings.Repeat("&a ", n), "quotes": strings.Repeat("'", n), "colons": strings.Repeat(":", n), "blank": strings.Repeat(" \n", n),
		"items": "a:\n" + strings.Repeat("- b\n", n), "equal keys": strings.Repeat("a: b\n", n), "literal": "a: |\n" + strings.Repeat("  b\n", n) + "c: >\n  d\n",
		"carriage returns": strings.Repeat("a\r", n), "commented items": strings.Repeat("- a # b\n# c\n", n) + "- >\n  x\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			done := make(chan int, 1)
			go func() { done <- len(ParseYAML("f", []byte(text))) }()
			select {
			case <-done:
			case <-time.After(5 * time.Minute):
				t.Error("no answer after 5 minutes")
			}
		})
	}
}

func TestPosition(t *testing.T) {
	t.Parallel()
	const text = "a: 1\nb:\n  - x: é\n    \"y/z~\": [1, {q: 2}]\n  - # c\nc: &a\n  d: 5\ne: *a\n"
	docs := ParseYAML("f", []byte("# c\n---\n"+text))
	if len(docs) != 1 || docs[0].Err != nil {
		t.Fatal(docs[0].Err)
	}
	want := map[string]Position{
		"": {3, 1}, "/a": {3, 1}, "/b": {4, 1}, "/b/0": {5, 5}, "/b/0/x": {5, 5}, "/b/0/y~1z~0": {6, 5}, "/b/0/y~1z~0/0": {6, 14}, "/b/0/y~1z~0/1": {6, 17},
		"/b/0/y~1z~0/1/q": {6, 18}, "/b/1": {7, 4}, "/c": {8, 1}, "/c/d": {9, 3}, "/e": {10, 1}, "/e/d": {9, 3},
	}
	if got := docs[0].Positions(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for pointer, p := range want {
		if line, column := docs[0].Position(pointer); line != p.Line || column != p.Column {
			t.Errorf("Position(%q) = %d:%d, want %v", pointer, line, column, p)
		}
	}
	if line, column := docs[0].Position("/b/0/none/deeper"); line != 5 || column != 5 {
		t.Errorf("a pointer to nothing is at %d:%d, want its nearest parent", line, column)
	}
}

func FuzzParseYAML(f *testing.F) {
	for _, s := range []string{fmt.Sprintf(deployment, 1, 2), "a: &x [1]\nb: *x\n---\n<<: {c: d}\n", "- |\n  x\n- >\n  y\n", "{\"a\": \"\\u0041\"}", "a: 'b\n  c'\r\n? d\n: e\n", "%TAG ! x\n--- !y\n...\n", "a: [\n", "#\n- #\n#"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for i, d := range ParseYAML("f", data) {
			if d.Index != i || d.Line < 1 {
				t.Fatalf("document %d has index %d, line %d", i, d.Index, d.Line)
			}
			if d.Err != nil {
				if d.Value != nil || d.Err.Message == "" || d.Err.Line < 0 {
					t.Fatalf("bad error document: %+v", d)
				}
				continue
			}
			if _, err := json.Marshal(d.Value); err != nil {
				t.Fatalf("a value that JSON cannot hold: %v", err)
			}
			for pointer, p := range d.Positions() {
				if p.Line < 1 || p.Column < 1 {
					t.Fatalf("%q stands at %v", pointer, p)
				}
			}
		}
	})
}
