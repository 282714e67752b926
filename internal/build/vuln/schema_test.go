package vuln

import (
	"encoding/json"
	"flag"
	"reflect"
	"testing"

	generator "github.com/google/jsonschema-go/jsonschema"

	"github.com/adamant-os/adamant/internal/manifest/schematest"
)

var update = flag.Bool("update", false, "write the schema of a report")

// TestSchemaIsCurrent makes the schema of https://adamant.dev/vulnerabilities/v1 from its type, and holds a report to it.
func TestSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	status := &generator.Schema{Type: "string"}
	for _, s := range []Status{Affected, NotAffected, Fixed, UnderInvestigation, Unknown} {
		status.Enum = append(status.Enum, string(s))
	}
	const kind = "VulnerabilitiesPredicate"
	schematest.Current(t, map[string]reflect.Type{kind: reflect.TypeFor[Report]()},
		schematest.Options{Update: *update, Types: map[reflect.Type]*generator.Schema{reflect.TypeFor[Status](): status}})
	yes := true
	report := Report{Database: "sha256:00", Newest: "2026-11-01T00:00:00Z", Missing: []string{"npm"}, Findings: []Finding{{ID: "GO-1", Package: "pkg:golang/x@1", Status: Affected, Reached: &yes}}}
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Validate(t, kind, text); err != nil {
		t.Error(err)
	}
	report.Findings[0].Status = "perhaps"
	if text, err = json.Marshal(report); err != nil || schematest.Validate(t, kind, text) == nil {
		t.Errorf("a status that nobody knows fits (%v)", err)
	}
}
