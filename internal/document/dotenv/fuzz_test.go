package dotenv

import (
	"testing"

	"github.com/adamant-os/adamant/internal/document/format/formattest"
)

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "A=1\nB='x\ny'\nexport C=\"\\\"\"\n", "A='", "=")
}
