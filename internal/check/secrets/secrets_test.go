package secrets

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/check/secrets/secretstest"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

func TestInvented(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, text, want string }{
		{"documentation's AWS key", "a.md", "AKIA" + "IOSFODNN7" + "EXAMPLE", "[]"},
		{"filler", "a.md", "ghp_" + strings.Repeat("x", 36), "[]"},
		{"checksum of nothing", "a.md", expand("ghp_{a-zA-Z0-9:36}", 3), "[github-token?]"},
		{"template", "a.sh", `TOKEN="${SECRET_TOKEN_FROM_ENVIRONMENT}"`, "[]"},
		{"identifier", "a.go", `secretName := "cluster-backup-secret-name"`, "[]"},
		{"digest", "a.json", `"token": "sha256-{a-zA-Z0-9:43}="`, "[]"},
		{"uuid-like name", "a.go", `const tokenKey = "internal/check/secrets/token.go"`, "[]"},
		{"documentation's password", "a.md", "postgres://user:pass@localhost:5432/db", "[]"},
		{"local database", "a.md", "postgres://svc:{a-zA-Z0-9:16}@localhost:5432/db", "[]"},
		{"single-label host", "compose.yaml", "url: postgres://svc:{a-zA-Z0-9:16}@db:5432/main", "[database-url?]"},
		{"port is no password", "a.md", "http://example.com:8080/a@b", "[]"},
		{"header only", "a.go", "-----BEGIN " + "PRIVATE KEY-----\n...\n-----END", "[]"},
		{"header in code", "a.go", `strings.HasPrefix(s, "-----BEGIN ` + `PRIVATE KEY-----")`, "[]"},
		{"public key", "a.pem", "-----BEGIN PUBLIC KEY-----\n{a-zA-Z0-9:64}\n", "[]"},
		{"encrypted key", "a.pem", "-----BEGIN RSA {:0}PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{a-zA-Z0-9:64}\n", "[private-key]"},
		{"key in source", "a.js", "'-----BEGIN {:0}PRIVATE KEY-----\\n' +\n  '{a-zA-Z0-9:64}\\n' +", "[private-key]"},
		{"tutorial's web token", "a.md", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.{a-zA-Z0-9:43}", "[]"},
		{"Kubernetes data", "a.yaml", "kind: Secret\ndata:\n  password: {base64}\n", "[kubernetes-secret]"},
		{"Kubernetes placeholder", "a.yaml", "kind: Secret\nstringData:\n  password: changeme\n", "[]"},
		{"Kubernetes template", "a.yaml", "kind: Secret\nstringData:\n  password: {{ .Values.password }}\n", "[]"},
		{"another kind", "a.yaml", "kind: ConfigMap\ndata:\n  greeting: {base64}\n---\nkind: Secret\n", "[]"},
		{"binary", "a.bin", "\x00ghp_{a-zA-Z0-9:30}{sum}", "[]"},
		{"two on a line", "a.txt", "ghp_{a-zA-Z0-9:30}{sum} glpat-{a-zA-Z0-9:20}", "[github-token gitlab-token]"},
		{"specific beats general", "a.env", "API_TOKEN=glpat-{a-zA-Z0-9:20}", "[gitlab-token]"},
		{"minified", "a.js", strings.Repeat("a=1;", 5000) + `k="glpat-{a-zA-Z0-9:20}";` + strings.Repeat("b=2;", 5000), "[gitlab-token]"},
		{"mid-word", "a.txt", "xghp_{a-zA-Z0-9:30}{sum}", "[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hits, err := builtinEngine().scan(tt.path, []byte(expand(tt.text, 7)))
			if got := describe(hits); err != nil || got != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func run(t *testing.T, base, merged map[string]string) builtin.Result {
	t.Helper()
	return builtintest.Run(t, Check{}, base, merged)
}

func TestMessagesKeepTheSecret(t *testing.T) {
	t.Parallel()
	for _, id := range secretstest.IDs() {
		text := secretstest.Sample(id, 11)
		for _, f := range run(t, nil, map[string]string{pathFor(id): text}).Merged {
			for _, secret := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \n\"=:/@.&", r) }) {
				if len(secret) >= 12 && (strings.Contains(f.Message, secret) || strings.Contains(f.Fix, secret)) {
					t.Errorf("%s: %q repeats the secret", id, f.Message)
				}
			}
		}
	}
}

