package json

import (
	"testing"

	"github.com/adamant-os/adamant/internal/document/format/formattest"
)

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, `{"a":[1,2.5,"x",null,true]}`, "{// c\n\"a\":1,}", `{"a":1,"a":2}`, `[`, `"\ud800"`, "1e999", "/*")
}
