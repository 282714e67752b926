package dotenv

import (
	"strings"
	"testing"
)

// TestLongValue takes minutes when a value is looked through again for each line.
func TestLongValue(t *testing.T) {
	t.Parallel()
	text := "A='" + strings.Repeat("\n", 1_000_000)
	if got := Parse(".env", []byte(text))[0]; !strings.Contains(got.Error, "not closed") {
		t.Errorf("open value: %q", got.Error)
	}
	if got := Parse(".env", []byte(text+"'"))[0]; got.Error != "" {
		t.Error(got.Error)
	}
}
