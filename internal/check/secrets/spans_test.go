package secrets

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/secrets/secretstest"
)

// TestSpansCoverEverySample cuts what Spans lists out of a sample of every rule: nothing that a rule knows is left.
func TestSpansCoverEverySample(t *testing.T) {
	t.Parallel()
	for _, r := range builtinRules() {
		text := "first line\n" + secretstest.Sample(r.id, 3) + "\nlast line, after it\n"
		rest := cut(t, text)
		if rest == text || len(rest) > len(text)-3 {
			t.Errorf("%s: nothing was found in %q", r.id, text)
		}
		if hits, err := anywhere().scan("", []byte(rest)); err != nil || len(hits) > 0 {
			t.Errorf("%s: %s is left in %q (%v)", r.id, describe(hits), rest, err)
		}
	}
}

func cut(t *testing.T, text string) string {
	t.Helper()
	spans, err := Spans(text)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	at := 0
	for _, s := range spans {
		out.WriteString(text[at:max(s.From, at)])
		at = max(at, s.To)
	}
	return out.String() + text[at:]
}

func TestSpansOfLongKeys(t *testing.T) {
	t.Parallel()
	body := strings.Repeat(expand("{a-zA-Z0-9:63}\n", 1), 200) // over the window of the rule
	for name, text := range map[string]string{
		"whole":   "a\n-----BEGIN RSA " + "PRIVATE KEY-----\n" + body + "-----END RSA " + "PRIVATE KEY-----\nb\n",
		"cut off": "a\n-----BEGIN RSA " + "PRIVATE KEY-----\n" + body,
		"putty":   "a\nPuTTY-User-Key-" + "File-3: ssh-ed25519\nPrivate-Lines: 200\n" + body + "Private-MAC: 0\nb\n",
	} {
		if rest := cut(t, text); len(rest) > 60 || !strings.HasPrefix(rest, "a\n") {
			t.Errorf("%s: %d bytes are left: %.80q", name, len(rest), rest)
		}
	}
}

func TestSpansBesideNUL(t *testing.T) {
	t.Parallel()
	text := "\x00\x00 " + secretstest.Sample("gcp-api-key", 1)
	if spans, err := Spans(text); err != nil || len(spans) != 1 || spans[0].To != len(text) {
		t.Errorf("%v, %v", spans, err)
	}
}

func TestSpansOfWhatMayBeOne(t *testing.T) {
	t.Parallel()
	value := "k7" + expand("{a-zA-Z0-9:22}", 5)
	for _, text := range []string{
		"SESSION_SECRET=" + value + " ./run --fast", "curl -H 'Authorization: Bearer " + value + "' https://a.dev", "login --password " + value + " now",
		"db: {password: " + value + " }", "password=Tr4nsition", "--auth-token=" + value,
	} {
		if rest := cut(t, text); strings.Contains(rest, value) || strings.Contains(rest, "Tr4nsition") {
			t.Errorf("%q is left of %q", rest, text)
		}
	}
	for _, text := range []string{"token := parser.next(scanner.source)", "password: required field of the form", "--token-limit 100000 --secret-name production", "Bearer of the ring goes home"} {
		if rest := cut(t, text); rest != text {
			t.Errorf("%q is left of %q", rest, text)
		}
	}
}
