//go:build conformance

package mcp

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
)

// The public conformance suite (npm's @modelcontextprotocol/conformance) against our server, and beside our tools the two of the
// suite's own that any server of tools can offer. scripts/mcp-conformance.sh installs it and says where it is.
func TestConformance(t *testing.T) {
	node, suite := os.Getenv("ADAMANT_NODE"), os.Getenv("ADAMANT_MCP_CONFORMANCE")
	if node == "" || suite == "" {
		t.Fatal("run make test-mcp, which installs the suite")
	}
	s := server("v1", everything())
	offer(s, reads("test_simple_text", "Says something."), func(context.Context, struct{}) (Answer[taken], error) {
		return Answer[taken]{Text: "This is a simple text response for testing."}, nil
	})
	offer(s, reads("test_error_handling", "Fails."), func(context.Context, struct{}) (Answer[taken], error) {
		return Answer[taken]{}, errors.New("This tool intentionally returns an error for testing") //nolint:staticcheck // the suite's own words
	})
	web := httptest.NewServer(handler(s))
	defer web.Close()
	run := exec.CommandContext(t.Context(), node, suite, "server", "--url", web.URL+"/mcp", "--suite", "all", "--expected-failures", "testdata/conformance.yaml")
	out, err := run.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