func TestNewOldAndReplaced(t *testing.T) {
	t.Parallel()
	one, other := secretstest.Sample("gitlab-token", 1)+"\n", secretstest.Sample("gitlab-token", 2)+"\n"
	tests := []struct {
		name         string
		base, merged string
		want         string
	}{
		{"new", "text\n", one, facts.Failed},
		{"moved", one, "text\n" + one, facts.Passed},
		{"replaced by another", one, other, facts.Failed},
		{"removed", one, "text\n", facts.Passed},
		{"a second one", one, one + one, facts.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := run(t, map[string]string{"a": tt.base}, map[string]string{"a": tt.merged})
			if got.State != tt.want {
				t.Errorf("got %s, want %s: %v", got.State, tt.want, got.Merged)
			}
		})
	}
}

func TestInSourceSuppressionIsMarked(t *testing.T) {
	t.Parallel()
	got := run(t, nil, map[string]string{"a.go": secretstest.Sample("gitlab-token", 1) + " // gitleaks:allow\n"})
	if len(got.Merged) != 1 || got.Merged[0].Suppress != "inSource" {
		t.Errorf("got %v", got.Merged)
	}
}

const ownRule = `
[extend]
disabledRules = ["gitlab-token"]
[[rules]]
id = "house-token"
description = "a house token"
regex = '''house-([0-9]{8})'''
keywords = ["house-"]
[[rules.allowlists]]
regexes = ["^0000"]
[[allowlists]]
paths = ["^vendor/"]
`

