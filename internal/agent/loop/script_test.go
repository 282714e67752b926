package loop

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agent/modeltest"
)

func TestReadSteps(t *testing.T) {
	t.Parallel()
	steps, err := ReadSteps(strings.NewReader(`{"run":"true"} {"write":"a","text":"b"} {"wait":"2s"} {"ignore":"SIGTERM"} {"exit":0} {"call":{"tool":"finish","args":{}}} {"say":"x","mayFail":true}`))
	if err != nil || len(steps) != 7 {
		t.Errorf("%+v, %v", steps, err)
	}
	for text, want := range map[string]string{
		`{}`:                     "step 1 of the script: a step does one thing",
		`{"run":"a","say":"b"}`:  "this one does 2",
		`{"run":"a","text":"b"}`: "text goes with write",
		`{"say":"a"}{"rum":"a"}`: "step 2 of the script",
		`{"ignore":"SIGKILL"}`:   "only SIGTERM",
		`{"wait":"soon"}`:        "step 1",
		`run make`:               "step 1",
	} {
		if _, err := ReadSteps(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestPerform(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps  string
		status int
		want   string
		told   string
	}{
		"works":        {`{"say":"hello"} {"write":"a/b.txt","text":"x\n"} {"run":"cat a/b.txt"} {"call":{"tool":"finish","args":{"summary":"wrote it"}}}`, 0, "wrote it", `finish {"summary":"wrote it"}`},
		"at its end":   {`{"wait":"1ms"}`, 0, "the script is at its end", ""},
		"exits":        {`{"exit":3} {"run":"true"}`, 3, "step 1 ends with 3", ""},
		"fails":        {`{"run":"exit 4"} {"say":"unreached"}`, 1, "step 1: (exit 4", ""},
		"may fail":     {`{"run":"exit 4","mayFail":true} {"say":"reached"}`, 0, "reached", ""},
		"escalates":    {`{"call":{"tool":"escalate","args":{"question":"why?"}}}`, 0, "why?", `ask_operator {"question":"why?"}`},
		"asks":         {`{"ask":"are you there?"}`, 0, "I am", ""},
		"unknown tool": {`{"call":{"tool":"fly","args":{}}}`, 1, "there is no tool", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := modeltest.Serve(t, modeltest.Turn{Text: "I am", Calls: []modeltest.Call{call("x", "run", `{"command":"touch bad"}`)}})
			o := &office{}
			o.at(s)
			steps, err := ReadSteps(strings.NewReader(c.steps))
			if err != nil {
				t.Fatal(err)
			}
			job := coder(checkout(t))
			job.Endpoint, job.Steps = s.URL, steps
			var out bytes.Buffer
			status, err := Perform(t.Context(), job, token, &out)
			if err != nil || status != c.status || !strings.Contains(out.String(), c.want) || strings.Contains(out.String(), "unreached") {
				t.Errorf("%d, %v: %s", status, err, out.String())
			}
			if got := strings.Join(o.told, "\n"); got != c.told {
				t.Errorf("told %q", got)
			}
			if _, err := os.Stat(filepath.Join(job.Repo, "bad")); err == nil {
				t.Error("a call of the model was done")
			}
		})
	}
}
