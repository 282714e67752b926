package script

import (
	"bytes"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/loop"
)

func TestPrepare(t *testing.T) {
	t.Parallel()
	prompt := "Do this:\n```script\n{\"say\":\"first\"}\n```\nThe gate refused it.\n```script\n{\"say\":\"second\"}\n{\"exit\":0}\n```\n"
	for name, c := range map[string]struct {
		attempt agent.Attempt
		want    int
		wantErr string
	}{
		"command":      {agent.Attempt{Command: []string{`{"run":"true"}`, `{"wait":"1s"}`, `{"say":"x"}`}, Prompt: prompt}, 3, ""},
		"last block":   {agent.Attempt{Prompt: prompt}, 2, ""},
		"block first":  {agent.Attempt{Prompt: "```script\n{\"say\":\"x\"}"}, 1, ""},
		"nothing":      {agent.Attempt{Prompt: "Do it."}, 0, "needs steps"},
		"other block":  {agent.Attempt{Prompt: "x ```script\n{}\n```"}, 0, "needs steps"},
		"broken":       {agent.Attempt{Command: []string{"make"}}, 0, "step 1 of the script"},
		"unknown step": {agent.Attempt{Command: []string{`{"say":"a"}`, `{"jump":"b"}`}}, 0, "step 2 of the script"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.attempt.Repo, c.attempt.Endpoint = "/work/repo", agent.Endpoint
			if c.attempt.Prompt == "" {
				c.attempt.Prompt = "x"
			}
			l, err := New("/bin/adamant").Prepare(c.attempt)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("%v, want %q", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			job, err := loop.ReadJob(bytes.NewReader(l.Stdin))
			if err != nil || len(job.Steps) != c.want {
				t.Errorf("%+v, %v", job, err)
			}
		})
	}
}
