package loop

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
)

// maxJob bounds the description of a job, in bytes.
const maxJob = 8 << 20

// Job is what the loop works on: an agent.Attempt as it travels into the sandbox, without the token.
type Job struct {
	Name        string   `json:"name"`
	Role        string   `json:"role"`
	Model       string   `json:"model"`
	API         string   `json:"api"`
	Context     int      `json:"context,omitempty"`   // tokens
	MaxTokens   int      `json:"maxTokens,omitempty"` // of one answer
	MaxTurns    int      `json:"maxTurns,omitempty"`
	Tools       []string `json:"tools,omitempty"`
	Prompt      string   `json:"prompt"`
	Repo        string   `json:"repo"`
	Endpoint    string   `json:"endpoint"`
	Readonly    bool     `json:"readonly,omitempty"`
	IdleSeconds int      `json:"idleSeconds,omitempty"` // longest silence of the model
	Steps       []Step   `json:"steps,omitempty"`       // a script that takes the model's place
}

// JobOf is the job of an attempt.
func JobOf(a agent.Attempt) Job {
	return Job{Name: a.Name, Role: a.Role, Model: a.Model, API: a.API, Context: a.Context, MaxTokens: a.MaxTokens, MaxTurns: a.MaxTurns,
		Tools: a.Tools, Prompt: a.Prompt, Repo: a.Repo, Endpoint: a.Endpoint, Readonly: a.Readonly}
}

// ReadJob reads a job that JobOf made.
func ReadJob(r io.Reader) (Job, error) {
	var job Job
	dec := json.NewDecoder(io.LimitReader(r, maxJob))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&job); err != nil {
		return Job{}, fmt.Errorf("read the job on standard input: %w", err)
	}
	if job.Repo == "" || job.Endpoint == "" || strings.TrimSpace(job.Prompt) == "" {
		return Job{}, errors.New("read the job on standard input: repo, endpoint and prompt are needed")
	}
	for i, step := range job.Steps {
		if err := step.check(); err != nil {
			return Job{}, fmt.Errorf("step %d of the script: %w", i+1, err)
		}
	}
	return job, nil
}

// complete fills in what nobody chose.
func (j Job) complete() Job {
	j.Name = cmp.Or(j.Name, "agent")
	j.Role = cmp.Or(j.Role, "coder")
	j.Model = cmp.Or(j.Model, "default") // the gateway answers with one that it has
	j.API = cmp.Or(j.API, agent.APIOf(j.Model))
	j.Endpoint = strings.TrimSuffix(j.Endpoint, "/")
	if j.Context <= 0 {
		j.Context = defaultContext
	}
	if j.MaxTurns <= 0 {
		j.MaxTurns = defaultTurns
	}
	return j
}

// wantsVerdict says whether the job is to review.
func (j Job) wantsVerdict() bool { return j.Role == "reviewer" }
