package policy

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/policy/gatekeeper"
)

// exported are all rules: exporting takes half a second of CPU.
var exported = sync.OnceValues(func() (*Export, error) { return ExportGatekeeper(context.Background(), nil) })

// TestExportGatekeeper runs the suite of every exported rule, and wants every rule about Kubernetes to be exported or skipped.
func TestExportGatekeeper(t *testing.T) {
	t.Parallel()
	out, err := exported()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	var suites []*gatekeeper.Suite
	for _, r := range out.Rules {
		for name, text := range r.Files {
			files[path.Join(r.Folder, name)] = text
		}
		s, err := gatekeeper.ReadSuite(path.Join(r.Folder, "suite.yaml"), []byte(r.Files["suite.yaml"]))
		if err != nil {
			t.Fatal(err)
		}
		suites = append(suites, s)
	}
	read := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
	report, err := gatekeeper.Run(t.Context(), suites, read, gatekeeper.RunOptions{Sandbox: Sandbox(), Now: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if r.State != gatekeeper.Passed {
			t.Errorf("%s %s: %s", r.Suite, r.Case, r.Reason)
		}
	}
	if len(out.Rules) < 29 || report.Passed != 2*len(out.Rules) {
		t.Errorf("%d rules, %d cases passed", len(out.Rules), report.Passed)
	}
	skipped := map[string]string{}
	for _, s := range out.Skipped {
		skipped[s.Rule] = s.Reason
	}
	if skipped["kubernetes/image-registry"] != "looks at input.config, which Gatekeeper has not" {
		t.Errorf("skipped %v", skipped)
	}
	again, err := ExportGatekeeper(t.Context(), nil)
	if err != nil || !reflect.DeepEqual(out, again) {
		t.Errorf("a second export differs: %v", err)
	}
}

// An exported rule judges as the rule it was made of, in the gate too.
func TestExportedRuleJudgesAlike(t *testing.T) {
	t.Parallel()
	out, err := exported()
	if err != nil {
		t.Fatal(err)
	}
	var files []facts.Module
	for _, r := range out.Rules {
		for _, name := range []string{"template.yaml", "constraint.yaml"} {
			files = append(files, facts.Module{Path: "policy/" + r.Folder + "/" + name, Text: r.Files[name]})
		}
	}
	e, err := Compile(t.Context(), nil, Options{Constraints: files})
	if err != nil {
		t.Fatal(err)
	}
	text := "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: b, securityContext: {privileged: true}}]}}}}}\n"
	r, err := e.Eval(t.Context(), &facts.Input{Documents: documentsOf("k.yaml", text)}, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, v := range r.Violations {
		said[v.Rule] = v.Message
	}
	if said["kubernetes/privileged"] == "" || said["kubernetes/privileged"] != said["gatekeeper/kubernetes-privileged"] {
		t.Errorf("got %q", said)
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	var unknown *UnknownRuleError
	if _, err := ExportGatekeeper(t.Context(), []string{"kubernetes/privilegd"}); !errors.As(err, &unknown) || unknown.Rule != "kubernetes/privilegd" {
		t.Errorf("got %v", err)
	}
	out, err := ExportGatekeeper(t.Context(), []string{"agents/paths"})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Rules) != 0 || len(out.Skipped) != 1 || !strings.HasSuffix(out.Skipped[0].Reason, "which Gatekeeper has not") {
		t.Errorf("got %+v", out)
	}
}
