package gateway

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

// replaying makes a place that answers from a cassette and reaches nobody.
func replaying(t *testing.T, tape string) *place {
	t.Helper()
	return newPlace(t, setting{provider: func(w http.ResponseWriter, _ *http.Request) {
		t.Error("a provider is asked")
		w.WriteHeader(500)
	}, config: func(c *Config) {
		c.Mode, c.Cassette = Replay, tape
		c.Getenv = func(string) string { return "" } // no key
		c.Settings = manifest.Gateway{}
	}})
}

func TestRecordAndReplay(t *testing.T) {
	t.Parallel()
	for _, f := range formatList {
		for _, stream := range []bool{true, false} {
			tape := filepath.Join(t.TempDir(), "tape.jsonl")
			p := newPlace(t, setting{provider: says(f, simple), config: func(c *Config) { c.Mode, c.Cassette = Record, tape }})
			_, want, _ := p.ask(f, question(f, stream))
			again := replaying(t, tape)
			status, got, err := again.ask(f, question(f, stream))
			if status != 200 || got != want || err != nil {
				t.Errorf("%s: %d, %v\n%s", f, status, err, got)
			}
			if x := again.observed()[0]; x.CostNano != 200 || x.CostSource != CostNotional || x.Usage != simple.Usage || !x.Calls[0].Valid {
				t.Errorf("%s: replayed as %+v", f, x)
			}
			other := strings.Replace(question(f, stream), "hello", "something else", 1)
			if status, body, _ := again.ask(f, other); status != 400 || !strings.Contains(body, "record it again") {
				t.Errorf("%s: another request got %d %s", f, status, body)
			}
		}
	}
}

// TestReplayIsOfAnotherDay: what differs from run to run changes no key, what the agent says does.
func TestReplayIsOfAnotherDay(t *testing.T) {
	t.Parallel()
	key := func(text, user string) string {
		t.Helper()
		k, err := canonical(wire.Anthropic, []byte(`{"model":"m","metadata":{"user_id":"`+user+`"},"messages":[{"role":"user","content":"`+text+`"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	base := key("on 2026-11-23 in /tmp/a1/x, commit 20fdccd9, took 1.25s at 127.0.0.1:4041, Nov 23 08:31, Chunk ID: 174ccc", "u1")
	if base != key("on 2026-11-24 in /tmp/b2/y, commit 99aa88bb, took 3s at 127.0.0.1:5050, Dec  1 2025, Chunk ID: 07bffb", "u2") {
		t.Error("another day is another key")
	}
	for _, other := range []string{"on 2026-11-23 in /tmp/a1/x, commit 20fdccd9, took 1.25s at 127.0.0.1:4041 again", "go"} {
		if base == key(other, "u1") {
			t.Errorf("%q has the same key", other)
		}
	}
}

// TestNoSecretsOnTape: secrets are taken out; where they cannot be, the answer is not kept and replay says so.
func TestNoSecretsOnTape(t *testing.T) {
	t.Parallel()
	secret := "sk-abcdefghijklmnopqrstuvwxyz0123"
	own := "own-secret-of-the-operator"
	redact := func(s string) string { return strings.ReplaceAll(s, own, "[gone]") }
	for _, c := range []struct {
		name, body, kind string
		unfit            bool
	}{
		{"in one piece", raw(wire.Anthropic, wire.Answer{ID: "x", Text: "the key is " + secret + " and " + own}, false), "application/json", false},
		{"over two events", `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n" +
			`data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"sk-abcdefgh"}}` + "\n\n" +
			`data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"ijklmnopqrstuvwxyz0123"}}` + "\n\n" +
			`data: {"type":"message_stop"}` + "\n\n", "text/event-stream", true},
	} {
		tape := filepath.Join(t.TempDir(), "tape.jsonl")
		p := newPlace(t, setting{config: func(g *Config) { g.Mode, g.Cassette, g.Redact = Record, tape, redact }, provider: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			_, _ = w.Write([]byte(c.body))
		}})
		body := strings.Replace(question(wire.Anthropic, c.unfit), "hello", "my key is "+secret, 1)
		if status, got, _ := p.ask(wire.Anthropic, body); status != 200 || got != c.body {
			t.Fatalf("%s: the agent got %d %s", c.name, status, got)
		}
		_ = p.session.Close()
		data, err := os.ReadFile(tape)
		if err != nil || len(data) == 0 {
			t.Fatal("nothing was recorded", err)
		}
		for _, s := range []string{secret, own, "sk-provider-key", p.session.Token(), "sk-abcdefgh"} {
			if strings.Contains(string(data), s) {
				t.Errorf("%s: %s is on the tape", c.name, s)
			}
		}
		if info, err := os.Stat(tape); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others may read the tape: %v, %v", info.Mode(), err)
		}
		status, got, _ := replaying(t, tape).ask(wire.Anthropic, body)
		if (status != 200) != c.unfit || c.unfit && !strings.Contains(got, "spread over several events") {
			t.Errorf("%s: replayed as %d %s", c.name, status, got)
		}
	}
}

func TestCassetteIsChecked(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"no JSON": "hello\n", "another version": `{"v":2,"key":"x"}` + "\n", "no key": `{"v":1}` + "\n"} {
		tape := filepath.Join(t.TempDir(), "tape.jsonl")
		if err := os.WriteFile(tape, []byte("\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{Mode: Replay, Cassette: tape}); err == nil || !strings.Contains(err.Error(), "tape.jsonl:2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []Config{{Mode: Replay}, {Mode: Record}, {Mode: Script}, {Mode: "other"}, {Mode: Replay, Cassette: "/none"}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c.Mode)
		}
	}
}

// FuzzCanonical: no body makes it panic, and the key of a request is the key of its canonical form.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(question(wire.Anthropic, true)))
	f.Fuzz(func(t *testing.T, body []byte) {
		one, err := canonical(wire.Chat, body)
		two, err2 := canonical(wire.Chat, append([]byte(" "), body...))
		if (err == nil) != (err2 == nil) || one != two {
			t.Fatalf("%q and %q, %v and %v", one, two, err, err2)
		}
	})
}
