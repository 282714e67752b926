package catalog

import (
	"fmt"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	doc := func(kind, spec string) string {
		return "apiVersion: backstage.io/v1alpha1\nkind: " + kind + "\nmetadata: {name: a}\nspec: {" + spec + "}\n"
	}
	const owned = "lifecycle: production, owner: me"
	for text, want := range map[string]string{
		doc("Component", "type: service, "+owned):                                             "valid",
		doc("Component", "type: service, owner: me"):                                          `4:1 invalid /spec spec must have "lifecycle"`,
		doc("Component", "type: service, "+owned+", dependsOn: x"):                            `4:57 invalid /spec/dependsOn spec.dependsOn must be a list, not "x"`,
		doc("Component", "type: service, "+owned+", dependsOn: ['']"):                         `4:69 invalid /spec/dependsOn/0 spec.dependsOn.0 must not be empty`,
		doc("API", "type: openapi, "+owned+", definition: x"):                                 "valid",
		doc("API", "type: openapi, "+owned):                                                   `4:1 invalid /spec spec must have "definition"`,
		doc("API", "type: openapi, "+owned+", definition: {$text: ./x}"):                      `4:57 invalid /spec/definition spec.definition must be text, not a mapping`,
		doc("API", "type: mcp-server, "+owned+", remotes: [{type: sse, url: x}]"):             "valid",
		doc("API", "type: mcp-server, "+owned+", definition: x"):                              `4:1 invalid /spec spec must have "remotes"`,
		doc("API", "type: mcp-server, "+owned+", remotes: []"):                                `4:60 invalid /spec/remotes spec.remotes must have at least one entry`,
		doc("API", "type: mcp-server, "+owned+", remotes: [{type: sse}]"):                     `4:70 invalid /spec/remotes/0 spec.remotes.0 must have "url"`,
		doc("AiResource", "type: skill, "+owned+", agents: [x]"):                              "valid",
		doc("AiResource", "type: skill, "+owned+", compatibility: "+strings.Repeat("x", 501)): `4:55 invalid /spec/compatibility spec.compatibility has 501 characters; want at most 500`,
		doc("AiResource", "type: rule, "+owned):                                               `4:1 invalid /spec spec must have "category"`,
		doc("AiResource", "type: rule, "+owned+", category: a, rationale: b"):                 "valid",
		doc("AiResource", "type: plugin, "+owned+", skills: []"):                              "valid",
		doc("AiResource", "type: marketplace, "+owned):                                        `4:1 invalid /spec spec must have "plugins"`,
		doc("AiResource", "type: something, "+owned):                                          "valid",
		strings.Replace(doc("AiResource", "type: x, "+owned), "v1alpha1", "v1beta1", 1):       `2:1 unknown-kind  no kind AiResource in backstage.io/v1beta1; want AiResource in backstage.io/v1alpha1`,
		doc("Location", ""):                                         "valid",
		doc("Location", "presence: maybe"):                          `4:8 invalid /spec/presence spec.presence cannot be "maybe"; want required or optional`,
		doc("User", "memberOf: [], profile: {email: ''}"):           `4:32 invalid /spec/profile/email spec.profile.email must not be empty`,
		doc("Group", "type: team"):                                  `4:1 invalid /spec spec must have "children"`,
		doc("Domain", "owner: me"):                                  "valid",
		doc("System", ""):                                           `4:1 invalid /spec spec must have "owner"`,
		doc("Resource", "type: db, owner: me"):                      "valid",
		doc("component", ""):                                        `2:1 unknown-kind  no kind component in backstage.io/v1alpha1; want Component in backstage.io/v1alpha1 or backstage.io/v1beta1`,
		doc("Widget", ""):                                           `2:1 unknown-kind  kind Widget in backstage.io/v1alpha1 is not known here`,
		"kind: Component\nmetadata: {name: a}\n":                    `1:1 invalid  the entity must have "apiVersion"`,
		"apiVersion: x\nkind: A\nmetadata:\n":                       `3:1 invalid /metadata metadata must be a mapping, not nothing`,
		"- a\n":                                                     `1:1 invalid  an entity must be a mapping, not a list`,
		"apiVersion: x\nkind: A\nmetadata: {name: 5}\n":             `3:12 invalid /metadata/name metadata.name must be text, not 5`,
		"apiVersion: x\nkind: A\nstatus: {}\nmetadata: {name: a}\n": `3:1 invalid /status unknown field "status"; an entity has apiVersion, kind, metadata and spec`,
		"apiVersion: x\nkind: A\nmetadata: {name: a, annotations: {risk-profile: 3}}\n": `3:35 invalid /metadata/annotations/risk-profile annotation "risk-profile" must be text, not 3; put it in quotes`,
		"a: [":   `1:4 yaml-error  this "[" is never closed`,
		"---\n#": "",
		"kind: ${{ values.kind }}\nmetadata: {name: {{ x }}}\n": `1:1 invalid  the entity must have "apiVersion"`,
	} {
		var got []string
		for _, v := range Validate("f", []byte(text)) {
			line := v.Verdict
			if line != Valid {
				line = fmt.Sprintf("%d:%d %s %s %s", v.Line, v.Column, v.Verdict, v.Path, v.Message)
			}
			got = append(got, line)
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%.200s\ngot  %s\nwant %s", text, strings.Join(got, "; "), want)
		}
	}
}

func FuzzValidate(f *testing.F) {
	f.Add([]byte(component("a", "")))
	f.Add([]byte("apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: a, links: [{url: 'http://[::1]'}], tags: [a]}\nspec: {type: mcp-server, remotes: [{}]}\n"))
	f.Add([]byte("kind: Location\nmetadata: {name: x}\nspec: {targets: [./catalog/*.yaml, ../../x]}\n---\n- a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range Validate("catalog-info.yaml", data) {
			if v.Verdict == Invalid && (v.Message == "" || v.Line < 1) {
				t.Fatalf("an invalid document without a reason or a place: %+v", v)
			}
		}
		c, findings := Load([]SourceFile{{Path: "catalog-info.yaml", Data: data}, {Path: "catalog/x.yaml", Data: data}})
		for _, f := range findings {
			if f.Message == "" || f.Fingerprint == "" {
				t.Fatalf("bad finding %+v", f)
			}
		}
		if d := Diff(c, c); len(d) > 0 {
			t.Fatalf("a catalog differs from itself: %+v", d)
		}
		c.ComponentOf("a/b/c.go")
	})
}
