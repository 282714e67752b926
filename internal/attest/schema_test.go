package attest

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	generator "github.com/google/jsonschema-go/jsonschema"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/manifest/schematest"
	"github.com/adamant-os/adamant/internal/risk"
)

// TestSchemasAreCurrent makes the schemas of the gate's predicates from their types.
func TestSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	schematest.Current(t, map[string]reflect.Type{
		"GateDecisionPredicate": reflect.TypeFor[Decision](), "ApprovalPredicate": reflect.TypeFor[Approval](), "SourceSummaryPredicate": reflect.TypeFor[Summary](),
	}, schematest.Options{Update: *update, Values: map[string][]string{
		"attest.Verdict.Decision": {gate.Allow, gate.Hold, gate.Deny}, "attest.Verdict.Mode": {gate.ModeAuto, gate.ModeSoak, gate.ModeManual, gate.ModeManualMFA},
		"attest.Consent.Method": {gate.MethodSSH, gate.MethodSK, gate.MethodWebAuthn, gate.MethodTOTP}, "attest.Summary.VerificationResult": {"PASSED", "FAILED"},
	}, Types: map[reflect.Type]*generator.Schema{
		reflect.TypeFor[risk.Level]():      {Type: "string", Enum: []any{"trivial", "low", "medium", "high", "critical"}},
		reflect.TypeFor[json.RawMessage](): {},
	}})
}

// TestPredicatesFitTheirSchemas: what was made fits, and a field more or less does not. internal/daemon holds signed ones to them.
func TestPredicatesFitTheirSchemas(t *testing.T) {
	t.Parallel()
	for file, kind := range map[string]string{
		"approved-decision": "GateDecisionPredicate", "plain-decision": "GateDecisionPredicate", "approved-approval": "ApprovalPredicate",
		"approved-summary": "SourceSummaryPredicate", "plain-summary": "SourceSummaryPredicate",
	} {
		text, err := os.ReadFile("testdata/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		s, err := ParseStatement(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := schematest.Validate(t, kind, s.Predicate); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		more := append([]byte(`{"x":1,`), bytes.TrimPrefix(bytes.TrimSpace(s.Predicate), []byte("{"))...)
		if schematest.Validate(t, kind, more) == nil {
			t.Errorf("%s fits with a field that nobody knows", file)
		}
		var less map[string]any
		if err := json.Unmarshal(s.Predicate, &less); err != nil {
			t.Fatal(err)
		}
		for name := range less {
			if strings.Contains("repository verifier", name) {
				delete(less, name)
			}
		}
		if text, err := json.Marshal(less); err != nil || schematest.Validate(t, kind, text) == nil {
			t.Errorf("%s fits without saying whose it is (%v)", file, err)
		}
	}
}