func TestOwnRules(t *testing.T) {
	t.Parallel()
	token := secretstest.Sample("gitlab-token", 1)
	tests := []struct {
		name         string
		base, merged map[string]string
		want         string
	}{
		{"found", map[string]string{".gitleaks.toml": ownRule}, map[string]string{".gitleaks.toml": ownRule, "a": "house-12345678"}, "a secrets/house-token"},
		{"allowed by value", map[string]string{".gitleaks.toml": ownRule}, map[string]string{".gitleaks.toml": ownRule, "a": "house-00005678"}, ""},
		{"allowed by path", map[string]string{".gitleaks.toml": ownRule}, map[string]string{".gitleaks.toml": ownRule, "vendor/a": "house-12345678"}, ""},
		{"built-in rule off", map[string]string{".gitleaks.toml": ownRule}, map[string]string{".gitleaks.toml": ownRule, "a": token}, ""},
		{"the branch's own exceptions do not count", nil, map[string]string{".gitleaks.toml": ownRule, "a": token}, "a secrets/gitlab-token"},
		{"broken", nil, map[string]string{".gitleaks.toml": "[[rules]\n", "a": token}, ".gitleaks.toml secrets/config, a secrets/gitlab-token"},
		{"broken at base, mended", map[string]string{".gitleaks.toml": "[[rules]\n"}, map[string]string{".gitleaks.toml": ownRule}, ""},
		{"look-around", map[string]string{".gitleaks.toml": "[[rules]]\nid='n'\nregex='''ab(?!c)\\d'''\n"}, map[string]string{".gitleaks.toml": "", "a": "é ab1 abc"}, "a secrets/n"},
		{"path only", map[string]string{".gitleaks.toml": "[[rules]]\nid='p'\npath='''\\.p12$'''\n"}, map[string]string{".gitleaks.toml": "", "a.p12": "x"}, "a.p12 secrets/p"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range run(t, tt.base, tt.merged).Merged {
				got = append(got, f.Path+" "+f.Rule)
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBrokenConfigSaysWhere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		line int
		want string
	}{
		{"title = 'x'\n[[rules]\n", 2, ""},
		{"[[rules]]\nid = 'a'\nregex = '('\n", 2, "rule a: regex"},
		{"[[rules]]\nid = 'a'\n", 2, "neither regex nor path"},
		{"\n[allowlist]\ncondition = 'XOR'\n", 2, "neither AND nor OR"},
		{"[extend]\npath = 'missing.toml'\n", 2, "cannot be read"},
	}
	for _, tt := range tests {
		got := run(t, nil, map[string]string{".gitleaks.toml": tt.text}).Merged
		if len(got) != 1 || got[0].Line != tt.line || !strings.Contains(got[0].Message, tt.want) || got[0].Severity != finding.Error {
			t.Errorf("%q: got %+v", tt.text, got)
		}
	}
}

// TestConditionAnd fails when a list with two kinds of conditions is taken for either of them.
func TestConditionAnd(t *testing.T) {
	t.Parallel()
	config := "[[rules]]\nid='h'\nregex='''h-(\\w+)'''\n[[rules.allowlists]]\ncondition='AND'\npaths=['^docs/']\nstopwords=['demo']\n"
	base := map[string]string{".gitleaks.toml": config}
	got := run(t, base, map[string]string{".gitleaks.toml": config, "docs/a": "h-demo", "docs/b": "h-real", "src/c": "h-demo"}).Merged
	if len(got) != 2 || got[0].Path != "docs/b" || got[1].Path != "src/c" {
		t.Errorf("got %v", got)
	}
}

func TestAutomatonFindsWhatIndexFinds(t *testing.T) {
	t.Parallel()
	words := []string{"he", "she", "his", "hers", "s", "://", "\xff\x00"}
	text := []byte("USHERS ahishe sSs://\xff\x00her")
	got := map[[2]int]bool{}
	newAutomaton(words).find(text, func(word, end int) { got[[2]int{word, end}] = true })
	want := 0
	folded := bytes.ToLower(text)
	copy(folded, text)
	for i, c := range folded {
		folded[i] = lower(c)
	}
	for w, word := range words {
		for at := range folded {
			if bytes.HasPrefix(folded[at:], []byte(word)) {
				want++
				if !got[[2]int{w, at + len(word)}] {
					t.Errorf("%q at %d is missed", word, at)
				}
			}
		}
	}
	if want != len(got) {
		t.Errorf("%d found, want %d", len(got), want)
	}
}

func TestEntropy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"aaaa": 0, "abab": 1000, "abcd": 2000, "abcdefgh": 3000} {
		if got := entropy([]byte(text)); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}

// TestHostileInputIsCheap does not come to an end in any reasonable time when the cost of an input grows with its square.
func TestHostileInputIsCheap(t *testing.T) {
	t.Parallel()
	token := secretstest.Sample("gitlab-token", 1) + " "
	for _, unit := range []string{"token=", "://", "-----BEGIN {:0}PRIVATE KEY-----", "kind: Secret\ndata:\n", token, "eyJ", "password: "} {
		unit = expand(unit, 1)
		hits, err := builtinEngine().scan("a.yaml", []byte(strings.Repeat(unit, (1<<19)/len(unit))))
		if err != nil || unit == token && len(hits) != (1<<19)/len(unit) {
			t.Errorf("%q: %d hits, %v", unit, len(hits), err)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, id := range secretstest.IDs() {
		f.Add("a.yaml", []byte(secretstest.Sample(id, 1)))
	}
	f.Fuzz(func(t *testing.T, path string, text []byte) {
		hits, err := builtinEngine().scan(path, text)
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for _, h := range hits {
			if h.start < last || h.end <= h.start || h.end > len(text) {
				t.Fatalf("hit at %d:%d after %d of %d", h.start, h.end, last, len(text))
			}
			last = h.end
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(ownRule))
	f.Add([]byte("[allowlist]\ncondition='AND'\n[[rules]]\nid='a'\nregex='(?<!b)a'\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _, err := parseConfig(configPath, text)
		if err == nil {
			engine := newEngine(c.rules, c.allow)
			_, _ = engine.scan("a", []byte("house-12345678")) // a pattern may run out of time: an error, not a panic
		}
	})
}

// BenchmarkScan measures the scan of adamant's own source, in which tokens, secrets and keys abound.
func BenchmarkScan(b *testing.B) {
	files, err := filepath.Glob(filepath.Join("..", "..", "*", "*.go"))
	if err != nil || len(files) == 0 {
		b.Fatal("no Go source: ", err)
	}
	var text []byte
	for _, file := range files {
		part, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		text = append(text, part...)
	}
	engine := builtinEngine()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := engine.scan("a.go", text); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Check{}.Run(ctx, builtintest.Input(nil, map[string]string{"a": "b"}))
	if err == nil {
		t.Error("a cancelled run passed")
	}
}
