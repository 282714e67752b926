package gate

import (
	"encoding/json"
	"flag"
	"reflect"
	"testing"

	generator "github.com/google/jsonschema-go/jsonschema"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest/schematest"
	"github.com/adamant-os/adamant/internal/risk"
)

var update = flag.Bool("update", false, "write the schemas of the gate's documents")

// documents are what the gate reads and writes. internal/judge validates real ones.
var documents = map[string]reflect.Type{
	"Input": reflect.TypeFor[facts.Input](), "Assessment": reflect.TypeFor[Assessment](), "Verdict": reflect.TypeFor[Verdict](),
	"Approval": reflect.TypeFor[Statement](),
}

// values are the texts that a field may hold, by type and field.
var values = map[string][]string{
	"facts.Input.APIVersion": {facts.APIVersion}, "gate.Assessment.APIVersion": {AssessmentVersion}, "gate.Verdict.APIVersion": {VerdictVersion},
	"gate.Statement.APIVersion": {StatementVersion}, "gate.Approval.Method": {MethodSSH, MethodSK, MethodWebAuthn, MethodTOTP},
	"gate.Verdict.Decision": {Allow, Hold, Deny}, "gate.Reason.Effect": {Hold, Deny}, "gate.Merge.Mode": {ModeAuto, ModeSoak, ModeManual, ModeManualMFA, ModeNone},
	"facts.Policy.Delta": {facts.PolicyTightened, facts.PolicyWeakened},
}

// TestSchemasAreCurrent makes the schemas anew from the Go types and their comments.
func TestSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	schematest.Current(t, documents, schematest.Options{Update: *update, Values: values, Types: map[reflect.Type]*generator.Schema{
		reflect.TypeFor[risk.Level]():      {Type: "string", Enum: []any{"trivial", "low", "medium", "high", "critical"}},
		reflect.TypeFor[json.RawMessage](): {},
	}})
}
