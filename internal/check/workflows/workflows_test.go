package workflows

import (
	"slices"
	"testing"

	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/facts"
)

const good = `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make test
`

func step(uses string) string {
	return "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: " + uses + "\n"
}

func call(uses string) string {
	return "on: push\njobs:\n  a:\n    uses: " + uses + "\n"
}

const ci = ".github/workflows/ci.yml"

func TestNewWorkflow(t *testing.T) {
	t.Parallel()
	tree := map[string]string{
		"tools/act/action.yml":        "inputs:\n  Name:\n    required: true\n  other:\n    required: true\n    default: x\nruns:\n  using: composite\n",
		"tools/image/Dockerfile":      "FROM scratch\n",
		".github/workflows/reuse.yml": "on:\n  workflow_call:\n    inputs:\n      level:\n        required: true\n        type: string\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ls\n",
	}
	tests := []struct {
		name, text string
		want       []string
	}{
		{"good", good, nil},
		{"not YAML", "on: push\n jobs:\n", []string{ci + ":2:5 workflows/syntax-check"}},
		{"unknown key", "on: push\njob:\n", []string{ci + ":1:1 workflows/syntax-check", ci + ":2:1 workflows/syntax-check"}},
		{"unknown context", good + "      - run: echo ${{ gihtub.ref }}\n", []string{ci + ":8:23 workflows/expression"}},
		{"unknown event", "on: pushed\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ls\n", []string{ci + ":1:5 workflows/events"}},
		{"script is not looked into", good + "      - run: if then fi(\n", nil},
		{"local action", step("./tools/act") + "        with:\n          name: x\n", nil},
		{"input missing", step("./tools/act"), []string{ci + ":6:15 workflows/local-inputs"}},
		{"input unknown", step("./tools/act") + "        with:\n          name: x\n          nmae: y\n", []string{ci + ":6:15 workflows/local-inputs"}},
		{"action of a Dockerfile", step("./tools/image") + "        with:\n          x: y\n", nil},
		{"action that a step may bring", step("./tools/none"), []string{ci + ":6:15 workflows/local-unknown"}},
		{"self reference", step("$/tools/act") + "        with:\n          name: x\n", nil},
		{"self reference to nothing", step("$/tools/none"), []string{ci + ":6:15 workflows/local-missing"}},
		{"workflow by self reference", call("$/.github/workflows/reuse.yml") + "    with:\n      level: x\n", nil},
		{"called workflow", call("./.github/workflows/reuse.yml") + "    with:\n      level: x\n", nil},
		{"called without its input", call("./.github/workflows/reuse.yml"), []string{ci + ":4:11 workflows/local-inputs"}},
		{"called but missing", call("./.github/workflows/none.yml"), []string{ci + ":4:11 workflows/local-missing"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			merged := map[string]string{ci: tt.text}
			for p, text := range tree {
				merged[p] = text
			}
			if got := builtintest.Places(builtintest.Run(t, Check{}, tree, merged)); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOldErrorIsNotNew(t *testing.T) {
	t.Parallel()
	bad := good + "      - run: echo ${{ gihtub.ref }}\n"
	result := builtintest.Run(t, Check{}, map[string]string{ci: bad}, map[string]string{ci: "name: x\n" + bad})
	if len(result.Merged) != 1 || result.State != facts.Passed {
		t.Errorf("got %+v", result)
	}
}

func TestActionTakenAway(t *testing.T) {
	t.Parallel()
	base := map[string]string{ci: step("./tools/act"), "tools/act/action.yml": "runs:\n  using: composite\n"}
	result := builtintest.Run(t, Check{}, base, map[string]string{ci: base[ci]})
	if got := builtintest.Places(result); !slices.Equal(got, []string{ci + ":6:15 workflows/local-missing"}) || result.State != facts.Failed {
		t.Errorf("got %q, %s", got, result.State)
	}
}

func TestConfigIsReadAtBase(t *testing.T) {
	t.Parallel()
	text := "on: push\njobs:\n  a:\n    runs-on: big-one\n    steps:\n      - run: ls\n"
	config := map[string]string{".github/actionlint.yaml": "self-hosted-runner:\n  labels: [big-one]\n"}
	merged := map[string]string{".github/actionlint.yaml": config[".github/actionlint.yaml"], ci: text}
	if got := builtintest.Places(builtintest.Run(t, Check{}, config, merged)); len(got) != 0 {
		t.Errorf("base's labels are not used: %q", got)
	}
	if got := builtintest.Places(builtintest.Run(t, Check{}, nil, merged)); len(got) != 1 {
		t.Errorf("the branch's labels are used: %q", got)
	}
}

func TestBrokenConfigIsAnError(t *testing.T) {
	t.Parallel()
	in := builtintest.Input(map[string]string{".github/actionlint.yaml": "["}, map[string]string{ci: good})
	if _, err := (Check{}).Run(t.Context(), in); err == nil {
		t.Error("a broken configuration passed")
	}
}

func TestOtherFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	if got := builtintest.Places(builtintest.Run(t, Check{}, nil, map[string]string{"a.yml": "on: [", ".github/x.yml": "["})); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

func FuzzRun(f *testing.F) {
	f.Add([]byte(good), []byte("inputs: {a: {required: true}}\n"))
	f.Add([]byte(step("./a")), []byte("inputs: [a]\n"))
	f.Add([]byte(call("./.github/workflows/ci.yml")), []byte("\n"))
	f.Fuzz(func(t *testing.T, workflow, action []byte) {
		builtintest.Run(t, Check{}, nil, map[string]string{ci: string(workflow), "a/action.yml": string(action)})
	})
}
