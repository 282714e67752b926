package kustomize

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	Init()
	os.Exit(m.Run())
}

// tree is a repository in memory.
type tree map[string]string

func (t tree) Read(file string) ([]byte, error) {
	if text, ok := t[file]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "read", Path: file, Err: fs.ErrNotExist}
}

func (t tree) Look(to string) Entry {
	if text, ok := t[to]; ok {
		if text == "link" {
			return Other
		}
		return File
	}
	for file := range t {
		if to == "." || strings.HasPrefix(file, to+"/") {
			return Folder
		}
	}
	return Nothing
}

const pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: c\n    image: app:1\n"

// renderRoot plans and renders one root.
func renderRoot(t *testing.T, files tree, root string) (Plan, string) {
	t.Helper()
	plan := NewPlanner(files).Plan(root)
	if plan.Fault != nil || plan.Skip != "" {
		return plan, ""
	}
	job, err := plan.Job(files.Read)
	if err != nil {
		t.Fatal(err)
	}
	return plan, text(t, renderAll(t, job)[0])
}

func renderAll(t *testing.T, jobs ...Job) []Result {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	results, err := Renderer{Self: self, memory: 64 << 20}.Render(t.Context(), jobs)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func text(t *testing.T, r Result) string {
	t.Helper()
	if r.Error != "" {
		return "error: " + r.Error
	}
	out, err := json.Marshal(r.Objects)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestRender(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		files tree
		root  string
		want  []string // in the rendering
	}{
		{"overlay", tree{"base/kustomization.yaml": "resources: [pod.yaml]\n", "base/pod.yaml": pod,
			"prod/kustomization.yaml": "resources: [../base]\nnamespace: prod\nnamePrefix: x-\nimages:\n- name: app\n  newTag: '2'\n"},
			"prod", []string{`"name":"x-web"`, `"namespace":"prod"`, `"image":"app:2"`}},
		{"at the top", tree{"Kustomization": "resources: [pod.yaml]\n", "pod.yaml": pod}, ".", []string{`"name":"web"`}},
		{"component", tree{"c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels:\n- pairs: {a: b}\n",
			"k/kustomization.yml": "resources: [pod.yaml]\ncomponents: [../c]\n", "k/pod.yaml": pod}, "k", []string{`"labels":{"a":"b"}`}},
		{"patches", tree{"kustomization.yaml": "resources: [pod.yaml]\npatches:\n- path: p.yaml\n- target: {kind: Pod}\n  patch: |-\n    - op: add\n      path: /spec/hostNetwork\n      value: true\n",
			"pod.yaml": pod, "p.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  hostPID: true\n"}, ".", []string{`"hostPID":true`, `"hostNetwork":true`}},
		{"old fields", tree{"kustomization.yaml": "bases: [b]\ncommonLabels: {a: b}\npatchesStrategicMerge:\n- p.yaml\npatchesJson6902:\n- target: {version: v1, kind: Pod, name: web}\n  path: j.json\n",
			"b/kustomization.yaml": "resources: [pod.yaml]\n", "b/pod.yaml": pod, "p.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostPID: true}\n",
			"j.json": `[{"op":"add","path":"/spec/hostIPC","value":true}]`}, ".", []string{`"hostPID":true`, `"hostIPC":true`, `"a":"b"`}},
		{"generated without hashes", tree{"kustomization.yaml": "configMapGenerator:\n- name: conf\n  files: [a.txt, other=sub/b.txt]\n- name: lit\n  literals: [x=y]\n  options: {disableNameSuffixHash: false}\n",
			"a.txt": "hello", "sub/b.txt": "there"}, ".", []string{`"name":"conf"`, `"a.txt":"hello"`, `"other":"there"`, `"name":"lit"`}},
		{"generated from what is not here", tree{"kustomization.yaml": "secretGenerator:\n- name: s\n  envs: [.env]\n"}, ".", []string{`"name":"s"`}},
		{"crd", tree{"kustomization.yaml": "resources: [crd.yaml]\n", "crd.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: a.b\n"},
			".", []string{`"CustomResourceDefinition"`}},
		{"environment", tree{"kustomization.yaml": "configMapGenerator:\n- name: s\n  envs: [e]\n", "e": "PATH\nHOME\nADAMANT_KUSTOMIZE_\nA=1\n"}, ".", []string{`"PATH":""`, `"HOME":""`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			plan, got := renderRoot(t, tt.files, tt.root)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %s in %q; plan %+v", want, got, plan)
				}
			}
			for file := range tt.files {
				if !slices.Contains(plan.Reads, file) {
					t.Errorf("%s is not among %v", file, plan.Reads)
				}
			}
		})
	}
}

