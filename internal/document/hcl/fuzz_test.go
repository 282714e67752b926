package hcl

import (
	"testing"

	"github.com/adamant-os/adamant/internal/document/format/formattest"
)

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "resource \"a\" \"b\" {\n  c = [1, {d = \"x${y}\"}]\n}\n", "a = <<-E\n  %{if x}y%{endif}\n  E\n", "a = -1e9\n", "a = (b)[*].c\n",
		"x \"l\" {}\nx {}\n", "a = \"\\u00e9${\"b\"}\"\n", "a {\n b = c ? d : e\n}\n", "a = {(b) = 1, c.d = 2}\n", "\r\n<<E\nE")
}
