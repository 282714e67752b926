package source

import (
	"bytes"
	"strings"
)

// leftOut says why the runner leaves out the tests of a file, or runs them only somewhere: by its name, its folder or a
// constraint at its top. It is empty when it does not.
func leftOut(a *Analysis, path string) string {
	if a.Class != ClassTest {
		return ""
	}
	f := newFile(path)
	switch a.Language {
	case "go":
		return goLeftOut(&f, a.data)
	case "python":
		if !strings.HasPrefix(f.name, "test") && !strings.HasSuffix(strings.TrimSuffix(f.name, ".py"), "test") && !strings.HasSuffix(strings.TrimSuffix(f.name, ".py"), "tests") {
			return "the file's name is none that tests are collected from"
		}
	}
	return ""
}

func goLeftOut(f *file, data []byte) string {
	switch {
	case !strings.HasSuffix(f.name, "_test.go"):
		return "the file's name does not end in _test.go"
	case f.name[0] == '_' || f.name[0] == '.' || f.in("testdata"):
		return "the go command passes over the file"
	}
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		switch {
		case bytes.HasPrefix(line, []byte("//go:build ")), bytes.HasPrefix(line, []byte("// +build ")):
			return string(line)
		case len(line) > 0 && !bytes.HasPrefix(line, []byte("//")):
			return goPlatform(f.name)
		}
	}
	return goPlatform(f.name)
}

// goPlatform is the constraint that a file's name makes.
func goPlatform(name string) string {
	parts := strings.Split(strings.TrimSuffix(name, "_test.go"), "_")
	var targets []string
	for i := max(1, len(parts)-2); i < len(parts); i++ {
		if goTarget(parts[i]) {
			targets = append(targets, parts[i])
		}
	}
	if targets == nil {
		return ""
	}
	return "runs on " + strings.Join(targets, " ") + " alone"
}

// goTarget knows the operating systems and processors of the go command.
func goTarget(word string) bool {
	switch word {
	case "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows",
		"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm":
		return true
	}
	return false
}

// nowLeftOut is the mark of tests that ran before and are left out now.
func nowLeftOut(before, after *Analysis) []Mark {
	if len(before.tests) == 0 || after.leftOut == "" || before.leftOut == after.leftOut {
		return nil
	}
	return []Mark{{Line: 1, Text: clip(after.leftOut)}}
}

// atOnce says that the body that opens at token i returns before it does anything.
func (v *view) atOnce(i int) bool {
	return v.is(i+1, "return") && (v.is(i+2, "}") || v.is(i+2, ";") || i+2 < len(v.tokens) && v.tokens[i+2].flags&flagNewline != 0)
}
