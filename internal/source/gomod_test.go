package source

import (
	"strings"
	"testing"
)

func TestChangedDirectives(t *testing.T) {
	t.Parallel()
	const mod = "module example.com/x\n\ngo 1.26\n\nrequire example.com/a v1.2.3\n"
	tests := []struct{ name, path, before, after, want string }{
		{"nothing", "go.mod", mod, mod, ""},
		{"a version", "go.mod", mod, strings.Replace(mod, "v1.2.3", "v1.2.4", 1), ""},
		{"another module instead", "go.mod", mod, mod + "replace example.com/a => example.com/b v1.0.0\n", "replace"},
		{"the block's form", "go.mod", mod + "replace example.com/a => ../a\n", mod + "replace (\n\texample.com/a => ../a\n)\n", ""},
		{"no longer instead", "a/go.mod", mod + "replace example.com/a => ../a\n", mod, "replace"},
		{"a tool, an exclusion", "go.mod", mod, mod + "tool example.com/t\n\nexclude example.com/a v1.2.0\n", "exclude tool"},
		{"other switches", "go.mod", mod, mod + "godebug tlsrsakex=1\n\ntoolchain go1.26.1\n\nignore ./x\n", "godebug ignore toolchain"},
		{"unreadable", "go.mod", mod, "module (\n", "unreadable"},
		{"no go.mod", "package.json", "{}", "{ }", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(changedDirectives(tt.path, []byte(tt.before), []byte(tt.after)), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
