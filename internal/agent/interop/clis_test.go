//go:build clis

package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/manifest"
)

// patient is how long an attempt that goes well may take: opencode needs 40 seconds where nothing else runs.
const patient = 8 * time.Minute

func done(o outcome) bool {
	return o.tree["greet.txt"] == "good day world\n" && strings.TrimSpace(o.tree["NEW.md"]) == "# New"
}

func each(t *testing.T, test func(t *testing.T, c cli)) {
	for _, c := range clis() {
		t.Run(c.name, func(t *testing.T) { test(t, c) })
	}
}

// A task is done by each CLI, judged by the tree. The gateway saw every call, and knew every tool.
func TestFeature(t *testing.T) {
	each(t, func(t *testing.T, c cli) {
		m := gated(t, feature(c, nil))
		o := run(t, c, m, patient)
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
		calls := 0
		for _, x := range m.exchanges() {
			for _, call := range x.Calls {
				calls++
				if !call.Valid {
					t.Errorf("the gateway finds %s %s invalid: %s", call.Tool, call.Args, call.Problem)
				}
			}
		}
		if want := len(feature(c, nil)) - 1; calls != want {
			t.Errorf("the gateway saw %d calls of %d", calls, want)
		}
	})
}

// What goes wrong on the way to the model is survived, or it is reported: no CLI says that it succeeded when it did not.
func TestFaults(t *testing.T) {
	each(t, func(t *testing.T, c cli) {
		for _, f := range []manifest.ScriptFault{{Kind: "status", Status: 429, Times: 2, RetryAfter: "1"}, {Kind: "status", Status: 529, Times: 2}, {Kind: "cut"},
			{Kind: "bad-arguments"}, {Kind: "unknown-tool"}} {
			t.Run(faultName(&f), func(t *testing.T) {
				t.Run("bare", func(t *testing.T) { survives(t, c, bare(t, feature(c, &f))) })
				t.Run("gateway", func(t *testing.T) { survives(t, c, gated(t, feature(c, &f))) })
			})
		}
	})
}

func survives(t *testing.T, c cli, m *model) {
	o := run(t, c, m, patient)
	e, claims := o.last(agent.Finished)
	switch {
	case o.requests == 0:
		t.Errorf("it asked nothing, so it met no fault; exit %+v, standard error:\n%s\n%s", o.exit, o.stderr, o.text())
	case done(o) && claims && e.Exit == 0:
		t.Logf("survived in %v, %d requests", o.took, o.requests)
	case claims && e.Exit == 0:
		t.Errorf("it claims success; the tree is %q\n%s", o.tree, o.text())
	default:
		t.Logf("reported in %v, %d requests: %+v, done %v\n%s", o.took, o.requests, e, done(o), o.text())
	}
}

// A model that never answers leaves an attempt that is terminated, claims nothing, and leaves no process.
func TestHang(t *testing.T) {
	each(t, func(t *testing.T, c cli) {
		o := run(t, c, bare(t, feature(c, &manifest.ScriptFault{Kind: "hang", Times: 1000})), 20*time.Second)
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
		const patience = 15 * time.Second
		deaf := "trap '' TERM INT HUP; while :; do sleep 1; done"
		o := run(t, c, gated(t, []manifest.ScriptTurn{{Calls: []manifest.ScriptCall{{Run: deaf}}}, {Calls: []manifest.ScriptCall{{Run: deaf}}}}), patience)
		t.Logf("ended after %v, exit %+v", o.took, o.exit)
		if o.took > patience+30*time.Second {
			t.Errorf("it lived for %v", o.took)
		}
	})
}

// A model that is overloaded for ever ends in a report, or the attempt is terminated while the CLI still tries.
func TestOverloaded(t *testing.T) {
	each(t, func(t *testing.T, c cli) {
		o := run(t, c, bare(t, feature(c, &manifest.ScriptFault{Kind: "status", Status: 529, Times: 10000})), 45*time.Second)
		e, claims := o.last(agent.Finished)
		t.Logf("ended after %v, %d requests, exit %+v, finished %v: %+v", o.took, o.requests, o.exit, claims, e)
		if claims && e.Exit == 0 {
			t.Errorf("it claims success:\n%s", o.text())
		}
	})
}
