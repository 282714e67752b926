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

// What goes wrong on the way to the model is survived, or it is reported: no CLI says that it succeeded when it did not.
func TestFaults(t *testing.T) {
	each(t, func(t *testing.T, c cli) {
		for _, f := range []fault{{1, 2, "429"}, {1, 2, "529"}, {1, 1, "cut"}, {1, 1, "json"}, {1, 1, "tool"}} {
			t.Run(f.kind, func(t *testing.T) {
				o := run(t, c, newModel(feature(c), f), 120*time.Second)
				e, claims := o.last(agent.Finished)
				switch {
				case done(o) && claims && e.Exit == 0:
					t.Logf("survived in %v, %d requests", o.took, o.requests)
				case claims && e.Exit == 0:
					t.Errorf("it claims success; the tree is %q\n%s", o.tree, o.text())
				default:
					t.Logf("reported in %v, %d requests: %+v, done %v\n%s", o.took, o.requests, e, done(o), o.text())
				}
			})
		}
	})
}

// A model that never answers leaves an attempt that is terminated, claims nothing, and leaves no process.
func TestHang(t *testing.T) {
	each(t, func(t *testing.T, c cli) {
		o := run(t, c, newModel(feature(c), fault{1, 1000, "hang"}), 20*time.Second)
		t.Logf("ended after %v, %d requests, exit %+v", o.took, o.requests, o.exit)
		if e, claims := o.last(agent.Finished); claims && e.Exit == 0 {
			t.Errorf("it claims success:\n%s", o.text())
		}
		if o.took > 50*time.Second {
			t.Errorf("it lived for %v", o.took)
		}
	})
}

// An agent whose command ignores SIGTERM is dead within 30 seconds of being terminated.
func TestIgnoresSIGTERM(t *testing.T) {
	each(t, func(t *testing.T, c cli) {
		turns := []turn{{calls: []call{{verb: "shell", command: "trap '' TERM INT HUP; while :; do sleep 1; done"}}}}
		patience := 15 * time.Second
		o := run(t, c, newModel(turns), patience)
		t.Logf("ended after %v, exit %+v", o.took, o.exit)
		if o.took > patience+30*time.Second {
			t.Errorf("it lived for %v", o.took)
		}
	})
}

// A model that is overloaded for ever ends in a report, or the attempt is terminated while the CLI still tries.
func TestOverloaded(t *testing.T) {
	each(t, func(t *testing.T, c cli) {
		o := run(t, c, newModel(feature(c), fault{1, 1 << 20, "529"}), 45*time.Second)
		e, claims := o.last(agent.Finished)
		t.Logf("ended after %v, %d requests, exit %+v, finished %v: %+v", o.took, o.requests, o.exit, claims, e)
		if claims && e.Exit == 0 {
			t.Errorf("it claims success:\n%s", o.text())
		}
	})
}
