package versions

import (
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/facts"
)

func mod(name, version string) string {
	return "module " + name + ".example/m\n\ngo 1.26\n\nrequire x.example/dep " + version + "\n"
}

func TestSingleVersion(t *testing.T) {
	t.Parallel()
	three := map[string]string{"a/go.mod": mod("a", "v1.0.0"), "b/go.mod": mod("b", "v1.0.0"), "c/go.mod": mod("c", "v1.0.0")}
	with := func(base map[string]string, file, text string) map[string]string {
		merged := map[string]string{file: text}
		for p, t := range base {
			if p != file {
				merged[p] = t
			}
		}
		return merged
	}
	two := with(three, "a/go.mod", mod("a", "v1.2.0"))
	tests := []struct {
		name         string
		base, merged map[string]string
		want         []string
		state        string
	}{
		{"one version", three, with(three, "a/go.mod", mod("a", "v1.0.0")+"\n// x\n"), nil, facts.Passed},
		{"one leaves the others", three, two, []string{"a/go.mod:5:0 versions/single-version"}, facts.Passed},
		{"another follows", two, with(two, "b/go.mod", mod("b", "v1.2.0")), []string{"c/go.mod:5:0 versions/single-version"}, facts.Passed},
		{"a third version", two, with(two, "b/go.mod", mod("b", "v1.3.0")), []string{"b/go.mod:5:0 versions/single-version", "c/go.mod:5:0 versions/single-version"}, facts.Passed},
		{"all move at once", three, map[string]string{"a/go.mod": mod("a", "v1.2.0"), "b/go.mod": mod("b", "v1.2.0"), "c/go.mod": mod("c", "v1.2.0")}, nil, facts.Passed},
		{"no manifest touched", two, with(two, "x.txt", "y"), nil, facts.Passed},
		{"own package", nil, map[string]string{"a/go.mod": mod("x", "v1.0.0"), "dep/go.mod": "module x.example/dep\n", "b/go.mod": mod("b", "v1.2.0")}, nil, facts.Passed},
		{"indirect", nil, map[string]string{"a/go.mod": mod("a", "v1.0.0"), "b/go.mod": mod("b", "v1.2.0 // indirect")}, nil, facts.Passed},
		{"package.json", nil, map[string]string{"a/package.json": `{"dependencies": {"d": "^1.0.0", "e": "*", "f": "workspace:*"}}`, "b/package.json": `{"devDependencies": {"d": "^1.1.0", "e": "2", "f": "1"}}`}, []string{"a/package.json:1:0 versions/single-version"}, facts.Passed},
		{"ranges leave it open", nil, map[string]string{"a/requirements.txt": "d>=1.9\ne==1\n", "b/requirements.txt": "d==1.6\ne<3\n"}, nil, facts.Passed},
		{"one version in two forms", nil, map[string]string{"a/package.json": `{"dependencies": {"d": "^1.0.0"}}`, "b/package.json": `{"dependencies": {"d": "1.0.0"}}`}, nil, facts.Passed},
		{"two ecosystems", nil, map[string]string{"a/package.json": `{"dependencies": {"d": "1"}}`, "b/requirements.txt": "d==2\n"}, nil, facts.Passed},
		{"unreadable", nil, map[string]string{"a/package.json": "{"}, []string{"a/package.json:1:0 versions/unreadable"}, facts.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := builtintest.Run(t, Check{}, tt.base, tt.merged)
			if got := builtintest.Places(result); !slices.Equal(got, tt.want) || result.State != tt.state {
				t.Errorf("got %q %s, want %q %s", got, result.State, tt.want, tt.state)
			}
		})
	}
}

func TestMessageNamesAllVersions(t *testing.T) {
	t.Parallel()
	result := builtintest.Run(t, Check{}, nil, map[string]string{"a/go.mod": mod("a", "v1.0.0"), "b/go.mod": mod("b", "v1.0.0"), "c/go.mod": mod("c", "v1.2.0")})
	if len(result.Merged) != 1 || !strings.Contains(result.Merged[0].Message, "2 versions: v1.0.0 (a/go.mod and 1 more), v1.2.0 (c/go.mod)") {
		t.Errorf("got %+v", result.Merged)
	}
}
