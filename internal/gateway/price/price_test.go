package price

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func table(models ...manifest.Price) *Table {
	return New(&manifest.Prices{Spec: manifest.PricesSpec{Models: models}})
}

func TestCost(t *testing.T) {
	t.Parallel()
	sonnet := manifest.Price{Model: "claude-*", Tiers: map[string]int64{"priority": 2000},
		Rates: manifest.Rates{Input: "3", Output: "15", CacheRead: "0.30", CacheWrite: "3.75", CacheWrite1h: "6"},
		Above: []manifest.RatesAbove{{Tokens: 200_000, Rates: manifest.Rates{Input: "6", Output: "22.50", CacheRead: "0.60"}}}}
	tiny := manifest.Price{Model: "tiny", Rates: manifest.Rates{Input: "0.0375", Output: "0.000001"}}
	for _, c := range []struct {
		name, model, tier string
		usage             wire.Usage
		want              int64
	}{
		{"a dollar's worth", "claude-x", "", wire.Usage{Fresh: 100_000}, 300_000_000},
		{"every kind of token", "claude-x", "", wire.Usage{Fresh: 1, CacheRead: 1, CacheWrite: 3, CacheWrite1h: 1, Output: 1, Reasoning: 1}, 3000 + 300 + 2*3750 + 6000 + 15000},
		{"reasoning is part of the output", "claude-x", "", wire.Usage{Output: 10, Reasoning: 10}, 150_000},
		{"on the step", "claude-x", "", wire.Usage{Fresh: 200_000}, 600_000_000},
		{"above the step, by cached input", "claude-x", "", wire.Usage{Fresh: 1, CacheRead: 200_000, Output: 1}, 6000 + 200_000*600 + 22_500},
		{"a tier", "claude-x", "priority", wire.Usage{Fresh: 10}, 60_000},
		{"half a nano-dollar rounds up", "tiny", "", wire.Usage{Fresh: 1}, 38},
		{"less than half rounds down", "tiny", "", wire.Usage{Output: 400}, 0},
		{"nothing", "claude-x", "", wire.Usage{}, 0},
	} {
		q, ok := table(sonnet, tiny).Quote("p", c.model, day("2026-11-23"))
		if got := q.Cost(c.usage, c.tier); got != c.want || !ok {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestCostIsExact compares with rational numbers.
func TestCostIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := func(name string) (string, *big.Rat) {
			micro := rapid.Int64Range(0, 1e9).Draw(t, name)
			r := big.NewRat(micro, 1_000_000)
			return r.FloatString(6), r
		}
		tokens := func(name string) int64 { return rapid.Int64Range(0, 1<<40).Draw(t, name) }
		in, inRat := rate("in")
		out, outRat := rate("out")
		read, readRat := rate("read")
		u := wire.Usage{Fresh: tokens("fresh"), CacheRead: tokens("cached"), Output: tokens("output")}
		q, _ := table(manifest.Price{Model: "m", Rates: manifest.Rates{Input: in, Output: out, CacheRead: read}}).Quote("", "m", day("2026-01-01"))
		sum := new(big.Rat)
		for _, part := range []struct {
			n int64
			r *big.Rat
		}{{u.Fresh, inRat}, {u.CacheRead, readRat}, {u.Output, outRat}} {
			sum.Add(sum, new(big.Rat).Mul(big.NewRat(part.n, 1), part.r))
		}
		sum.Mul(sum, big.NewRat(1000, 1)) // USD a million to nano-USD a token
		sum.Add(sum, big.NewRat(1, 2))
		want := new(big.Int).Quo(sum.Num(), sum.Denom())
		if !want.IsInt64() {
			return
		}
		if got := q.Cost(u, ""); got != want.Int64() {
			t.Fatalf("%d, want %s", got, want)
		}
		if most := q.Most(u.Input(), u.Output, ""); readRat.Cmp(inRat) <= 0 && most < q.Cost(u, "") {
			t.Fatalf("the most is %d, less than the cost", most)
		}
	})
}

func TestQuote(t *testing.T) {
	t.Parallel()
	p := func(model, provider, from, input string) manifest.Price {
		return manifest.Price{Model: model, Provider: provider, From: from, Rates: manifest.Rates{Input: input, Output: "1"}}
	}
	prices := table(p("claude-*", "", "", "1"), p("claude-sonnet-5*", "", "", "2"), p("claude-sonnet-5-5", "", "2026-10-01", "3"),
		p("claude-sonnet-5-5", "", "2027-01-01", "4"), p("claude-*", "cheap", "", "5"))
	for _, c := range []struct {
		provider, model, at string
		want                int64
	}{
		{"a", "claude-haiku", "2026-11-23", 1}, {"a", "claude-sonnet-5-1", "2026-11-23", 2}, {"a", "claude-sonnet-5-5", "2026-09-30", 2},
		{"a", "claude-sonnet-5-5", "2026-10-01", 3}, {"a", "claude-sonnet-5-5", "2027-01-01", 4}, {"cheap", "claude-sonnet-5-5", "2027-01-01", 5},
		{"a", "gpt-5", "2026-11-23", 0},
	} {
		q, ok := prices.Quote(c.provider, c.model, day(c.at))
		if got := q.row.steps; ok != (c.want > 0) || ok && got[0].rates.input != c.want*1_000_000 {
			t.Errorf("%s %s at %s: %+v, want %d", c.provider, c.model, c.at, got, c.want)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true}, {"*", "a/b", true}, {"a*c", "abbc", true}, {"a*c", "abbcd", false}, {"a?c", "abc", true}, {"", "", true},
		{"", "a", false}, {"a", "A", false}, {"*-5", "x-5-5", true}, {"a**", "a", true}, {"a*b*c", "axbxbyc", true},
	} {
		if Match(c.pattern, c.name) != c.want {
			t.Errorf("%q %q: want %v", c.pattern, c.name, c.want)
		}
	}
}

func TestBuiltin(t *testing.T) {
	t.Parallel()
	own := &manifest.Prices{Spec: manifest.PricesSpec{Models: []manifest.Price{{Model: "claude-opus-5", Rates: manifest.Rates{Input: "1", Output: "1"}}}}}
	prices, err := Of(own)
	if err != nil {
		t.Fatal(err)
	}
	for model, want := range map[string]int64{"claude-opus-5": 1_000_000, "claude-opus-5-5": 4_000_000, "claude-sonnet-4-5-20250929": 3_000_000, "claude-opus-4-20250514": 15_000_000} {
		q, ok := prices.Quote("anthropic", model, day("2026-11-23"))
		if !ok || q.row.steps[0].rates.input != want {
			t.Errorf("%s: %+v", model, q.row)
		}
	}
	base, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range base.Spec.Models {
		if m.Source == "" {
			t.Errorf("%s has no source", m.Model)
		}
	}
	own.Spec.Extend = "no"
	closed, err := Of(own)
	if _, ok := closed.Quote("anthropic", "claude-fable-5", day("2026-11-23")); ok || err != nil {
		t.Errorf("extend: no knows built-in prices (%v)", err)
	}
}
