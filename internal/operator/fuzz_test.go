package operator

import (
	"encoding/json"
	"testing"
	"time"
)

func FuzzParseOrder(f *testing.F) {
	o := Order{APIVersion: OrderVersion, Action: ActionEnrol, Operator: "ada", Method: "ssh", Nonce: "00000000000000000000000000000000", At: time.Unix(0, 0).UTC(), Expires: time.Unix(60, 0).UTC()}
	text, err := o.Text()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(`{"action":"land"}`)
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOrder(text)
		if err != nil {
			return
		}
		if again, err := o.Text(); err != nil || again != text {
			t.Fatalf("%q reads back as %q (%v)", text, again, err)
		}
	})
}

// No entry of a ledger, however it was edited, brings State down or gives authority without a signature.
func FuzzApply(f *testing.F) {
	for _, kind := range []string{KindEnrolled, KindRevoked, KindCodes, KindBroken, KindFailed, KindApproved} {
		f.Add(kind, `{"at":"2026-11-23T09:00:00Z","order":"{}","by":{"method":"ssh"}}`)
		f.Add(kind, `{"key":"a"}`)
	}
	f.Fuzz(func(t *testing.T, kind, body string) {
		var s State
		err := s.Apply(Entry{Kind: kind, Change: "c", Body: json.RawMessage(body)})
		if err == nil && kind != KindFailed {
			t.Fatalf("%s %s was taken by a kernel without operators", kind, body)
		}
	})
}

func FuzzCredential(f *testing.F) {
	b := newBrowser(f, 5)
	f.Add("words", string(b.create("words")))
	f.Add("words", string(b.prove("words", "").Assertion))
	k := Key{Method: "webauthn", Public: "AA", Site: "localhost"}
	f.Fuzz(func(t *testing.T, text, raw string) {
		kept, err := compact(json.RawMessage(raw))
		if err != nil {
			return
		}
		_, _ = (&Key{}).register(text, kept) // a challenge of one text is never one of another
		if _, err := k.verifyAssertion(text, kept); err == nil {
			t.Fatal("a key of one byte verified")
		}
	})
}

func FuzzSplitCode(f *testing.F) {
	f.Add("01-AAAAA-BBBBB-CCCCC-DDDDD")
	f.Fuzz(func(_ *testing.T, code string) { _, _, _ = splitCode(code) })
}
