package terraform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

// show writes what was extracted, one thing a line.
func show(f *imports.File) string {
	var out []string
	for _, i := range f.Imports {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", i.Line, i.Kind, i.Specifier, i.Exotic)))
	}
	for _, line := range f.Open {
		out = append(out, fmt.Sprintf("%d open", line))
	}
	if f.Problem != "" {
		out = append(out, fmt.Sprintf("%d %s", f.Line, f.Problem))
	}
	return strings.Join(out, "\n")
}

func TestExtract(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ src, want string }{
		"modules":   {"# c\nmodule \"a\" {\n  count = 1\n  source = \"./b\" // d\n  source_x = \"e\"\n  inner { source = \"no\" }\n}\nmodule f { source = \"g/h/i\" }\nresource \"x\" \"y\" {\n  source = \"no\"\n}\n", "4 module ./b\n8 module g/h/i"},
		"computed":  {"module \"a\" {\n  source = \"./${var.b}\"\n}\n", "2 open"},
		"providers": {"terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n    }\n    x = { source = \"y/z\", version = \"1\" }\n  }\n}\n", "4 static hashicorp/aws provider\n6 static y/z provider"},
		"state":     {"data \"terraform_remote_state\" \"net\" {\n  backend = \"s3\"\n  config = {\n    bucket = \"b\"\n    key = \"net/state\"\n  }\n}\ndata \"terraform_remote_state\" \"x\" {}\n", "1 reference net/state state\n8 reference unknown state"},
		"files":     {"x = file(\"a.txt\")\ny {\n  z = base64encode(templatefile(\"${path.module}/b.tpl\", { c = file(\"${path.root}/d\") }))\n  e = file(var.f)\n  g = file(\"${var.h}/i\")\n  j = fileset(path.module, \"*\")\n k = file(\"/etc/passwd\")\n l = \"${file(\"m\")}\"\n}\n", "1 embed a.txt\n3 embed b.tpl module\n3 embed d root\n8 embed m\n4 open\n5 open\n6 open"},
		"heredoc":   {"a = <<EOT\nmodule \"no\" {\n source = \"./no\"\n}\nEOT\nmodule \"b\" {\n  source = \"./c\"\n}\n", "7 module ./c"},
		"tests":     {"run \"a\" {\n  module {\n    source = \"./b\"\n  }\n}\n", "3 module ./b"},
		"grunt":     {"terraform {\n  source = \"../m//sub\"\n}\ndependency \"a\" {\n  config_path = \"../a\"\n}\n", "2 module ../m//sub\n5 module ../a"},
		"crlf":      {"\xef\xbb\xbfmodule \"a\" {\r\n  source = \"./b\"\r\n}\r\n", "2 module ./b"},
		"json":      {"{\n \"module\": {\n  \"a\": {\n   \"source\": \"./b\"},\n  \"c\": [{\"source\": \"d\"}]\n }}", "4 module ./b\n5 module d"},
		"bad json":  {"{\n \"module\": {", "2 the file ends before '}'"},
		"bad":       {"module \"a\" {\n  source = \"./b\"\n}\nx = \"open\n", "2 module ./b\n4 it cannot be understood"},
		"closed":    {"}}}\nmodule \"a\" { source = \"./b\" }", "2 module ./b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := show(Extract([]byte(tt.src))); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestExtractHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	importstest.Fast(t, map[string]string{
		"blocks":    strings.Repeat("a {", n),
		"objects":   strings.Repeat("a = {", n),
		"templates": strings.Repeat("\"${", n),
		"calls":     strings.Repeat("file(", n),
		"heredocs":  strings.Repeat("<<A\n", n),
		"json":      strings.Repeat("{\"module\":", n),
		"one line":  strings.Repeat("module \"a\" { source = \"./b\" }", 60_000),
		"large":     strings.Repeat("x", maxBytes+1),
		"nul":       strings.Repeat("\x00", n),
		"utf-16":    "\xff\xfem\x00o\x00",
	}, Extract)
}

func FuzzExtract(f *testing.F) {
	importstest.Fuzz(f, Extract, "module \"a\" { source = \"./b\" }\nx = file(\"${path.module}/c\")\ndata \"terraform_remote_state\" \"d\" { config = { key = \"e\" } }", "{\"module\": {\"a\": {\"source\": \"b\"}}}")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	r, _ := newResolver(importstest.Of(importstest.Listed("env/prod/main.tf", "env/prod/user.tpl", "grunt/terragrunt.hcl", "modules/net/main.tf.json", "scripts/a.sh"), Language()))
	for _, tt := range []struct {
		imp  imports.Import
		want string
	}{
		{imports.Import{Specifier: "../../modules/net", Kind: imports.Module}, "terraform:modules/net"},
		{imports.Import{Specifier: "../../modules//net", Kind: imports.Module}, "terraform:modules/net"},
		{imports.Import{Specifier: `..\..\modules\net`, Kind: imports.Module}, "terraform:modules/net"},
		{imports.Import{Specifier: "../../grunt", Kind: imports.Module}, "grunt/terragrunt.hcl"},
		{imports.Import{Specifier: "../nowhere", Kind: imports.Module}, ""},
		{imports.Import{Specifier: "../../../../out", Kind: imports.Module}, ""},
		{imports.Import{Specifier: "git::https://example.org/a.git?ref=v1", Kind: imports.Module}, "terraform:git::https://example.org/a.git"},
		{imports.Import{Specifier: "user.tpl", Kind: imports.Embed, Exotic: inModule}, "env/prod/user.tpl"},
		{imports.Import{Specifier: "scripts/a.sh", Kind: imports.Embed}, "scripts/a.sh"},
		{imports.Import{Specifier: "scripts/a.sh", Kind: imports.Embed, Exotic: inModule}, ""},
		{imports.Import{Specifier: "hashicorp/aws", Exotic: provider}, "terraform-provider:hashicorp/aws"},
		{imports.Import{Specifier: "k", Kind: imports.Reference, Exotic: state}, "terraform-state:k"},
	} {
		got := ""
		for _, to := range r.Resolve("env/prod/main.tf", nil, &tt.imp) {
			got += to.Path + to.Package + to.External
		}
		if got != tt.want {
			t.Errorf("%s leads to %q, want %q", tt.imp.Specifier, got, tt.want)
		}
	}
}

func TestPackageOf(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]string{"a/main.tf": "terraform:a true", "a/b.tf.json": "terraform:a true", "a/c.tftest.hcl": "terraform:a false",
		"a/tests/d.tftest.hcl": "terraform:a false", "a/terragrunt.hcl": " false"} {
		name, member := packageOf(p, nil)
		if got := fmt.Sprintf("%s %v", name, member); got != want {
			t.Errorf("%s is of %s, want %s", p, got, want)
		}
	}
}
