package build

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/adamant-os/adamant/internal/manifest"
)

// BenchmarkGo compares a build as this package makes it with go build alone. Both have the standard library compiled and nothing else;
// the program has a hundred packages of its own.
func BenchmarkGo(b *testing.B) {
	files := map[string]string{"go.mod": "module example.com/sample\n\ngo 1.26\n"}
	var imports, calls strings.Builder
	for n := range 100 {
		var text strings.Builder
		fmt.Fprintf(&text, "package p%d\n\nimport (\n\t\"encoding/json\"\n\t\"fmt\"\n\t\"strings\"\n)\n\n", n)
		for f := range 30 {
			fmt.Fprintf(&text, "// F%[1]d says it.\nfunc F%[1]d(m map[string]int) string {\n\tvar s []string\n\tfor k, v := range m {\n\t\tif v > %[1]d {\n\t\t\ts = append(s, fmt.Sprint(k, v))\n\t\t}\n\t}\n\ttext, err := json.Marshal(s)\n\tif err != nil {\n\t\treturn err.Error()\n\t}\n\treturn strings.ToUpper(string(text))\n}\n\n", f)
		}
		files[fmt.Sprintf("p%d/p.go", n)] = text.String()
		fmt.Fprintf(&imports, "\t\"example.com/sample/p%d\"\n", n)
		fmt.Fprintf(&calls, "\tprintln(p%d.F1(nil))\n", n)
	}
	files["main.go"] = "package main\n\nimport (\n" + imports.String() + "\t\"net/http\"\n)\n\nfunc main() {\n" + calls.String() + "\tprintln(http.StatusOK)\n}\n"
	p := newProject(b, files, nil)
	target := manifest.Build{Name: "sample", Kind: "go"}
	record, _ := p.mustBuild(b, target) // fills the cache
	b.Run("hermetic", func(b *testing.B) {
		defer processor(b)()
		for b.Loop() {
			if again, _ := p.mustBuild(b, target); again.Artifacts[0].SHA256 != record.Artifacts[0].SHA256 {
				b.Fatal("another program")
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		caches, err := filepath.Glob(filepath.Join(p.options.Dir, "cache", "go-std-"+strings.TrimPrefix(record.Caches[0].Key, "sha256:")))
		if err != nil || len(caches) != 1 {
			b.Fatal(caches, err)
		}
		defer processor(b)()
		for b.Loop() {
			b.StopTimer()
			cache, out := filepath.Join(b.TempDir(), "cache"), b.TempDir()
			if err := os.CopyFS(cache, os.DirFS(caches[0])); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			argv := goCommand([]string{"."})
			argv[len(argv)-2] = out + "/"
			cmd := exec.Command(argv[0], argv[1:]...)
			cmd.Dir = p.repo.Root()
			cmd.Env = append(list(goEnvironment(must(Complete(target)))), "GOCACHE="+cache, "HOME="+out, "PATH="+systemPath)
			if text, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, text)
			}
			if digest, err := fileDigest(filepath.Join(out, "sample")); err != nil || digest != record.Artifacts[0].SHA256 {
				b.Fatalf("another program %v", err)
			}
		}
	})
}

// processor reports the processor time of what was started meanwhile: the machine's load does not change that as much.
func processor(b *testing.B) func() {
	used := func() time.Duration {
		var r unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &r); err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64((used()-before).Milliseconds())/float64(b.N), "cpu-ms/op") }
}
