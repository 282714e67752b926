package terraform

import (
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	importstest.Suite(t, []imports.Language{Language()}, map[string]string{
		"a/main.tf":        "module \"m\" {\n  source = \"../b\"\n}\nlocals {\n  x = file(\"x.txt\")\n}\nterraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\" }\n  }\n}\n",
		"a/x.txt":          "x",
		"b/main.tf.json":   "{\"module\": {\"r\": {\"source\": \"../c\"}}}",
		"c/terragrunt.hcl": "terraform {\n  source = \"../b\"\n}\n",
		"b/x.tftest.hcl":   "run \"a\" {\n  module {\n    source = \"./none\"\n  }\n}\n",
	})
}
