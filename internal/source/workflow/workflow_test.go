package workflow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

// show writes what was extracted, one thing a line.
func show(f *imports.File) string {
	var out []string
	for _, i := range f.Imports {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s", i.Line, i.Specifier, i.Exotic)))
	}
	for _, line := range f.Open {
		out = append(out, fmt.Sprintf("%d open", line))
	}
	if f.Problem != "" {
		out = append(out, fmt.Sprintf("%d %s", f.Line, f.Problem))
	}
	return strings.Join(out, "\n")
}

func TestExtract(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ src, want string }{
		"a workflow": {`on: push
defaults:
  run:
    working-directory: web
jobs:
  call:
    uses: ./.github/workflows/x.yml
  far:
    uses: o/r/.github/workflows/y.yml@v1
  build:
    runs-on: ubuntu
    container: node:20
    services: {db: {image: "postgres:16"}}
    steps:
      - uses: actions/checkout@v4
      - uses: ./tools/act
      - uses: docker://alpine:3
      - uses: ${{ matrix.action }}
      - run: ./run.sh --flag
      - working-directory: ./api/
        run: |
          set -e

          python tools/gen.py "x/y.json" && make
          FILE=a/b ./c.sh; curl https://h/i.sh
          bash "$GITHUB_WORKSPACE/d/e.sh" $VAR/f /etc/g k@v/l
`, "4 web folder\n7 .github/workflows/x.yml\n9 o/r/.github/workflows/y.yml@v1 outside\n12 docker://node:20 outside\n13 docker://postgres:16 outside\n" +
			"15 actions/checkout@v4 outside\n16 tools/act\n17 docker://alpine:3 outside\n19 run.sh word:web\n20 api folder\n24 tools/gen.py word:./api/\n24 x/y.json word:./api/\n" +
			"25 a/b word:./api/\n25 c.sh word:./api/\n26 d/e.sh word:./api/\n18 open"},
		"an action": {"runs:\n  using: composite\n  main: dist/index.js\n  image: docker://a\n  steps:\n    - run: ${{ github.action_path }}/x.sh && $GITHUB_ACTION_PATH/y\n      shell: bash\n", "3 dist/index.js beside\n4 docker://a outside\n6 x.sh beside\n6 y beside"},
		"odd":       {"jobs: [1]\nruns: x\n", ""},
		"odder":     {"jobs:\n  a: 1\n  b: {steps: {c: d}}\n  c: {steps: [1, {run: 2, uses: [x]}]}\n", ""},
		"crlf":      {"jobs:\r\n  a:\r\n    steps:\r\n      - run: |\r\n          b/c.sh\r\n", "5 b/c.sh word:"},
		"broken":    {"jobs: [\n", "1 this \"[\" is never closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := show(Extract([]byte(tt.src))); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestExtractHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	importstest.Fast(t, map[string]string{
		"flow":     strings.Repeat("{a: ", n),
		"jobs":     "jobs:\n" + strings.Repeat(" a: {steps: [{run: b/c}]}\n", n),
		"many":     "jobs: {a: {steps: [" + strings.Repeat("{run: b/c.sh},", 20_000) + "]}}",
		"words":    "jobs: {a: {steps: [{run: \"" + strings.Repeat("b/c ", n) + "\"}]}}",
		"aliases":  "a: &a [x]\nb: &b [" + strings.Repeat("*a,", n) + "]",
		"nul":      strings.Repeat("\x00", n),
		"one line": strings.Repeat("x", 10<<20),
	}, Extract)
}

func FuzzExtract(f *testing.F) {
	importstest.Fuzz(f, Extract, "jobs:\n  a:\n    uses: ./b\n    steps:\n    - run: |\n        c/d.sh\n      working-directory: e\n")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	r, _ := newResolver(importstest.Of(importstest.Listed(".github/workflows/a.yml", ".github/workflows/b.yml", "act/action.yml", "act/dist/index.js", "box/Dockerfile", "api/go.mod",
		"api/run.sh", "run.sh"), Language()))
	for _, tt := range []struct{ name, exotic, want string }{
		{".github/workflows/b.yml", "", ".github/workflows/b.yml"},
		{"act", "", "act/action.yml"},
		{"box", "", "box/Dockerfile"},
		{"gone", "", ""},
		{"o/r/p@v1", outside, "action:o/r/p"},
		{"docker://a:1", outside, "image:a:1"},
		{"run.sh", word + "api", "api/run.sh"},
		{"run.sh", word, "run.sh"},
		{"run.sh", word + "act", "run.sh"},
		{"../run.sh", word + "api", "run.sh"},
		{"../../../out", word + "api", ".github/workflows/a.yml"},
		{"x/y", word, ".github/workflows/a.yml"},
		{"api", folder, "api/go.mod .github/workflows/a.yml"},
		{"b.yml", beside, ".github/workflows/b.yml"},
	} {
		var got []string
		for _, to := range r.Resolve(".github/workflows/a.yml", nil, &imports.Import{Specifier: tt.name, Exotic: tt.exotic}) {
			got = append(got, to.Path+to.External)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s (%s) leads to %q, want %q", tt.name, tt.exotic, s, tt.want)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]bool{".github/workflows/a.yml": true, ".gitea/workflows/a.yaml": true, "x/action.yml": true, "action.yaml": true,
		".github/dependabot.yml": false, ".github/workflows/a.md": false, ".github/workflows/x/a.yml": false, "reaction.yml": false} {
		if match(p) != want {
			t.Errorf("%s: %v", p, !want)
		}
	}
}
