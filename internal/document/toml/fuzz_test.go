package toml

import (
	"testing"

	"github.com/adamant-os/adamant/internal/document/format/formattest"
)

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a=1\n[b.c]\nd=[1,{e=2}]\n[[f]]\ng=1\n[[f]]\n[f.h]\ni=1\n", "a=2026-01-02T03:04:05Z\n", "a='''\n", "[a]\n[a.b]\n[[a.c]]\n", "a.b.c=1\r\n")
}
