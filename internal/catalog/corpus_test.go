package catalog

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const corpus = "../../../shared/corpus/catalog"

// TestCorpus compares our verdicts with those of Backstage's own package on documents of real repositories and mutants of
// them.
func TestCorpus(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(corpus); err != nil {
		t.Logf("LEFT OUT: no corpus at %s, so nothing was compared with Backstage's verdicts", corpus)
		return
	}
	total, equal := 0, 0
	for _, set := range []string{"real", "mutants"} {
		for _, want := range readTSV(t, filepath.Join(corpus, "verdicts-"+set+".tsv")) {
			total++
			if got := verdictOn(t, filepath.Join(corpus, set, want[0]), want[1]); got.Verdict == want[3] && got.Kind == want[2] {
				equal++
			} else {
				t.Errorf("%s#%s: got %s %s (%s), want %s %s (%s)", want[0], want[1], got.Kind, got.Verdict, got.Message, want[2], want[3], want[4])
			}
		}
	}
	t.Logf("%d of %d verdicts equal", equal, total)
	if total < 412 {
		t.Errorf("corpus has %d documents, want at least 412", total)
	}
}

func verdictOn(t *testing.T, file, index string) Verdict {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range Validate(file, data) {
		if strconv.Itoa(v.Document) == index {
			return v
		}
	}
	return Verdict{Message: "no such document"}
}

func readTSV(t *testing.T, file string) [][]string {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(data)) {
		rows = append(rows, append(strings.Split(strings.TrimSuffix(line, "\n"), "\t"), "", "", ""))
	}
	return rows
}