func TestNotRendered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"https", "resources: ['https://example.com/a.yaml']\n", "https://example.com/a.yaml"},
		{"repository", "resources: ['github.com/a/b//k?ref=v1']\n", "github.com/a/b"},
		{"user", "bases: ['git@example.com:a/b.git']\n", "git@example.com"},
		{"ssh", "components: ['ssh://example.com/a']\n", "ssh://"},
		{"patch", "resources: [pod.yaml]\npatches: [{path: 'https://example.com/p.yaml'}]\n", "https://example.com/p.yaml"},
		{"generated file", "configMapGenerator: [{name: a, files: ['x=https://example.com/x']}]\n", "https://example.com/x"},
		{"helm", "helmCharts: [{name: a}]\n", "Helm"},
		{"transformers", "transformers: [t.yaml]\n", "transformers"},
		{"link", "resources: [ln.yaml]\n", "ln.yaml, a link"},
		{"in a base", "resources: [base]\n", "https://example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := tree{"kustomization.yaml": tt.text, "pod.yaml": pod, "ln.yaml": "link", "base/kustomization.yaml": "resources: ['https://example.com/x']\n"}
			if plan := NewPlanner(files).Plan("."); plan.Fault != nil || !strings.Contains(plan.Skip, tt.want) {
				t.Errorf("skipped because %q, fault %v", plan.Skip, plan.Fault)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"missing file", "namespace: a\nresources:\n- pod.yaml\n- gone.yaml\n", 4, "gone.yaml is not in the repository"},
		{"missing base", "bases: [../a]\n", 1, "leads out of the repository"},
		{"absolute", "resources: [/etc/passwd]\n", 1, "leads out of the repository"},
		{"folder without kustomization", "resources: [plain]\n", 0, "has no kustomization"},
		{"missing patch", "patches:\n- path: p.yaml\n", 2, "p.yaml is not in the repository"},
		{"component that is a file", "components: [pod.yaml]\n", 1, "pod.yaml is not in the repository"},
		{"broken", "resources: [\n", 1, ""},
		{"no mapping", "- a\n", 0, "mapping"},
		{"two documents", "a: 1\n---\nb: 1\n", 0, "mapping"},
		{"empty", "", 0, "mapping"},
		{"circle", "resources: [.]\n", 1, "too many"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := tree{"kustomization.yaml": tt.text, "pod.yaml": pod, "plain/x.yaml": pod}
			plan := NewPlanner(files).Plan(".")
			if plan.Fault == nil || !strings.Contains(plan.Fault.Message, tt.want) || plan.Fault.Line != tt.line {
				t.Errorf("fault %+v, want %q on line %d", plan.Fault, tt.want, tt.line)
			}
		})
	}
	two := tree{"kustomization.yaml": "resources: []\n", "Kustomization": "resources: []\n"}
	if plan := NewPlanner(two).Plan("."); plan.Fault == nil || !strings.Contains(plan.Fault.Message, "several") {
		t.Errorf("two kustomizations: %+v", plan)
	}
}

