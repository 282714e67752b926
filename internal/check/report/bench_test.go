package report

import (
	"bytes"
	"fmt"
	"testing"
)

// bigStream is go test -json of about 50 MB: 100 packages with 600 tests each, a few lines of output for every test.
func bigStream() []byte {
	var b bytes.Buffer
	event := func(action, pkg, test, output string) {
		fmt.Fprintf(&b, `{"Time":"2026-11-22T22:29:53.133095871Z","Action":%q,"Package":"example.test/shop/internal/package%s"`, action, pkg)
		if test != "" {
			fmt.Fprintf(&b, `,"Test":%q`, test)
		}
		if output != "" {
			fmt.Fprintf(&b, `,"Output":%q`, output)
		}
		b.WriteString("}\n")
	}
	for p := range 100 {
		pkg := fmt.Sprint(p)
		event("start", pkg, "", "")
		for i := range 600 {
			test := fmt.Sprintf("TestThing/case_%d", i)
			event("run", pkg, test, "")
			event("output", pkg, test, "=== RUN   "+test+"\n")
			event("output", pkg, test, "    thing_test.go:12: reading \"a\" and \"b\"\n")
			event("output", pkg, test, "--- PASS: "+test+" (0.00s)\n")
			event("pass", pkg, test, "")
		}
		event("pass", pkg, "TestThing", "")
		event("pass", pkg, "", "")
	}
	return b.Bytes()
}

func BenchmarkGoTest50MB(b *testing.B) {
	data := bigStream()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := ReadTests("gotest", bytes.NewReader(data), shop())
		if err != nil || r.Passed != 60_000 {
			b.Fatal(r, err)
		}
	}
}

func BenchmarkGoCover(b *testing.B) {
	var data bytes.Buffer
	data.WriteString("mode: atomic\n")
	for i := range 200_000 {
		fmt.Fprintf(&data, "example.test/shop/internal/package%d/file.go:%d.20,%d.3 2 %d\n", i%200, i/200*3+1, i/200*3+4, i%3)
	}
	b.SetBytes(int64(data.Len()))
	for b.Loop() {
		if _, err := ReadCoverage("go-cover", bytes.NewReader(data.Bytes()), shop()); err != nil {
			b.Fatal(err)
		}
	}
}
