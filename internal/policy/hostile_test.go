package policy

import (
	"context"
	"fmt"
	"testing"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
)

// samples are documents that the base constitution has much to say about.
func samples() map[string]string {
	return map[string]string{
		"k.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  template:
    spec:
      hostNetwork: true
      securityContext: {runAsUser: 0, seccompProfile: {type: Unconfined}, sysctls: [{name: a}]}
      volumes: [{name: d, hostPath: {path: /x}}]
      containers:
      - name: c
        image: app:latest
        env: [{name: PASSWORD, value: hunter2}]
        ports: [{hostPort: 80}]
        securityContext: {privileged: true, allowPrivilegeEscalation: true, capabilities: {add: [SYS_ADMIN], drop: [ALL]}, procMount: Unmasked}
        resources: {limits: {memory: 1Gi}}
`,
		"j.yaml": "apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {initContainers: [{image: a}]}}}}}\n",
		".github/workflows/ci.yml": `on: [pull_request_target, push]
permissions: write-all
jobs:
  a:
    permissions: write-all
    runs-on: {labels: [self-hosted]}
    steps:
    - uses: actions/checkout@v5
      with: {ref: "${{ github.head_ref }}", repository: x}
    - run: echo ${{ github.event.issue.title }}
    - uses: actions/github-script@v7
      with: {script: "${{ github.event.issue.title }}"}
  b:
    uses: a/b/.github/workflows/c.yml@main
    secrets: inherit
`,
		"action.yml":   "runs: {using: composite, steps: [{uses: a/b@v1}, {run: x}]}\n",
		"compose.yaml": "services: {db: {image: redis, privileged: true, volumes: ['/var/run/docker.sock:/x', {source: /run/docker.sock}]}}\n",
		"Dockerfile":   "ARG B=debian\nFROM $B AS x\nFROM x\nENV TOKEN=1\nADD https://example.com/x /\nRUN curl x | sh\nUSER root\n",
		"role.yaml":    "kind: ClusterRole\napiVersion: v1\nmetadata: {name: a}\nrules: [{verbs: ['*', bind], resources: ['*']}]\n",
		"binding.yaml": "kind: RoleBinding\napiVersion: v1\nroleRef: {name: cluster-admin}\nsubjects: [{name: system:anonymous}]\n",
		"service.yaml": "kind: Service\napiVersion: v1\nmetadata: {annotations: {a: b}}\nspec: {type: NodePort, externalIPs: [192.0.2.1], loadBalancerSourceRanges: []}\n",
		"map.yaml":     "kind: ConfigMap\napiVersion: v1\ndata: {password: hunter2}\n",
		"main.tf.json": `{"data":{"aws_iam_policy_document":{"d":[{"statement":[{"actions":["*"],"principals":[{"identifiers":["*"]}]}]}]}},
			"resource":{"aws_security_group":{"g":[{"ingress":[{"cidr_blocks":["0.0.0.0/0"],"from_port":1,"to_port":2}]}]},
			"google_compute_firewall":{"f":[{"source_ranges":["0.0.0.0/0"],"allow":[{"protocol":"tcp","ports":["1"]}]}]},
			"google_sql_database_instance":{"s":[{"settings":[{"ip_configuration":[{"authorized_networks":[{"value":"0.0.0.0/0"}]}]}]}]},
			"azurerm_network_security_group":{"n":[{"security_rule":[{"access":"Allow","direction":"Inbound","source_address_prefix":"*","destination_port_ranges":["1"]}]}]},
			"aws_iam_role":{"r":[{"policy":"${jsonencode({Statement = [{Effect = \"Allow\"}]})}","inline_policy":[{"policy":"{}"}],"password":"x"}]},
			"azurerm_role_definition":{"z":[{"permissions":[{"actions":["*"]}]}]}}}`,
		"plan.json": `{"format_version":"1.2","resource_changes":[{"type":"aws_db_instance","address":"a","change":{"actions":["delete"],"before":{"deletion_protection":true},"after":{}}},
			{"type":"aws_s3_bucket","address":"b","change":{"actions":["create"],"before":null,"after":{"acl":"public-read","policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Principal\":{\"AWS\":\"*\"}}]}"},"after_unknown":{"x":true}}}]}`,
		"package.json": `{"name":"x","scripts":{"a":"b"}}`,
	}
}

// A document with a value of another type where a rule expects a text, list or mapping is judged, never an error: a
// mangled file must not stop the gate.
func TestBaseSurvivesAnyDocument(t *testing.T) {
	t.Parallel()
	e, err := Compile(context.Background(), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range samples() {
		docs := document.Parse(path, []byte(text))
		if len(docs) != 1 || docs[0].Error != "" || path != "package.json" && len(mustEval(t, e, &facts.Input{Documents: docs}).Violations) == 0 {
			t.Fatalf("%s: the sample is fine or broken: %+v", path, docs)
		}
		if docs[0].Format == "dockerfile" {
			continue // its values are made by our parser
		}
		for _, strange := range []any{nil, true, int64(5), "x", "", []any{}, []any{int64(1)}, map[string]any{}, map[string]any{"x": int64(1)}} {
			for i, mangled := range mangle(docs[0].Value, strange) {
				doc := docs[0]
				doc.Value = mangled
				if _, err := e.Eval(context.Background(), &facts.Input{Documents: []document.Document{doc}}, noon); err != nil {
					t.Errorf("%s, place %d replaced by %#v: %v", path, i, strange, err)
				}
			}
		}
	}
}

// mangle returns a copy of v for every place in it, with that place replaced.
func mangle(v, strange any) []any {
	out := []any{strange}
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			for _, sub := range mangle(v[key], strange) {
				clone := map[string]any{}
				for k := range v {
					clone[k] = v[k]
				}
				clone[key] = sub
				out = append(out, clone)
			}
		}
	case []any:
		for i := range v {
			for _, sub := range mangle(v[i], strange) {
				clone := append([]any{}, v...)
				clone[i] = sub
				out = append(out, clone)
			}
		}
	}
	return out
}

// The zero input document is judged too.
func TestBaseOnNothing(t *testing.T) {
	t.Parallel()
	e, err := Compile(context.Background(), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := mustEval(t, e, &facts.Input{})
	if len(r.Violations) != 0 || r.Rules < 30 {
		t.Errorf("got %s", fmt.Sprint(r))
	}
}