// TestErrors renders what only kustomize itself finds wrong, and what ends or starves its process: others in the same round
// are not harmed.
func TestErrors(t *testing.T) {
	t.Parallel()
	copies := "- op: add\n  path: /a\n  value: [1,2,3,4,5,6,7,8]\n" + strings.Repeat("- op: copy\n  from: /a\n  path: /a/-\n", 40)
	good := Job{Root: ".", Files: map[string][]byte{"kustomization.yaml": []byte("resources: [pod.yaml]\n"), "pod.yaml": []byte(pod)}}
	for _, tt := range []struct {
		name  string
		files map[string]string
	}{
		{"unknown field", map[string]string{"kustomization.yaml": "resource: [pod.yaml]\n"}},
		{"twice", map[string]string{"kustomization.yaml": "resources: [pod.yaml, two.yaml]\n", "pod.yaml": pod, "two.yaml": pod}},
		{"no object", map[string]string{"kustomization.yaml": "resources: [pod.yaml]\n", "pod.yaml": "a: 1\n"}},
		{"patch of nothing", map[string]string{"kustomization.yaml": "resources: [pod.yaml]\npatches: [{patch: '[{\"op\":\"remove\",\"path\":\"/gone\"}]', target: {kind: Pod}}]\n", "pod.yaml": pod}},
		{"remote", map[string]string{"kustomization.yaml": "resources: ['https://example.com/x.yaml']\n"}},
		{"clone", map[string]string{"kustomization.yaml": "resources: ['https://example.com/a/b.git']\n"}},
		{"disk", map[string]string{"kustomization.yaml": "resources: [/etc/hosts]\n"}},
		{"memory", map[string]string{"kustomization.yaml": "resources: [pod.yaml]\npatches: [{path: p.yaml, target: {kind: Pod}}]\n", "pod.yaml": pod, "p.yaml": copies}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			job := Job{Root: ".", Files: map[string][]byte{}}
			for name, text := range tt.files {
				job.Files[name] = []byte(text)
			}
			got := renderAll(t, job, good)
			t.Log(got[0].Error)
			if got[0].Error == "" || len(got[0].Objects) > 0 {
				t.Errorf("rendered %s", text(t, got[0]))
			}
			if len(got[1].Objects) != 1 {
				t.Errorf("the other root: %s", text(t, got[1]))
			}
		})
	}
}

func TestNoProcess(t *testing.T) {
	t.Parallel()
	if _, err := (Renderer{Self: "/nowhere/adamant"}).Render(t.Context(), []Job{{}}); err == nil {
		t.Error("rendered by nobody")
	}
}

// A root that was not rendered before is not rendered for one reason more: that is not the same as before.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	skip := func(list string) string {
		return NewPlanner(tree{"kustomization.yaml": "resources: [" + list + "]\n"}).Plan(".").Skip
	}
	all := []string{"'https://example.com/1'", "'https://example.com/2'", "'https://example.com/3'", "'https://example.com/4'", "'https://example.com/5'", "'https://example.com/6'"}
	seen := map[string]bool{}
	for n := range all {
		got := skip(strings.Join(all[:n+1], ", "))
		if got == "" || seen[got] {
			t.Errorf("%d reasons: %q", n+1, got)
		}
		seen[got] = true
	}
	if a, b := skip(strings.Join(all[:5], ", ")), skip(strings.Join(append(all[:4:4], all[5]), ", ")); a == b {
		t.Errorf("another one is the same: %q", a)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	files := tree{"kustomization.yaml": "configMapGenerator: [{name: a, files: [x]}]\n", "x": strings.Repeat("x", maxBytes)}
	plan := NewPlanner(files).Plan(".")
	fault := (*Fault)(nil)
	if _, err := plan.Job(files.Read); !errors.As(err, &fault) {
		t.Errorf("err = %v", err)
	}
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte("resources: [a, ../b]\npatches: [{path: x}]\nconfigMapGenerator: [{files: [a=b], envs: [c]}]\n"), []byte("resources: [..]\n"))
	f.Fuzz(func(t *testing.T, root, base []byte) {
		files := tree{"k/kustomization.yaml": string(root), "b/kustomization.yaml": string(base), "a": "x"}
		p := NewPlanner(files)
		plan := p.Plan("k")
		if plan.Fault != nil && (plan.Fault.Message == "" || plan.Fault.Path == "") {
			t.Fatalf("%+v", plan)
		}
		for _, file := range plan.Reads {
			if strings.HasPrefix(file, "..") || path.IsAbs(file) {
				t.Fatalf("reads %s", file)
			}
		}
	})
}
