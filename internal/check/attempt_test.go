package check

import "testing"

func TestTellingLine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ output, want string }{
		"empty":      {"\n\n", ""},
		"last":       {"compiling\nmain.go:1: x is not used\n", "main.go:1: x is not used"},
		"end of it":  {"Error [ERR_MODULE_NOT_FOUND]: Cannot find module 'x'\n    at f (a.js:1:2)\n  code: 'E',\n}\n\n", "Error [ERR_MODULE_NOT_FOUND]: Cannot find module 'x'"},
		"a trace":    {"TypeError: x is no function\n    at run (a.js:1:2)\n", "TypeError: x is no function"},
		"managers":   {"src/a.ts(3,1): error TS1005\n\u2009ELIFECYCLE\u2009 Command failed with exit code 2.\nnpm error code 2\n", "src/a.ts(3,1): error TS1005"},
		"only marks": {"====\n}\n", "}"},
	} {
		if got := tellingLine([]byte(tt.output)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
