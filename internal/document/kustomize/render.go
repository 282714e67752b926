package kustomize

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Job is one root with all files that it reads.
type Job struct {
	Root  string            `json:"root"`
	Files map[string][]byte `json:"files"`
}

// Result is what came of a job: objects, or why there are none.
type Result struct {
	Objects []json.RawMessage `json:"objects"`
	Error   string            `json:"error"`
}

// Job completes a plan with the content of its files, which read gives.
func (p *Plan) Job(read func(path string) ([]byte, error)) (Job, error) {
	job := Job{Root: p.Root, Files: map[string][]byte{}}
	size := 0
	for _, file := range p.Reads {
		data, ok := p.own[file]
		if !ok {
			var err error
			if data, err = read(file); err != nil {
				return Job{}, fmt.Errorf("reading %s: %w", file, err)
			}
		}
		if size += len(data); size > maxBytes {
			return Job{}, &Fault{Path: p.File, Message: fmt.Sprintf("its files have more than %d bytes", maxBytes)}
		}
		job.Files[file] = data
	}
	return job, nil
}

// The bounds of one root, in bytes.
const (
	maxBytes    = 16 << 20 // its files
	maxRendered = 16 << 20 // its objects
)

// above is the folder of the renderer's file system that stands for the repository: an absolute path is never an address.
const above = "/repository"

// render runs kustomize on files in memory. It may end the process.
func render(job Job) (out Result) {
	defer func() {
		if p := recover(); p != nil {
			out = Result{Error: fmt.Sprintf("kustomize failed: %v", p)}
		}
	}()
	files := filesys.MakeFsInMemory()
	for name, data := range job.Files {
		if err := files.WriteFile(path.Join(above, name), data); err != nil {
			return Result{Error: err.Error()}
		}
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, path.Join(above, job.Root))
	if err != nil {
		return Result{Error: plain(err)}
	}
	size := 0
	for _, r := range resources.Resources() {
		text, err := r.MarshalJSON()
		if err != nil {
			return Result{Error: plain(err)}
		}
		if size += len(text); size > maxRendered {
			return Result{Error: fmt.Sprintf("renders more than %d bytes", maxRendered)}
		}
		out.Objects = append(out.Objects, text)
	}
	return out
}

// plain is one line that names files as the repository does.
func plain(err error) string {
	text := strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), above+"/", "")), " ")
	return text[:min(len(text), 600)]
}

// offline refuses all requests.
type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("remote files are not read")
}
