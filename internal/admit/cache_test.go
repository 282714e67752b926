package admit

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/build/vuln"
	"github.com/adamant-os/adamant/internal/git"
)

func (h *house) pass(d time.Duration) { h.now.Add(int64(d / time.Second)) }

// hits says how often an admitter's memory answered.
func remembered(a *Admitter) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.cache.entries)
}

// TestRememberedNoLongerThanTrue: each thing that an admission stands on is taken away, and it ends.
func TestRememberedNoLongerThanTrue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(h *house, digest string)
		want   string // empty: still allowed
	}{
		"time passes":              {func(h *house, _ string) { h.pass(time.Hour) }, ""},
		"something else is stated": {func(h *house, _ string) { h.build("other", bench); h.pass(time.Second) }, ""},
		"main goes on":             {func(h *house, _ string) { h.files["README"] = "more\n"; h.land(); h.pass(time.Second) }, ""},
		"the look is too old":      {func(h *house, _ string) { h.pass(24 * time.Hour) }, "SCAN_STALE"},
		"found to be vulnerable": {func(h *house, d string) {
			h.state(bench, ScanType, found("critical", vuln.Affected), attest.SHA256, d)
			h.pass(time.Second)
		}, "VULNERABLE"},
		"the gate takes its word back": {func(h *house, _ string) { h.vouch(h.built, "deny", attest.SourceLevel3); h.pass(time.Second) }, "GATE_DENIED"},
		"revoked": {func(h *house, _ string) {
			h.configure("  admission:\n    environments: {prod: {vulnerabilities: {deny: high, maxAge: 24h}}}\n    revoked: [{builder: " + bench + ", reason: stolen}]\n")
			h.land()
			h.pass(time.Second)
		}, "REVOKED"},
		"another rule": {func(h *house, _ string) {
			h.files[".adamant/policy/a.rego"] = "package adamant.admission\n\ndeny contains \"no\"\n"
			h.land()
			h.pass(time.Second)
		}, "POLICY_DENIED"},
		"main loses the commit": {func(h *house, _ string) {
			c := git.NewCommit{Tree: h.tree(""), Author: h.someone(), Committer: h.someone(), Message: "another history"}
			c.Parents = must(h.repo.Commit(h.t.Context(), h.built))(h.t).Parents
			h.move(must(h.repo.WriteCommit(h.t.Context(), c))(h.t))
			h.pass(time.Second)
		}, "GATE_MISSING PARAMETER_MISMATCH SOURCE_LEVEL SOURCE_UNLANDED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.configure(scanned)
			h.land()
			digest := looked(vuln.Report{}, 0)(h)
			a := h.admitter()
			if d := must(a.Decide(t.Context(), ask(digest)))(t); !d.Allowed || remembered(a) != 1 {
				t.Fatal(asText(d))
			}
			c.change(h, digest)
			if d := must(a.Decide(t.Context(), ask(digest)))(t); codes(d.Reasons) != c.want {
				t.Errorf("%s, want %s", asText(d), c.want)
			}
		})
	}
}

// TestRefusalIsNotRemembered: what was missing may come within the second in which references count as seen.
func TestRefusalIsNotRemembered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.admitter()
	if d := must(a.Decide(t.Context(), ask(artifact("x"))))(t); d.Allowed || remembered(a) != 0 {
		t.Fatal(asText(d))
	}
	h.build("x", bench)
	if d := must(a.Decide(t.Context(), ask(artifact("x"))))(t); !d.Allowed {
		t.Error(asText(d))
	}
}

// TestRevokedWithinASecond: an admission that is remembered is asked about main at the latest a second later.
func TestRevokedWithinASecond(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	digest := h.build("x", bench)
	a := h.admitter()
	must(a.Decide(t.Context(), ask(digest)))(t)
	h.configure("  admission: {revoked: [{digest: \"sha256:" + digest + "\", reason: leak}]}\n")
	h.land()
	h.pass(lookEvery)
	if d := must(a.Decide(t.Context(), ask(digest)))(t); d.Allowed {
		t.Error(asText(d))
	}
	h.now.Add(-int64(lookEvery/time.Second) * 10) // a clock that was set back does not bring it back
	if d := must(a.Decide(t.Context(), ask(digest)))(t); d.Allowed {
		t.Error(asText(d))
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	c := cache{entries: map[string]known{}}
	for i := range cacheSize + 10 {
		c.put(fmt.Sprint(i), known{})
		c.put(fmt.Sprint(i), known{})
	}
	if _, oldest := c.entries["0"]; len(c.entries) != cacheSize || len(c.order) != cacheSize || oldest {
		t.Errorf("%d entries, %d in order", len(c.entries), len(c.order))
	}
}

// benchmarks report the 99th percentile, too.
func measure(b *testing.B, run func(i int)) {
	b.Helper()
	var times []time.Duration
	b.ResetTimer()
	for i := range b.N {
		begin := time.Now()
		run(i)
		times = append(times, time.Since(begin))
	}
	b.StopTimer()
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkDecide: an artifact that nobody asked about before. The goal is a p99 of 50 ms.
func BenchmarkDecide(b *testing.B) {
	h := newHouse(b)
	const artifacts = 50
	var digests []string
	for i := range artifacts {
		digests = append(digests, looked(found("low", vuln.Affected), 0)(h))
		digests[i] = h.build(fmt.Sprint(i), bench)
		h.state(bench, ScanType, found("low", vuln.Affected), attest.SHA256, digests[i])
	}
	a := h.admitter()
	must(a.Decide(b.Context(), ask(digests[0])))(b)
	measure(b, func(i int) {
		a.mu.Lock()
		a.cache = cache{entries: map[string]known{}}
		a.mu.Unlock()
		if d := must(a.Decide(b.Context(), ask(digests[i%artifacts])))(b); !d.Allowed {
			b.Fatal(asText(d))
		}
	})
}

// BenchmarkRemembered: the goal is 1 ms.
func BenchmarkRemembered(b *testing.B) {
	h := newHouse(b)
	digest := h.build("x", bench)
	a := h.admitter()
	must(a.Decide(b.Context(), ask(digest)))(b)
	measure(b, func(int) { must(a.Decide(b.Context(), ask(digest)))(b) })
}

// BenchmarkFirst: a process that starts for one question.
func BenchmarkFirst(b *testing.B) {
	h := newHouse(b)
	digest := h.build("x", bench)
	measure(b, func(int) { must(h.admitter().Decide(b.Context(), ask(digest)))(b) })
}
