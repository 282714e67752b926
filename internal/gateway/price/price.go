// Package price turns usage into integer nano-USD by a table with effective dates (docs/formats/prices.md). It promises that the
// same usage at the same day costs the same anywhere, computed without floating point, and that a model without a price is said to
// have none: nothing is guessed. It never opens a connection and never reads the clock.
package price

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Table is a price table. The zero value knows no price. It is not changed after it was made.
type Table struct{ tables [][]row }

// row is one price, from the day it is valid.
type row struct {
	model, provider, from string
	steps                 []step // by input; the first is for any
	tiers                 map[string]int64
	source                string
}

// step are the rates for requests with more than above input tokens, in pico-USD a token (micro-USD a million).
type step struct {
	above int64
	rates rates
}

type rates struct{ input, output, read, write, hour int64 }

// New makes a table of manifests. The first table that prices a model does; within one, see Quote.
func New(tables ...*manifest.Prices) *Table {
	t := &Table{}
	for _, p := range tables {
		if p == nil {
			continue
		}
		rows := make([]row, 0, len(p.Spec.Models))
		for _, m := range p.Spec.Models {
			rows = append(rows, rowOf(m))
		}
		t.tables = append(t.tables, rows)
	}
	return t
}

func rowOf(p manifest.Price) row {
	r := row{model: p.Model, provider: p.Provider, from: p.From, tiers: p.Tiers, source: p.Source, steps: []step{{rates: ratesOf(p.Rates)}}}
	for _, a := range p.Above {
		r.steps = append(r.steps, step{above: a.Tokens, rates: ratesOf(a.Rates)})
	}
	return r
}

func ratesOf(r manifest.Rates) rates {
	input := pico(r.Input)
	out := rates{input: input, output: pico(r.Output), read: input, write: input}
	if r.CacheRead != "" {
		out.read = pico(r.CacheRead)
	}
	if r.CacheWrite != "" {
		out.write = pico(r.CacheWrite)
	}
	out.hour = out.write
	if r.CacheWrite1h != "" {
		out.hour = pico(r.CacheWrite1h)
	}
	return out
}

// pico is a decimal of US dollars a million tokens in pico-USD a token: the same number of millionths. The manifest has checked it.
func pico(usd string) int64 {
	whole, places, _ := strings.Cut(usd, ".")
	digits := whole + (places + "000000")[:6]
	var n int64
	for _, c := range []byte(digits) {
		n = n*10 + int64(c-'0')
	}
	return n
}

// NanoUSD is a decimal amount of US dollars, as manifests have it, in nano-USD.
func NanoUSD(usd string) int64 {
	if usd == "" {
		return 0
	}
	return pico(usd) * 1000
}

// Quote is what a model costs at a provider on a day.
type Quote struct {
	row row
}

// Quote finds the price of a model: one for the provider before one for any, the longest pattern before shorter ones, the latest
// day that has come before earlier ones.
func (t *Table) Quote(provider, model string, at time.Time) (Quote, bool) {
	if t == nil {
		return Quote{}, false
	}
	day := at.UTC().Format(time.DateOnly)
	for _, rows := range t.tables {
		if best := find(rows, provider, model, day); best >= 0 {
			return Quote{row: rows[best]}, true
		}
	}
	return Quote{}, false
}

func find(rows []row, provider, model, day string) int {
	best := -1
	for i, r := range rows {
		if r.from > day || r.provider != "" && r.provider != provider || !Match(r.model, model) {
			continue
		}
		if best < 0 || r.better(rows[best]) {
			best = i
		}
	}
	return best
}

func (r row) better(than row) bool {
	if (r.provider == "") != (than.provider == "") {
		return r.provider != ""
	}
	if a, b := weight(r.model), weight(than.model); a != b {
		return a > b
	}
	return r.from > than.from
}

// weight is how exact a pattern is: its letters that are no wildcards, a name without any before all patterns.
func weight(pattern string) int {
	wild := strings.Count(pattern, "*") + strings.Count(pattern, "?")
	if wild == 0 {
		return math.MaxInt
	}
	return len(pattern) - wild
}

