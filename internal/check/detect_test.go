package check

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/manifest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// detect runs Detect on files given as name to content.
func detect(files map[string]string) ([]manifest.Check, []Note) {
	return Detect(slices.Collect(maps.Keys(files)), func(path string) ([]byte, error) {
		content, ok := files[path]
		if !ok {
			return nil, fmt.Errorf("%s was never listed", path)
		}
		return []byte(content), nil
	})
}

// describe prints what was detected, one line a check.
func describe(checks []manifest.Check, notes []Note) string {
	var out strings.Builder
	for _, c := range checks {
		fmt.Fprintf(&out, "%s %s", c.Name, c.Kind)
		if c.Directory != "" {
			fmt.Fprintf(&out, " in %s", c.Directory)
		}
		fmt.Fprintf(&out, ": %s\n", strings.Join(c.Command, " "))
		for _, line := range c.Setup {
			fmt.Fprintf(&out, "  setup %s\n", line)
		}
		for _, name := range slices.Sorted(maps.Keys(c.Env)) {
			fmt.Fprintf(&out, "  env %s=%s\n", name, c.Env[name])
		}
		for _, r := range c.Reports {
			fmt.Fprintf(&out, "  report %s %s\n", r.Format, r.Path)
		}
	}
	for _, n := range notes {
		fmt.Fprintf(&out, "note %s: %s\n", n.Path, n.Message)
	}
	return out.String()
}

const goModFile = "module example.org/m\n\ngo 1.24\n"

