package thought

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/check/secrets"
	"github.com/adamant-os/adamant/internal/check/secrets/secretstest"
)

// secretsIn are the credentials of a text as the detectors see them, and those of their parts that are long enough to be told
// from other words: none may be found in what was redacted.
func secretsIn(t *testing.T, text string) []string {
	t.Helper()
	spans, err := secrets.Spans(text)
	if err != nil || len(spans) == 0 {
		t.Fatalf("no credential in %q (%v)", text, err)
	}
	var out []string
	for _, s := range spans {
		value := text[s.From:s.To]
		out = append(out, value)
		for part := range strings.FieldsSeq(value) {
			if len(part) > 20 && !strings.HasPrefix(part, "PuTTY-User-Key-File") {
				out = append(out, part)
			}
		}
	}
	return out
}

func leaks(t *testing.T, what, text string, values []string) {
	t.Helper()
	for _, v := range values {
		if strings.Contains(text, v) {
			t.Errorf("%s: %q stands in %q", what, v, text)
		}
	}
}

func redacted(t *testing.T, r *Redactor, text string) string {
	t.Helper()
	out, err := r.Redact(text)
	if err != nil {
		t.Fatal(err)
	}
	return out.Text
}

// plainly are the ways in which a credential comes along, each for every detector of the secrets check.
var plainly = map[string]func(string) string{
	"as it is":  func(s string) string { return "before\n" + s + "\nafter\n" },
	"coloured":  func(s string) string { return "\x1b[31m" + s[:len(s)/2] + "\x1b[0m" + s[len(s)/2:] + "\n" },
	"UTF-16":    wide,
	"torn":      func(s string) string { return s[:len(s)-2] + "\u200b" + s[len(s)-2:] },
	"crlf":      func(s string) string { return "a\r\n" + strings.ReplaceAll(s, "\n", "\r\n") + "\r\nb\r\n" },
	"not UTF-8": func(s string) string { return "\xff\xfe\n" + s + "\n\xc3" },
}

func wide(s string) string {
	var out []byte
	for _, c := range utf16.Encode([]rune(s)) {
		out = append(out, byte(c), byte(c>>8))
	}
	return string(out)
}

func TestEveryDetectorInEveryForm(t *testing.T) {
	t.Parallel()
	for _, id := range secretstest.IDs() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			sample := secretstest.Sample(id, 21)
			values := secretsIn(t, sample)
			for name, form := range plainly {
				out := redacted(t, NewRedactor(), form(sample))
				leaks(t, name, out, values)
				if !strings.Contains(out, "[redacted: ") {
					t.Errorf("%s: nothing says that something is gone: %q", name, out)
				}
			}
			hidden(t, sample, values)
		})
	}
}

// hidden are encodings that every tool at hand makes.
func hidden(t *testing.T, sample string, values []string) {
	t.Helper()
	std, raw := base64.StdEncoding.EncodeToString([]byte(sample)), base64.RawURLEncoding.EncodeToString([]byte(sample))
	for name, form := range map[string]string{
		"base64":         std,
		"base64 for url": raw,
		"wrapped":        wrap(std, 76),
		"in YAML":        "data:\n  x: |\n    " + strings.ReplaceAll(wrap(std, 64), "\n", "\n    "),
		"behind a path":  "data:text/plain;base64," + std,
		"misaligned":     "ab" + std,
		"twice":          base64.StdEncoding.EncodeToString([]byte(std)),
		"hex":            hex.EncodeToString([]byte(sample)),
		"percent":        percent(sample),
		"\\u":            escaped(sample),
	} {
		out := redacted(t, NewRedactor(), "x "+form+" y")
		leaks(t, name, out, append(values, form))
		if !strings.Contains(out, "[redacted: ") {
			t.Errorf("%s: nothing was found in %q", name, form)
		}
	}
}

func wrap(s string, n int) string {
	var out []string
	for len(s) > n {
		out, s = append(out, s[:n]), s[n:]
	}
	return strings.Join(append(out, s), "\n")
}

func percent(s string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, "%%%02X", s[i])
	}
	if back, err := url.PathUnescape(out.String()); err != nil || back != s {
		panic(back)
	}
	return out.String()
}

func escaped(s string) string {
	var out strings.Builder
	for _, c := range s {
		fmt.Fprintf(&out, `\u%04x`, c)
	}
	return out.String()
}

