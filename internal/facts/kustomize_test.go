package facts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

// fake renders one object that names the root and all files with their sizes, or fails where a file says so.
func fake(_ context.Context, jobs []kustomize.Job) ([]kustomize.Result, error) {
	var out []kustomize.Result
	for _, job := range jobs {
		r := kustomize.Result{}
		for _, data := range job.Files {
			if strings.Contains(string(data), "explode") {
				r.Error = "exploded"
			}
		}
		if r.Error == "" {
			files, err := json.Marshal(job.Files)
			if err != nil {
				return nil, err
			}
			r.Objects = []json.RawMessage{fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q},"files":%s}`, job.Root, files)}
		}
		out = append(out, r)
	}
	return out, nil
}

// rendered lists what kustomize gave to one side.
func rendered(docs []document.Document) string {
	var out []string
	for _, d := range docs {
		if d.Format != "kustomize" {
			continue
		}
		value, _ := d.Value.(map[string]any)
		meta, _ := value["metadata"].(map[string]any)
		out = append(out, fmt.Sprintf("%s#%d %s %v%v%s:%d", d.Path, d.Index, d.Kind, meta["name"], value["notRendered"], d.Error, d.LineOf("/x")+d.Line))
	}
	return strings.Join(out, "\n")
}

func TestKustomizations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		base, change   map[string]string // an empty text takes a file away
		before, merged string
	}{
		{"a file of a base", map[string]string{"base/kustomization.yaml": "resources: [pod.yaml]\n", "base/pod.yaml": "a: 1\n", "prod/kustomization.yaml": "resources: [../base]\n", "other/kustomization.yaml": "resources: []\n"},
			map[string]string{"base/pod.yaml": "a: 2\n"},
			"base/kustomization.yaml#1 kubernetes base<nil>:1\nprod/kustomization.yaml#1 kubernetes prod<nil>:1",
			"base/kustomization.yaml#1 kubernetes base<nil>:1\nprod/kustomization.yaml#1 kubernetes prod<nil>:1"},
		{"hidden in an earlier change behind one that may undo it", map[string]string{"prod/kustomization.yaml": "resources: []\npatches: [{path: p.yaml}]\n", "prod/p.yaml": "a: 1\n",
			"junk/kustomization.yaml": "resources: [../prod]\n"}, map[string]string{"prod/p.yaml": "a: 2\n"},
			"junk/kustomization.yaml#1 kubernetes junk<nil>:1\nprod/kustomization.yaml#1 kubernetes prod<nil>:1",
			"junk/kustomization.yaml#1 kubernetes junk<nil>:1\nprod/kustomization.yaml#1 kubernetes prod<nil>:1"},
		{"a file that lies below no kustomization", map[string]string{"prod/kustomization.yaml": "resources: [../shared/pod.yaml]\n", "shared/pod.yaml": "a: 1\n"},
			map[string]string{"shared/pod.yaml": "a: 2\n"}, "prod/kustomization.yaml#1 kubernetes prod<nil>:1", "prod/kustomization.yaml#1 kubernetes prod<nil>:1"},
		{"nothing of it", map[string]string{"k/kustomization.yaml": "resources: [pod.yaml]\n", "k/pod.yaml": "a: 1\n", "x": "1"}, map[string]string{"x": "2", "k/README.md": "hi\n"}, "", ""},
		{"new", map[string]string{"x": "1"}, map[string]string{"kustomization.yaml": "resources: [pod.yaml]\n", "pod.yaml": "a: 1\n"}, "", "kustomization.yaml#1 kubernetes .<nil>:1"},
		{"taken away", map[string]string{"k/kustomization.yaml": "resources: [pod.yaml]\n", "k/pod.yaml": "a: 1\n"}, map[string]string{"k/kustomization.yaml": ""}, "k/kustomization.yaml#1 kubernetes k<nil>:1", ""},
		{"loses a file", map[string]string{"k/kustomization.yaml": "resources: [pod.yaml]\n", "k/pod.yaml": "a: 1\n"}, map[string]string{"k/pod.yaml": ""},
			"k/kustomization.yaml#1 kubernetes k<nil>:1", "k/kustomization.yaml#1 kustomization <nil><nil>pod.yaml is not in the repository:1"},
		{"base loses a file", map[string]string{"k/kustomization.yaml": "resources: [b]\n", "k/b/kustomization.yaml": "namespace: x\nresources:\n- pod.yaml\n", "k/b/pod.yaml": "a: 1\n"}, map[string]string{"k/b/pod.yaml": ""},
			"k/kustomization.yaml#1 kubernetes k<nil>:1\nk/b/kustomization.yaml#1 kubernetes k/b<nil>:1",
			"k/kustomization.yaml#1 kustomization <nil><nil>k/b/kustomization.yaml:3: pod.yaml is not in the repository:1\nk/b/kustomization.yaml#1 kustomization <nil><nil>pod.yaml is not in the repository:3"},
		{"remote", map[string]string{"k/kustomization.yaml": "resources: []\n"}, map[string]string{"k/kustomization.yaml": "resources: ['https://example.com/x']\n"},
			"k/kustomization.yaml#1 kubernetes k<nil>:1", "k/kustomization.yaml#1 kustomization <nil>k/kustomization.yaml refers to https://example.com/x, which is not in the repository:1"},
		{"broken", map[string]string{"k/kustomization.yaml": "resources: []\n"}, map[string]string{"k/kustomization.yaml": "resources: [\n"}, "k/kustomization.yaml#1 kubernetes k<nil>:1", ""},
		{"not renderable", map[string]string{"k/kustomization.yaml": "resources: []\n"}, map[string]string{"k/kustomization.yaml": "explode: 1\n"},
			"k/kustomization.yaml#1 kubernetes k<nil>:1", "k/kustomization.yaml#1 kustomization <nil><nil>cannot be rendered: exploded:1"},
		{"hidden behind one that may undo it", map[string]string{"x": "1"},
			map[string]string{"prod/kustomization.yaml": "resources: []\n", "junk/kustomization.yaml": "resources: [../prod]\n", "part/kustomization.yaml": "kind: Component\n"},
			"", "junk/kustomization.yaml#1 kubernetes junk<nil>:1\nprod/kustomization.yaml#1 kubernetes prod<nil>:1"},
		{"a test refers to it", map[string]string{"prod/kustomization.yaml": "patches: [{path: p.json}]\n", "prod/p.json": "[]", "testdata/kustomization.yaml": "resources: [../prod]\n"},
			map[string]string{"prod/p.json": "[1]"}, "prod/kustomization.yaml#1 kubernetes prod<nil>:1", "prod/kustomization.yaml#1 kubernetes prod<nil>:1"},
		{"of tests", map[string]string{"testdata/kustomization.yaml": "resources: []\n"}, map[string]string{"testdata/kustomization.yaml": "explode: 1\n"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t)
			r.Write("unrelated.txt", "1")
			write(r, tt.base)
			r.Commit("base")
			r.Branch("change")
			write(r, tt.change)
			r.Commit("change")
			c, err := collectWith(t, r, "change", facts.Options{Render: fake})
			if err != nil {
				t.Fatal(err)
			}
			if got := rendered(c.Input.Before); got != tt.before {
				t.Errorf("base:   %s\nwant    %s", got, tt.before)
			}
			if got := rendered(c.Input.Documents); got != tt.merged {
				t.Errorf("merged: %s\nwant    %s", got, tt.merged)
			}
		})
	}
}

// TestTooManyKustomizations: what is over the limit is said of the merged side alone, so that it is new.
func TestTooManyKustomizations(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("shared/pod.yaml", "a: 1\n")
	for i := range 201 {
		r.Write(fmt.Sprintf("k/%03d/kustomization.yaml", i), "resources: [../../shared/pod.yaml]\n")
	}
	r.Commit("base")
	r.Branch("change")
	r.Write("shared/pod.yaml", "a: 2\n")
	r.Commit("change")
	c, err := collectWith(t, r, "change", facts.Options{Render: fake})
	if err != nil {
		t.Fatal(err)
	}
	const over = "k/200/kustomization.yaml#1 kustomization <nil>the change touches more than 200 kustomizations:1"
	if got := rendered(c.Input.Documents); !strings.HasSuffix(got, over) || strings.Count(got, "\n") != 200 {
		t.Errorf("merged ends with %s", got[max(0, len(got)-200):])
	}
	if got := rendered(c.Input.Before); strings.Contains(got, "k/200/") {
		t.Error("base has it too, so it is not new")
	}
}

func write(r *gittest.Repo, files map[string]string) {
	for name, text := range files {
		if text == "" {
			r.Git("rm", "-q", name)
			continue
		}
		r.Write(name, text)
	}
}

// TestRendererFails: without an answer there is no document to judge.
func TestRendererFails(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("kustomization.yaml", "resources: []\n")
	r.Commit("base")
	r.Branch("change")
	r.Write("kustomization.yaml", "resources: []\nnamespace: x\n")
	r.Commit("change")
	gone := errors.New("no process")
	if _, err := collectWith(t, r, "change", facts.Options{Render: func(context.Context, []kustomize.Job) ([]kustomize.Result, error) { return nil, gone }}); !errors.Is(err, gone) {
		t.Errorf("err = %v", err)
	}
	c, err := collectWith(t, r, "change", facts.Options{})
	if err != nil || rendered(c.Input.Documents) != "" {
		t.Errorf("without a renderer: %v, %v", err, c)
	}
}
