package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/source"
)

// The budgets are in docs/policies.md: 50 rules on 300 manifests, and the constitution on 1,000 changed files.

func manifests(n int) *facts.Input {
	in := &facts.Input{}
	for i := range n {
		in.Documents = append(in.Documents, document.Parse(fmt.Sprintf("deploy/app-%d.yaml", i), []byte(deployment(i)))...)
	}
	return in
}

func deployment(i int) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[1]d
  labels: {app: app-%[1]d, tier: web}
spec:
  replicas: %[2]d
  selector:
    matchLabels: {app: app-%[1]d}
  template:
    metadata:
      labels: {app: app-%[1]d}
    spec:
      securityContext: {runAsNonRoot: true}
      containers:
        - name: web
          image: registry.example.com/app:1.2.%[1]d
          ports: [{containerPort: 8080}]
          resources:
            limits: {cpu: 500m, memory: 256Mi}
            requests: {cpu: 100m, memory: 128Mi}
          securityContext: {privileged: false, allowPrivilegeEscalation: false}
        - name: proxy
          image: registry.example.com/proxy:2.0.1
          resources:
            limits: {cpu: 100m, memory: 64Mi}
`, i, 1+i%10)
}

func fiftyRules() []facts.Module {
	bodies := []string{
		"not doc.value.metadata.labels.app", "doc.value.spec.replicas < 2", "doc.value.spec.template.spec.hostNetwork == true",
		"some c in doc.value.spec.template.spec.containers\n\tc.securityContext.privileged == true",
		"some c in doc.value.spec.template.spec.containers\n\tendswith(c.image, \":latest\")",
		"some c in doc.value.spec.template.spec.containers\n\tnot c.resources.limits.memory",
		"some v in doc.value.spec.template.spec.volumes\n\tv.hostPath",
		"not doc.value.spec.template.spec.securityContext.runAsNonRoot",
		"some c in doc.value.spec.template.spec.containers\n\tnot startswith(c.image, \"registry.example.com/\")",
		"doc.value.spec.template.spec.hostPID == true",
	}
	var out []facts.Module
	for i := range 50 {
		out = append(out, facts.Module{Path: fmt.Sprintf("r%02d.rego", i), Text: fmt.Sprintf(`package adamant.rules.r%02d

# METADATA
# title: Rule %[1]d
deny contains {"message": sprintf("%%s breaks rule %[1]d", [doc.value.metadata.name]), "path": doc.path, "document": doc.index} if {
	some doc in input.byKind.kubernetes
	doc.value.kind == "Deployment"
	%s
}
`, i, bodies[i%len(bodies)])})
	}
	return out
}

func changedFiles(n int) *facts.Input {
	in := &facts.Input{}
	for i := range n {
		f := facts.File{Path: fmt.Sprintf("src/pkg%d/file%d.go", i%40, i), Status: "modified", Class: "source", Effect: "code", Language: "Go",
			Mode: "100644", OldMode: "100644", Before: strings.Repeat("a", 40), After: strings.Repeat("b", 40), Size: 4000, Added: 20, Deleted: 5,
			Lines: []facts.LineRange{{From: 10, To: 29}}, Code: &source.Delta{ImportsAdded: []string{"net/http"}, AssertsBefore: 3, AssertsAfter: 3}}
		if i%50 == 0 {
			f.Code.SuppressionsAdded = []source.Mark{{Line: 12, Text: "//nolint"}}
		}
		in.Files = append(in.Files, f)
	}
	return in
}

func BenchmarkCompileBase(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(context.Background(), nil, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile50Rules(b *testing.B) {
	modules := fiftyRules()
	for b.Loop() {
		if _, err := Compile(context.Background(), modules, Options{NoBase: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkEval(b *testing.B, modules []facts.Module, opt Options, in *facts.Input) {
	e, err := Compile(context.Background(), modules, opt)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Eval(context.Background(), in, noon); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEval300Manifests50Rules(b *testing.B) {
	benchmarkEval(b, fiftyRules(), Options{NoBase: true}, manifests(300))
}

func BenchmarkEval1Manifest50Rules(b *testing.B) {
	benchmarkEval(b, fiftyRules(), Options{NoBase: true}, manifests(1))
}

func BenchmarkEval300ManifestsBase(b *testing.B) {
	benchmarkEval(b, nil, Options{}, manifests(300))
}

func BenchmarkEval1000FilesBase(b *testing.B) { benchmarkEval(b, nil, Options{}, changedFiles(1000)) }

func BenchmarkParse300Manifests(b *testing.B) {
	for b.Loop() {
		manifests(300)
	}
}

func BenchmarkInputValue300Manifests(b *testing.B) {
	in := manifests(300)
	for b.Loop() {
		if _, err := inputValue(in, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompileFor compiles what a change of source and one Dockerfile needs.
func BenchmarkCompileFor(b *testing.B) {
	for b.Loop() {
		if _, err := CompileFor(b.Context(), []string{"dockerfile"}, nil, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
