package risk

import (
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/source"
)

// exports prices names that are gone or other in languages whose interfaces are not compared (interface.go has the others).
func (f *floor) exports(file *facts.File) {
	code := file.Code
	if code == nil || file.Class != source.ClassSource || f.compared[file.Path] {
		return
	}
	level, where := High, "public interface"
	if private(file.Path) {
		level, where = Medium, "interface inside the repository"
	}
	switch {
	case len(code.ExportsRemoved) > 0:
		f.add(level, "interface/exports", file.Path, 0, "%s: no longer has %s", where, list(code.ExportsRemoved))
	case len(code.ExportsChanged) > 0:
		f.add(level, "interface/exports", file.Path, 0, "%s: changes %s", where, list(code.ExportsChanged))
	}
}

// private reports whether nobody outside the repository can rely on what is exported there.
func private(path string) bool {
	for folder := range strings.SplitSeq(path, "/") {
		switch folder {
		case "internal", "cmd", "main.go", "examples", "example", "scripts", "tools", "hack", "bench", "benchmark", "benchmarks":
			return true
		}
	}
	return false
}

// tests looks for tests that say less than before, file by file: new tests elsewhere do not excuse what is gone here.
func (f *floor) tests() {
	for i := range f.in.Files {
		file := &f.in.Files[i]
		code := file.Code
		if code == nil {
			if file.Class == source.ClassTest && file.Status == "deleted" && file.Language != "" {
				f.add(Medium, "tests/deleted", file.Path, 0, "a file of the tests is gone")
			}
			continue
		}
		if code.TestsAfter < code.TestsBefore {
			f.add(High, "tests/removed", file.Path, 0, "%d tests instead of %d; gone: %s", code.TestsAfter, code.TestsBefore, list(code.TestsRemoved))
		} else if code.AssertsAfter < code.AssertsBefore {
			f.add(Medium, "tests/fewer-assertions", file.Path, 0, "%d assertions instead of %d", code.AssertsAfter, code.AssertsBefore)
		}
		f.silenced(file)
	}
}

// silenced finds tests that are still there and do nothing any more.
func (f *floor) silenced(file *facts.File) {
	if len(file.Code.TestsEmptied) > 0 {
		f.add(High, "tests/emptied", file.Path, 0, "tests that check nothing any more: %s", list(file.Code.TestsEmptied))
	}
	for _, mark := range file.Code.SkipsAdded {
		f.add(High, "tests/skipped", file.Path, mark.Line, "a test is skipped: %s", mark.Text)
	}
	for _, mark := range file.Code.SuppressionsAdded {
		f.add(Medium, "code/suppression", file.Path, mark.Line, "a rule is switched off here: %s", mark.Text)
	}
}
