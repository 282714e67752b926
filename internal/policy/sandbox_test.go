package policy

import (
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// What is taken away is a decision: a new version of OPA that brings another such function must be looked at.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	var removed []string
	kept := map[string]bool{}
	caps := capabilities()
	for _, b := range caps.Builtins {
		kept[b.Name] = true
	}
	for _, b := range ast.CapabilitiesForThisVersion().Builtins {
		if !kept[b.Name] {
			removed = append(removed, b.Name)
		}
		if b.Nondeterministic && kept[b.Name] && b.Name != "time.now_ns" {
			t.Errorf("%s is there and not deterministic", b.Name)
		}
	}
	slices.Sort(removed)
	want := []string{"http.send", "io.jwt.decode_verify", "io.jwt.encode_sign", "io.jwt.encode_sign_raw", "json.match_schema",
		"json.verify_schema", "net.lookup_ip_addr", "opa.runtime", "providers.aws.sign_req", "rand.intn", "uuid.parse", "uuid.rfc4122"}
	if !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	if caps.AllowNet == nil || len(caps.AllowNet) != 0 {
		t.Errorf("schemas may be fetched from %v", caps.AllowNet)
	}
}
