package policy

import (
	"testing"

	"github.com/adamant-os/adamant/internal/leaktest"
)

// TestMain fails when an evaluation or a test run leaves a goroutine behind, at a deadline too.
func TestMain(m *testing.M) { leaktest.Main(m) }
