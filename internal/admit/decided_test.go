package admit

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/ledger"
)

// TestDecided: what the ledger keeps names what was asked, what came with it and what was answered.
func TestDecided(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	digest := h.build("x", bench)
	a := h.admitter()
	allowed, ok := must(a.Decide(t.Context(), ask(digest)))(t).Decided(ask(digest))
	if !ok || !allowed.Allowed || len(allowed.Codes) != 0 || allowed.Component == "" || allowed.Commit != string(h.built) || allowed.Builder != bench || allowed.Policy == "" || allowed.Trust == "" {
		t.Errorf("%+v", allowed)
	}
	request := Request{Digest: "sha256:" + artifact("y"), Environment: "prod", Component: "api", Bundles: []json.RawMessage{[]byte(`"b"`), []byte(`"a"`)}}
	refused, ok := must(a.Decide(t.Context(), request))(t).Decided(request)
	if !ok || refused.Allowed || !slices.Contains(refused.Codes, ProvenanceMissing) || refused.Component != "" || refused.Asked != "api" || len(refused.Given) != 2 {
		t.Errorf("%+v", refused)
	}
	twice := Decision{Reasons: []Clause{{Code: Vulnerable}, {Code: Revoked}, {Code: Vulnerable}}}
	if body, _ := twice.Decided(request); !slices.Equal(body.Codes, []Code{Revoked, Vulnerable}) {
		t.Errorf("codes: %v", body.Codes)
	}

	// The order in which bundles came is no other question; other bundles are.
	reordered, fewer := request, request
	reordered.Bundles = []json.RawMessage{request.Bundles[1], request.Bundles[0]}
	fewer.Bundles = request.Bundles[:1]
	same, _ := twice.Decided(reordered)
	other, _ := twice.Decided(fewer)
	if same.Question() != refused.Question() || other.Question() == refused.Question() {
		t.Errorf("%v, %v, %v", refused.Question(), same.Question(), other.Question())
	}
	for _, r := range []Request{{Digest: "x", Environment: "prod"}, {Digest: request.Digest}, {Digest: request.Digest, Environment: strings.Repeat("e", 64)}} {
		if _, ok := (Decision{}).Decided(r); ok {
			t.Errorf("%+v is a question", r)
		}
	}
}

// BenchmarkOnRecord: a question that nobody asked before, with its entry on the way into the ledger. The goal is a p99 of 50 ms.
func BenchmarkOnRecord(b *testing.B) {
	h := newHouse(b)
	digest := h.build("x", bench)
	a := h.admitter()
	writer := must(ledger.Open(b.Context(), h.repo, h.repo, "bench", ledger.Options{}))(b)
	measure(b, func(int) {
		a.mu.Lock()
		a.cache = cache{entries: map[string]known{}}
		a.mu.Unlock()
		body, _ := must(a.Decide(b.Context(), ask(digest)))(b).Decided(ask(digest))
		must(writer.Append(b.Context(), ledger.Record{Actor: "bench", Kind: KindDecided, Body: body}))(b)
	})
	if err := writer.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}