// Match says whether a name fits a pattern with * and ?. Both reach over slashes, which names of models may have.
func Match(pattern, name string) bool {
	star, mark := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Tier says whether the price of a tier of service is known. The empty tier is the default.
func (q Quote) Tier(name string) bool {
	_, known := q.factor(name)
	return known
}

// factor is in thousandths.
func (q Quote) factor(tier string) (int64, bool) {
	if tier == "" {
		return 1000, true
	}
	f, known := q.row.tiers[tier]
	return f, known
}

// Source says where the price was read.
func (q Quote) Source() string { return q.row.source }

// Pattern is the name or glob of the price.
func (q Quote) Pattern() string { return q.row.model }

// Cost is what usage costs, in nano-USD, rounded half up. A tier that is not known counts as the default.
func (q Quote) Cost(u wire.Usage, tier string) int64 {
	r := q.rates(u.Input())
	hour := min(u.CacheWrite1h, u.CacheWrite)
	sum := total{}
	sum.add(u.Fresh, r.input)
	sum.add(u.CacheRead, r.read)
	sum.add(u.CacheWrite-hour, r.write)
	sum.add(hour, r.hour)
	sum.add(u.Output, r.output)
	factor, known := q.factor(tier)
	if !known {
		factor = 1000
	}
	return sum.nano(factor)
}

// Most is the most that a request can cost: all of its input at the dearest rate for input, and all the output it may have.
func (q Quote) Most(input, output int64, tier string) int64 {
	r := q.rates(input)
	sum := total{}
	sum.add(input, max(r.input, r.write, r.read))
	sum.add(output, r.output)
	factor, known := q.factor(tier)
	if !known {
		factor = 1000
	}
	return sum.nano(factor)
}

func (q Quote) rates(input int64) rates {
	out := q.row.steps[0].rates
	for _, s := range q.row.steps[1:] {
		if input > s.above {
			out = s.rates
		}
	}
	return out
}

// total is a sum of tokens times pico-USD, in 128 bits.
type total struct{ high, low uint64 }

func (t *total) add(tokens, rate int64) {
	if tokens <= 0 || rate <= 0 {
		return
	}
	high, low := bits.Mul64(uint64(tokens), uint64(rate))
	var carry uint64
	t.low, carry = bits.Add64(t.low, low, 0)
	t.high, _ = bits.Add64(t.high, high, carry)
}

// nano is the sum times factor thousandths in nano-USD, rounded half up; the largest number when it does not fit.
func (t total) nano(factor int64) int64 {
	const thousandths = 1_000_000 // pico to nano, and the factor's
	high, low := bits.Mul64(t.low, uint64(factor))
	over, more := bits.Mul64(t.high, uint64(factor))
	high, carry := bits.Add64(high, more, 0)
	low, again := bits.Add64(low, thousandths/2, 0)
	high, last := bits.Add64(high, 0, again)
	if over != 0 || carry != 0 || last != 0 || high >= thousandths {
		return math.MaxInt64
	}
	out, _ := bits.Div64(high, low, thousandths)
	return int64(min(out, math.MaxInt64))
}

// Row is one price for people.
type Row struct {
	Model    string         `json:"model"`
	Provider string         `json:"provider,omitempty"`
	From     string         `json:"from,omitempty"`
	Rates    manifest.Rates `json:"rates"`
	Source   string         `json:"source,omitempty"`
}

// Rows lists a manifest's prices, sorted by model, provider and day.
func Rows(p *manifest.Prices) []Row {
	var out []Row
	for _, m := range p.Spec.Models {
		out = append(out, Row{Model: m.Model, Provider: m.Provider, From: m.From, Source: m.Source, Rates: m.Rates})
	}
	slices.SortFunc(out, func(a, b Row) int {
		for _, c := range []int{strings.Compare(a.Model, b.Model), strings.Compare(a.Provider, b.Provider), strings.Compare(a.From, b.From)} {
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return out
}