func TestPersonalData(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"DE21 3012 0400 0000 0152 " + "28", "536-22-8" + "174", "4556 7375 8689 " + "9855", "greta.vogel@post" + "haus.de", "+49 30 5683" + "9174"} {
		text := "customer: " + value + " called"
		leaks(t, "plain", redacted(t, NewRedactor(), text), []string{value})
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		leaks(t, "base64", redacted(t, NewRedactor(), encoded), []string{encoded})
	}
}

func TestKnownValues(t *testing.T) {
	t.Parallel()
	const token = "adm_not-a-form-that-anybody-knows"
	r := NewRedactor(token, "short")
	for name, text := range map[string]string{
		"plain": "Bearer " + token + "!", "base64": base64.StdEncoding.EncodeToString([]byte("x:" + token)), "hex": hex.EncodeToString([]byte(token)),
	} {
		out, err := r.Redact(text)
		if err != nil || !strings.Contains(out.Text, "a credential of this attempt") {
			t.Errorf("%s: %q, %v", name, out.Text, err)
		}
		leaks(t, name, out.Text, []string{token, text})
	}
	if out := redacted(t, r, "in short"); out != "in short" {
		t.Errorf("got %q", out)
	}
}

// What is no secret stays as it is.
func TestHarmlessTextStays(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "func main() {\n\tprintln(\"hello\")\n}\n", "ok  \tgithub.com/a/b\t0.012s\n", "PASS: 12 of 12, 100 %",
		"commit 5f0c1d2e3a4b5c6d7e8f90123456789012345678", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"internal/thought/redact_test.go:12: want 3, got 4", `{"path": "src/a.go", "old": "a", "new": "b"}`, "VGhpcyBpcyBqdXN0IGEgc2VudGVuY2UsIG5vdGhpbmcgZWxzZS4=",
		"https://example.com/a?b=c%20d", "Grüße, 日本語, 🎉",
	} {
		if out := redacted(t, NewRedactor(), text); out != text {
			t.Errorf("%q became %q", text, out)
		}
	}
}

// Redacting is done once: a second time changes nothing, whatever the text is made of.
func TestRedactIsIdempotent(t *testing.T) {
	t.Parallel()
	ids := secretstest.IDs()
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		for range rapid.IntRange(0, 5).Draw(t, "parts") {
			switch rapid.IntRange(0, 3).Draw(t, "sort") {
			case 0:
				text.WriteString(secretstest.Sample(rapid.SampledFrom(ids).Draw(t, "id"), rapid.Uint64Range(0, 50).Draw(t, "seed")))
			case 1:
				text.WriteString(base64.StdEncoding.EncodeToString([]byte(secretstest.Sample(rapid.SampledFrom(ids).Draw(t, "id"), 1))))
			default:
				text.WriteString(rapid.StringN(0, 30, 60).Draw(t, "text"))
			}
			text.WriteString(rapid.SampledFrom([]string{" ", "\n", "", "\"", "="}).Draw(t, "between"))
		}
		once, err := NewRedactor().Redact(text.String())
		if err != nil {
			t.Fatal(err)
		}
		twice, err := NewRedactor().Redact(once.Text)
		if err != nil || twice.Text != once.Text {
			t.Fatalf("%q became %q (%v)", once.Text, twice.Text, err)
		}
	})
}

// Hostile texts cost no more than others of their length.
func TestHostileTextIsCheap(t *testing.T) {
	t.Parallel()
	for name, unit := range map[string]string{"base64": "QUJD", "hex": "61", "percent": "%61", "escapes": `\u0061`, "mails": "a@b.", "lines": "A+/\n", "quotes": `\"`, "braces": "{"} {
		out, err := NewRedactor().Redact(strings.Repeat(unit, (1<<17)/len(unit)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(out.Text) > 1<<18 {
			t.Errorf("%s: grew to %d bytes", name, len(out.Text))
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, id := range secretstest.IDs()[:20] {
		f.Add(secretstest.Sample(id, 1))
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, err := NewRedactor().Redact(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(out.Text); err != nil {
			t.Fatal(err)
		}
		if spans, err := secrets.Spans(out.Text); err != nil || len(spans) > 0 {
			t.Errorf("%v is left in %q (%v)", spans, out.Text, err)
		}
	})
}
