package document

import (
	"encoding/json"
	"strings"
	"testing"
)

// show is what a policy would see of the documents, and how the lines of some pointers were read.
func show(t *testing.T, docs []Document) string {
	t.Helper()
	var b strings.Builder
	for _, d := range docs {
		value, err := json.Marshal(d.Value)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(d.Format + " " + d.Kind + " " + string(value))
		if d.Error != "" {
			b.WriteString(" error " + d.Error)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, path, text, want string }{
		{"no format", "a.go", "package a", ""},
		{"lock file", "package-lock.json", "{}", ""},
		{"chart template", "charts/a/templates/x.yaml", "a: {{ .Values.a }}", ""},
		{"braces in a comment", "templates/x.yaml", "apiVersion: v1\nkind: Pod # {{ x }}\n", "yaml kubernetes {\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n"},
		{"an object beside a template", "templates/x.yaml", "apiVersion: v1\nkind: Pod\n---\na: {{ .x }}\n", "yaml kubernetes {\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n"},
		{"template of an object", "templates/x.yaml", "apiVersion: v1\nkind: Pod\n{{- if .x }}\na: b\n{{- end }}\n", ""},
		{"plain file in templates", "templates/x.yaml", "a: 1", "yaml  {\"a\":1}\n"},
		{"yaml stream", "a.yaml", "a: 1\n---\n---\nb: [x, true]\n", "yaml  {\"a\":1}\nyaml  {\"b\":[\"x\",true]}\n"},
		{"workflow", ".github/workflows/ci.yml", "on: push\n", "yaml github-workflow {\"on\":\"push\"}\n"},
		{"action", "tools/action.yml", "runs: {using: composite}\n", "yaml github-action {\"runs\":{\"using\":\"composite\"}}\n"},
		{"compose", "docker-compose.prod.yaml", "services: {}\n", "yaml compose {\"services\":{}}\n"},
		{"kubernetes", "k.yaml", "apiVersion: v1\nkind: Pod\n", "yaml kubernetes {\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n"},
		{"kubernetes in json", "k.json", `{"apiVersion":"v1","kind":"Pod"}`, "json kubernetes {\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n"},
		{"catalog", "c.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\n",
			"yaml catalog {\"apiVersion\":\"backstage.io/v1alpha1\",\"kind\":\"Component\"}\n"},
		{"adamant", ".adamant/adamant.yaml", "apiVersion: adamant.dev/v1\nkind: Repository\n",
			"yaml adamant {\"apiVersion\":\"adamant.dev/v1\",\"kind\":\"Repository\"}\n"},
		{"list", "l.yaml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- {apiVersion: v1, kind: Secret}\n",
			"yaml kubernetes {\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\nyaml kubernetes {\"apiVersion\":\"v1\",\"kind\":\"Secret\"}\n"},
		{"empty list", "l.yaml", "apiVersion: v1\nkind: List\nitems: []\n",
			"yaml kubernetes {\"apiVersion\":\"v1\",\"items\":[],\"kind\":\"List\"}\n"},
		{"plan", "plan.json", `{"format_version":"1.2","resource_changes":[]}`,
			"json terraform-plan {\"format_version\":\"1.2\",\"resource_changes\":[]}\n"},
		{"plan of any name", "prod.tfplan.json", `{"format_version":"1.2","resource_changes":[],"x":1}`,
			"json terraform-plan {\"format_version\":\"1.2\",\"resource_changes\":[],\"x\":1}\n"},
		{"terraform", "infra/main.tf", "x \"y\" {}\n", "hcl terraform {\"x\":{\"y\":[{}]}}\n"},
		{"opentofu", "main.tofu", "a = 1\n", "hcl terraform {\"a\":1}\n"},
		{"terraform in json", "main.tf.json", `{"locals":{"a":1}}`, "json terraform {\"locals\":[{\"a\":1}]}\n"},
		{"terraform variables", "prod.tfvars", "a = 1\n", "hcl hcl {\"a\":1}\n"},
		{"hcl", "x.pkr.hcl", "a = b\n", "hcl hcl {\"a\":\"${b}\"}\n"},
		{"terraform template", "user.sh.tftpl", "${", ""},
		{"cyclonedx", "sbom.json", `{"bomFormat":"CycloneDX","specVersion":"1.6"}`, "json cyclonedx {\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\"}\n"},
		{"spdx", "sbom.spdx.json", `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT"}`, "json spdx {\"SPDXID\":\"SPDXRef-DOCUMENT\",\"spdxVersion\":\"SPDX-2.3\"}\n"},
		{"maven", "pom.xml", "<project><version>1</version></project>", "xml  {\"project\":{\"version\":\"1\"}}\n"},
		{"kustomization", "k/kustomization.yml", "resources: [a.yaml]\n", "yaml kustomization {\"resources\":[\"a.yaml\"]}\n"},
		{"kustomization without extension", "k/Kustomization", "namespace: a\n", "yaml kustomization {\"namespace\":\"a\"}\n"},
		{"broken kustomization", "kustomization.yaml", "a: [", "yaml kustomization null error "},
		{"flux", "f.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n",
			"yaml kubernetes {\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\",\"kind\":\"Kustomization\"}\n"},
		{"typed list", "l.yaml", "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- spec: {}\n- {apiVersion: v1, kind: Pod}\n",
			"yaml kubernetes {\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{}}\nyaml kubernetes {\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n"},
		{"list by another name", "l.yaml", "apiVersion: a/v1\nkind: Bag\nitems:\n- {apiVersion: v1, kind: Pod}\n",
			"yaml kubernetes {\"apiVersion\":\"a/v1\",\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}],\"kind\":\"Bag\"}\nyaml kubernetes {\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n"},
		{"no list", "l.yaml", "apiVersion: a/v1\nkind: AllowList\nitems: [a]\n", "yaml kubernetes {\"apiVersion\":\"a/v1\",\"items\":[\"a\"],\"kind\":\"AllowList\"}\n"},
		{"custom resource definition", "c.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n",
			"yaml kubernetes {\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"CustomResourceDefinition\"}\n"},
		{"package.json", "web/package.json", "{\n\t\"name\": \"x\"\n}", "json package.json {\"name\":\"x\"}\n"},
		{"json with comments", "tsconfig.json", "{\"a\": \"// no\", // yes\n /* b */ \"c\": [1,2,],}", "jsonc  {\"a\":\"// no\",\"c\":[1,2]}\n"},
		{"json twice", "a.json", `{"a":1,"a":2}`, "json  null error key \"a\" is here twice; the first one is on line 1\n"},
		{"json cut", "a.json", `{"a":`, "json  null error the file ends where a value is expected\n"},
		{"json rest", "a.json", "{}\n{}", "json  null error text after the end of the document\n"},
		{"json numbers", "a.json", "[1, 1.5, 1e2, 123456789012345678901]", "json  [1,1.5,100,123456789012345678901]\n"},
		{"json bom", "a.json", "\xef\xbb\xbf{}", "json  {}\n"},
		{"json latin1", "a.json", "{\"a\":\"\xe9\"}", "json  null error file is not UTF-8; save it as UTF-8\n"},
		{"toml", "a.toml", "a = 1\nd = 2026-01-02\n[x.y]\nz = [1.5, inf]\n", "toml  {\"a\":1,\"d\":\"2026-01-02\",\"x\":{\"y\":{\"z\":[1.5,\"+Inf\"]}}}\n"},
		{"toml broken", "a.toml", "a = \n", "toml  null error "},
		{"dotenv", ".env.local", "# c\nexport A=1 # x\nB='two words'\nC=\"multi\nline\"\r\nD=\n", "dotenv  {\"A\":\"1\",\"B\":\"two words\",\"C\":\"multi\\nline\",\"D\":\"\"}\n"},
		{"dotenv broken", ".env", "A=1\nwhat is this\n", "dotenv  null error not a KEY=VALUE line\n"},
		{"dotenv open", ".env", "A='x\n", "dotenv  null error the quoted value of A is not closed\n"},
		{"ini", "a.ini", "top=1\n[s]\nk: v\n  more\nflag\n", "ini  {\"\":{\"top\":\"1\"},\"s\":{\"flag\":\"\",\"k\":\"v\\nmore\"}}\n"},
		{"ini broken", "setup.cfg", "[s\n", "ini  null error section header without a closing bracket\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := show(t, Parse(tt.path, []byte(tt.text)))
			if got != tt.want && (!strings.HasSuffix(tt.want, "error ") || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("Parse(%s) =\n%swant\n%s", tt.path, got, tt.want)
			}
		})
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path, text, pointer string
		index, want         int
	}{
		{"a.yaml", "a:\n  b:\n    - x\n    - y\n", "/a/b/1", 0, 4},
		{"a.yaml", "a:\n  b: 1\n", "/a/missing/deep", 0, 1},
		{"a.yaml", "a: 1\n---\nb: 1\n", "/b", 1, 3},
		{"l.yaml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- apiVersion: v1\n  kind: Secret\n", "/kind", 1, 6},
		{"l.json", "{\"apiVersion\":\"v1\",\"kind\":\"PodList\",\"items\":[\n{\"spec\":{\n\"a\":[\n{\"b\":1}]}}]}", "/spec/a/0/b", 0, 4},
		{"l.json", "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\n\"a\":1}]}]}", "/a", 0, 3},
		{"a.json", "{\n \"a\": [\n  1,\n  {\"b\": 2}\n ]\n}", "/a/1/b", 0, 4},
		{"a.json", "{\n // c\n \"a~/\": 1,\n}", "/a~0~1", 0, 3},
		{"a.toml", "a = 1\n[t]\nb = 2\n[[l]]\nc = 3\n[[l]]\nc = 4\n", "/l/1/c", 0, 7},
		{"a.toml", "[t]\nb.c = 2\n", "/t/b/c", 0, 2},
		{".env", "A=1\nB=2\n", "/B", 0, 2},
		{"a.ini", "[s]\n\nk=v\n", "/s/k", 0, 3},
		{"Dockerfile", "FROM a\n# c\nRUN x \\\n  # d\n  y\nUSER b\n", "/2/value", 0, 6},
	} {
		docs := Parse(tt.path, []byte(tt.text))
		if len(docs) <= tt.index {
			t.Errorf("Parse(%s): %d documents", tt.path, len(docs))
			continue
		}
		if got := docs[tt.index].LineOf(tt.pointer); got != tt.want {
			t.Errorf("%s %s: line %d, want %d (%v)", tt.path, tt.pointer, got, tt.want, docs[tt.index])
		}
		lazy := Read(tt.path, []byte(tt.text))[tt.index]
		if got := lazy.LineOf(tt.pointer); got != tt.want {
			t.Errorf("%s %s: line %d when it is looked up, want %d", tt.path, tt.pointer, got, tt.want)
		}
	}
}

func TestErrorLine(t *testing.T) {
	t.Parallel()
	for path, text := range map[string]string{
		"a.yaml":     "a: 1\nb: [1\nc: 2\n",
		"a.json":     "{\n \"a\": 1\n \"b\": 2\n}",
		"a.toml":     "a = 1\n\nb = [\n",
		".env":       "A=1\n\n???\n",
		"a.ini":      "[a]\n\n[b\n",
		"Dockerfile": "FROM a\n\nRUNN x\n",
	} {
		docs := Parse(path, []byte(text))
		if len(docs) != 1 || docs[0].Error == "" || docs[0].Value != nil || docs[0].Line < 2 {
			t.Errorf("Parse(%s) = %+v, want one document with an error on line 2 or later", path, docs)
		}
	}
}

func TestDeepJSON(t *testing.T) {
	t.Parallel()
	docs := Parse("a.json", []byte(strings.Repeat("[", 5000)+strings.Repeat("]", 5000)))
	if len(docs) != 1 || !strings.Contains(docs[0].Error, "nested more than") {
		t.Errorf("deep nesting: %+v", docs)
	}
}
