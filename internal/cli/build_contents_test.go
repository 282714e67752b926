package cli

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestSBOMLines: no line is wider than a terminal, and one part is one part.
func TestSBOMLines(t *testing.T) {
	t.Parallel()
	if have := sbomLines("dist/hello.cdx.json", 2, "known vulnerabilities: 1"); !slices.Equal(have, []string{"  SBOM: dist/hello.cdx.json (2 parts; known vulnerabilities: 1)"}) {
		t.Errorf("%q", have)
	}
	have := sbomLines("dist/hello.cdx.json", 1, "vulnerabilities not looked for: no OSV records in "+strings.Repeat("/folder", 9))
	for _, line := range have {
		if utf8.RuneCountInString(line) > 100 {
			t.Errorf("%q is too wide", line)
		}
	}
	if have[0] != "  SBOM: dist/hello.cdx.json (1 part)" || !strings.Contains(strings.Join(have, ""), "/folder/folder") {
		t.Errorf("%q", have)
	}
}
