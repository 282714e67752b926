package yaml

import (
	"testing"

	"github.com/adamant-os/adamant/internal/document/format/formattest"
)

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a: 1\n---\nb: [x]\n", "apiVersion: v1\nkind: List\nitems:\n- a: 1\n", "a: &x [*x]\n", "\t", "\r0", "<<: {a: 1}\n")
}
