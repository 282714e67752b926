package judge

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/manifest/schematest"
)

// What the gate writes is valid against the schemas it ships, by another implementation of JSON Schema.
func TestDocumentsAreValid(t *testing.T) {
	t.Parallel()
	changes := map[string]func(r *gittest.Repo){
		"nothing": func(*gittest.Repo) {},
		"much": func(r *gittest.Repo) {
			r.Write("app.json", debt)
			r.Write("src/sum.test.js", "test.skip('sums', () => {});\n")
			r.Write("src/login.js", "import jwt from 'jsonwebtoken';\nexport const key = '"+agentKey+"'; // eslint-disable-line\n")
			r.Write("package.json", "{\"dependencies\": {\"a\": \"2.0.0\"}}\n")
			r.Write("logo.png", "\x00")
			r.Write("core/engine.js", "export function run(a) {\n  return a + 2;\n}\n")
			r.Write("catalog-info.yaml", strings.Replace(coreEntity, "critical", "low", 1))
			r.Write("deploy/app.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: x, securityContext: {privileged: true}}]}\n")
			r.Git("mv", "infra/main.tf", "infra/other.tf")
			linked("README.md", "src/sum.js")(r)
			r.Commit("first\n\nAgent: coder\nModel: m\nTask: t")
			r.Write("src/login.js", "export const key = 1;\n")
		},
		"policy": func(r *gittest.Repo) { r.Remove(debtsRego) },
		"conflict": func(r *gittest.Repo) {
			r.Write("README.md", "# One\n")
			r.Commit("one")
			r.Git("switch", "-q", "main")
			r.Write("README.md", "# Two\n")
			r.Commit("two")
			r.Git("switch", "-q", "feature")
		},
	}
	for name, edit := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := victim(t)
			r.Branch("feature")
			edit(r)
			r.Commit("last")
			report := filepath.Join(t.TempDir(), "junit.xml")
			if err := os.WriteFile(report, []byte(`<testsuite tests="2"><testcase classname="a" name="b"/><testcase classname="a" name="c"><failure/></testcase></testsuite>`), 0o600); err != nil {
				t.Fatal(err)
			}
			evidence := []string{"junit=" + report}
			if name == "nothing" {
				evidence = nil
			}
			got := hearing(t, r, Request{Base: "main", Head: "feature", Evidence: evidence})
			input, err := manifest.CanonicalDocument(got.Input)
			if err != nil {
				t.Fatal(err)
			}
			wantValid(t, "Input", input)
			for kind, document := range map[string]any{"Verdict": got.Verdict, "Assessment": got.Verdict.Assessment} {
				data, err := manifest.CanonicalJSON(document)
				if err != nil {
					t.Fatal(err)
				}
				wantValid(t, kind, data)
				wantInvalid(t, kind, bytes.Replace(data, []byte(`"apiVersion":"`), []byte(`"apiVersion":"x`), 1))
			}
			wantInvalid(t, "Input", bytes.Replace(input, []byte(`"now"`), []byte(`"then"`), 1))
			if got.Input.APIVersion != facts.APIVersion {
				t.Error("no input document")
			}
		})
	}
}

func wantValid(t *testing.T, kind string, document []byte) {
	t.Helper()
	if err := schematest.Validate(t, kind, document); err != nil {
		t.Errorf("the %s is not valid: %v\n%.2000s", kind, err, document)
	}
}

func wantInvalid(t *testing.T, kind string, document []byte) {
	t.Helper()
	if schematest.Validate(t, kind, document) == nil {
		t.Errorf("a broken %s is valid", kind)
	}
}
