package policy

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when an evaluation or a test run leaves a goroutine behind, at a deadline too.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
