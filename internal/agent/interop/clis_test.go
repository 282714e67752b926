//go:build clis

package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
)

// feature reads, edits, creates a file, looks at what it did, and tells the control plane where it can.
func feature(c cli) []turn {
	turns := []turn{
		{reasoning: "I must look first.", text: "I read the file.", calls: []call{{verb: "read", path: repo + "/greet.txt"}}},
		{text: "Now I change it.", calls: []call{{verb: "edit", path: repo + "/greet.txt", old: "hello", new: "good day"}}},
		{text: "A second file.", calls: []call{{verb: "write", path: repo + "/NEW.md", new: "# New\n"}}},
		{calls: []call{{verb: "shell", command: "ls; false"}}},
	}
	if c.mcp {
		turns = append(turns, turn{calls: []call{{verb: "finish", raw: `{"summary":"greeted"}`}}})
	}
	return append(turns, turn{text: "greet.txt says good day, NEW.md is there."})
}

func done(o outcome) bool {
	return o.tree["greet.txt"] == "good day world\n" && strings.TrimSpace(o.tree["NEW.md"]) == "# New"
}

func each(t *testing.T, test func(t *testing.T, c cli)) {
	for _, c := range clis() {
		t.Run(c.name, func(t *testing.T) { test(t, c) })
	}
}

// A task is done by each CLI, judged by the tree.
func TestFeature(t *testing.T) {
	each(t, func(t *testing.T, c cli) {
		o := run(t, c, newModel(feature(c)), 90*time.Second)
		t.Logf("%v, %d requests, exit %+v\n%s", o.took, o.requests, o.exit, o.text())
		if !done(o) {
			t.Fatalf("the tree is %q; standard error:\n%s", o.tree, o.stderr)
		}
		if e, ok := o.last(agent.Finished); !ok || e.Exit != 0 {
			t.Errorf("finished: %v %+v", ok, e)
		}
		if c.mcp && (len(o.finished) != 1 || o.finished[0] != "greeted") {
			t.Errorf("the control plane was told %q", o.finished)
		}
	})
}