var detections = map[string]map[string]string{
	"empty": {},
	"go":    {"go.mod": goModFile, "m.go": "package m", "testdata/x/go.mod": goModFile, "testdata/x/x.go": "package x"},
	"go-modules": {
		"go.mod": goModFile, "m.go": "package m", "tools/go.mod": "module example.org/m/tools\n", "tools/t.go": "package t",
		"docs/go.mod": "module example.org/docs\n", "vendor/modules.txt": "", ".golangci.yml": "version: \"2\"\n",
	},
	"go-work": {
		"go.work": "go 1.24\nuse (\n\t./a\n\t./b\n)\n", "a/go.mod": goModFile, "a/a.go": "package a", "b/go.mod": goModFile, "b/b.go": "package b",
		"c/go.mod": goModFile, "c/c.go": "package c",
	},
	"npm-vitest": {
		"package.json":      `{"scripts":{"test":"vitest","lint":"eslint src","build":"tsc -p .","typecheck":"tsc --noEmit"},"devDependencies":{"vitest":"^3","@vitest/coverage-v8":"^3","eslint":"^9","prettier":"^3"}}`,
		"package-lock.json": "{}", ".prettierrc": "{}", "src/a.ts": "",
	},
	"npm-node-test":   {"package.json": `{"scripts":{"test":"node --test test/"}}`, "test/a.test.js": ""},
	"npm-placeholder": {"package.json": `{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}`},
	"pnpm-workspace": {
		"package.json": `{"private":true,"devDependencies":{"eslint":"^9"}}`, "pnpm-lock.yaml": "", "pnpm-workspace.yaml": "packages: [packages/*]", "eslint.config.js": "",
		"packages/a/package.json": `{"scripts":{"test":"jest","build":"tsc"}}`, "packages/b/package.json": `{}`,
	},
	"pnpm-chain": {
		"package.json":   `{"scripts":{"test":"pnpm test-unit && pnpm run test:e2e","test-unit":"vitest run","test:e2e":"vitest run -c vitest.config.e2e.ts"},"devDependencies":{"vitest":"^4"}}`,
		"pnpm-lock.yaml": "",
	},
	"yarn-jest":  {"package.json": `{"scripts":{"test":"npm run unit","unit":"cross-env CI=1 jest"},"devDependencies":{"jest":"^30","jest-junit":"^16"}}`, "yarn.lock": "# yarn lockfile v1\n"},
	"yarn-berry": {"package.json": `{"packageManager":"yarn@4.5.0","scripts":{"test":"tsc && mocha"},"devDependencies":{"mocha":"^11"}}`, "yarn.lock": "__metadata:\n"},
	"web-nested": {"go.mod": goModFile, "m.go": "", "web/package.json": `{"scripts":{"test":"jest && echo done"},"dependencies":{"x":"1"}}`, "web/package-lock.json": "{}"},
	"two-locks":  {"package.json": `{"packageManager":"pnpm@9.0.0","scripts":{"test":"ava"},"dependencies":{"x":"1"}}`, "package-lock.json": "{}", "pnpm-lock.yaml": ""},
	"bun":        {"package.json": `{"scripts":{"test":"bun test"}}`, "bun.lock": ""},
	"broken":     {"package.json": `{"scripts":`, "pyproject.toml": "[tool", "go.work": "use (", "go.mod": goModFile, "m.go": ""},
	"pytest-src": {
		"pyproject.toml":    "[build-system]\nrequires = [\"hatchling>=1.2\", \"hatch-vcs\"]\nbuild-backend = \"hatchling.build\"\n[project]\nname = \"p\"\n[project.optional-dependencies]\ntest = [\"pytest-cov\"]\n[tool.ruff]\nline-length = 100\n[tool.black]\n",
		"src/p/__init__.py": "", "tests/test_p.py": "", ".pre-commit-config.yaml": "# ruff==0.14.1",
	},
	"pytest-requirements": {"requirements.txt": "flask\n", "requirements-dev.txt": "pytest==8\n", "app.py": "", "test_app.py": ""},
	"pytest-uv":           {"pyproject.toml": "[project]\nname = \"p\"\n[tool.pytest.ini_options]\n", "uv.lock": "", "p.py": ""},
	"pytest-poetry":       {"pyproject.toml": "[build-system]\nrequires = [\"poetry-core\"]\nbuild-backend = \"poetry.core.masonry.api\"\n[tool.poetry]\nname = \"p\"\n", "poetry.lock": "", "tests/test_p.py": ""},
	"pytest-nested": {
		"pyproject.toml": "[tool.ruff]\n", "requirements.txt": "ruff==0.14.0\n", "svc/pyproject.toml": "[project]\nname = \"svc\"\n", "svc/tests/test_a.py": "",
		"lib/setup.py": "", "lib/test_b.py": "", "lib/docs/requirements.txt": "",
	},
	"npm-nested": {
		"package.json": `{"devDependencies":{"husky":"^9"}}`, "web/package.json": `{"scripts":{"test":"vitest run"}}`, "web/package-lock.json": "{}",
		"web/examples/x/package.json": `{"scripts":{"test":"jest"}}`, "cfg/package.json": `{"type":"module"}`,
	},
	"cargo":       {"Cargo.toml": "[workspace]", "Cargo.lock": "", "crates/a/Cargo.toml": ""},
	"maven":       {"pom.xml": "", "mvnw": "", "core/pom.xml": ""},
	"unsupported": {"build.gradle": "", "app/Gemfile": "", "App.csproj": "", "Lib.csproj": ""},
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for name, files := range detections {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := describe(detect(files))
			golden := filepath.Join("testdata", "detect", name+".txt")
			if *update {
				if err := errors.Join(os.MkdirAll(filepath.Dir(golden), 0o755), os.WriteFile(golden, []byte(got), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("detected:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// TestDetectDependsOnContentOnly shuffles the list of files: the result may not change, and every check must be one that
// the configuration format accepts.
func TestDetectDependsOnContentOnly(t *testing.T) {
	t.Parallel()
	all := map[string]string{}
	for name, files := range detections {
		for path, content := range files {
			all[name+"/"+path] = content
		}
	}
	want := describe(detect(all))
	names := slices.Collect(maps.Keys(all))
	for range 20 {
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		checks, notes := Detect(names, func(path string) ([]byte, error) { return []byte(all[path]), nil })
		if got := describe(checks, notes); got != want {
			t.Fatalf("another order gives\n%s\nnot\n%s", got, want)
		}
		for i, c := range checks {
			if i > 0 && checks[i-1].Name >= c.Name {
				t.Errorf("%s comes after %s", c.Name, checks[i-1].Name)
			}
		}
	}
}

func TestDetectUnreadable(t *testing.T) {
	t.Parallel()
	checks, notes := Detect([]string{"package.json"}, func(string) ([]byte, error) { return nil, errors.New("blob is missing") })
	if len(checks) > 0 || len(notes) == 0 || !strings.Contains(describe(nil, notes), "blob is missing") {
		t.Errorf("an unreadable manifest gives %s", describe(checks, notes))
	}
}

func FuzzDetect(f *testing.F) {
	for _, files := range detections {
		for name, content := range files {
			f.Add(name, content)
		}
	}
	f.Fuzz(func(t *testing.T, name, content string) {
		checks, _ := Detect([]string{name, "package.json", "pyproject.toml", "go.work", "go.mod", "x.go"}, func(string) ([]byte, error) { return []byte(content), nil })
		for _, c := range checks {
			if c.Name == "" || len(c.Command) == 0 || c.Kind == "" {
				t.Errorf("half a check: %+v", c)
			}
		}
	})
}
