package manifest

import (
	"fmt"
	"strings"
)

// Prices is .adamant/prices.json: what models cost, and since when. It is read at main, never from a branch.
type Prices struct {
	APIVersion string     `json:"apiVersion" enum:"adamant.dev/v1"`
	Kind       string     `json:"kind" enum:"Prices"`
	Metadata   Metadata   `json:"metadata"`
	Spec       PricesSpec `json:"spec"`
}

// PricesSpec is the body of a price table.
type PricesSpec struct {
	// Extend says whether models that are not here are looked up in the table that is built in: yes (default) or no.
	Extend string  `json:"extend,omitempty" enum:"yes,no"`
	Models []Price `json:"models" min:"1"`
}

// Price is what one model costs in a span of time, in US dollars per million tokens.
type Price struct {
	// Model is the model's name, or a glob (*, ?) for several. The longest pattern that fits counts.
	Model string `json:"model" min:"1" max:"200"`
	// Provider limits the price to one provider of spec.gateway; it counts before prices without one.
	Provider string `json:"provider,omitempty" format:"name"`
	// From is the first day of the price (UTC); empty: always. Of several that have begun the latest counts.
	From  string `json:"from,omitempty" format:"date"`
	Rates Rates  `json:"rates"`
	// Above are other rates for requests with a long input, counted with what was cached.
	Above []RatesAbove `json:"above,omitempty"`
	// Tiers are factors, in thousandths, for tiers of service other than the default: priority, flex, fast, us.
	Tiers map[string]int64 `json:"tiers,omitempty" min:"1"`
	// Source says where the price was read, and when.
	Source string `json:"source,omitempty" min:"1"`
}

// Rates are US dollars per million tokens, as decimals such as "3" or "0.075".
type Rates struct {
	Input  string `json:"input" format:"usd"`
	Output string `json:"output" format:"usd"`
	// CacheRead is for input that was cached; default: input.
	CacheRead string `json:"cacheRead,omitempty" format:"usd"`
	// CacheWrite is for input that is kept for five minutes; default: input.
	CacheWrite string `json:"cacheWrite,omitempty" format:"usd"`
	// CacheWrite1h is for input that is kept for an hour; default: cacheWrite.
	CacheWrite1h string `json:"cacheWrite1h,omitempty" format:"usd"`
}

// RatesAbove are rates for requests whose input has more than Tokens tokens.
type RatesAbove struct {
	Tokens int64 `json:"tokens" min:"1"`
	Rates  Rates `json:"rates"`
}

// LoadPrices reads a price table as it is written. With any Diagnostic the result must not be used.
func LoadPrices(path string, data []byte) (*Prices, []Diagnostic) {
	doc, problem := single(path, data)
	if problem != nil {
		return nil, []Diagnostic{*problem}
	}
	p := &Prices{}
	problems := Decode(doc, p)
	v := validator{doc: doc}
	v.prices(p)
	return p, append(problems, v.problems...)
}

func (v *validator) prices(p *Prices) {
	seen := map[[3]string]int{}
	for i, price := range p.Spec.Models {
		at := fmt.Sprintf("/spec/models/%d", i)
		key := [3]string{price.Model, price.Provider, price.From}
		if first, twice := seen[key]; twice {
			v.report(at, "%q has two prices from the same day; the first one is models[%d]", price.Model, first)
		}
		seen[key] = i
		for tier, factor := range price.Tiers {
			if factor < 1 || factor > 100_000 {
				v.report(at+"/tiers/"+EscapePointer(tier), "a factor is 1 to 100,000 thousandths, not %d", factor)
			}
		}
		for j := range price.Above {
			if j > 0 && price.Above[j].Tokens <= price.Above[j-1].Tokens {
				v.report(fmt.Sprintf("%s/above/%d/tokens", at, j), "the steps of above must rise")
			}
		}
	}
}

// checkUSD wants a decimal amount with at most six places.
func checkUSD(s string) string {
	whole, places, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > 6 || span(whole) != len(whole) || point && (places == "" || len(places) > 6 || span(places) != len(places)) {
		return fmt.Sprintf("cannot be %q; want US dollars such as 3, 0.075 or 12.50", clip(s))
	}
	return ""
}
