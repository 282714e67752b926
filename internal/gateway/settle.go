package gateway

import (
	"context"

	"github.com/adamant-os/adamant/internal/gateway/wire"
)

// finish settles a request, completes its exchange and has it observed. Nothing of the session is admitted meanwhile.
func (t *turn) finish(a wire.Answer, err error) {
	t.s.watch.Lock()
	defer t.s.watch.Unlock()
	t.complete(&a)
	if a.Error != "" {
		t.x.Error = a.Error
	}
	if err != nil {
		t.x.Error = err.Error()
	}
	t.price(&a)
	t.account()
	t.x.Latency = t.s.gateway.config.Now().Sub(t.x.Start)
	t.s.observe(&t.x)
	t.over()
}

func (t *turn) complete(a *wire.Answer) {
	if t.begun(a) && !a.HasInput {
		a.Usage.Fresh = t.input // the provider never told
	}
	if !t.begun(a) {
		a.Usage = Usage{}
	}
	if t.request.Retained {
		a.Usage.CacheWrite1h = a.Usage.CacheWrite
	}
	t.request.Check(a.Calls)
	t.x.Served, t.x.Text, t.x.Reasoning, t.x.Calls, t.x.Stop, t.x.Usage = a.Model, a.Text, a.Reasoning, a.Calls, a.Stop, a.Usage
	model := t.x.Model
	if a.Model != "" {
		model = a.Model
	}
	t.x.Family = t.provider.family(model)
	if t.x.Family == "unknown" {
		t.x.Family = t.provider.family(t.x.Model)
	}
	t.s.learn(t.request, a.Usage)
}

// begun says that an answer began, so that something may be billed.
func (t *turn) begun(a *wire.Answer) bool {
	return t.started || a.ID != "" || a.HasInput || a.HasOutput || a.Complete
}

// price says what the exchange cost, and how that is known.
func (t *turn) price(a *wire.Answer) {
	tier := t.request.Tier
	if a.Tier != "" && t.priced && t.quote.Tier(a.Tier) {
		tier = a.Tier
	}
	switch {
	case t.provider.Billing == "free" && !t.s.gateway.offline():
		t.x.CostSource = CostFree
	case a.CostNano != nil && !t.notional():
		t.x.CostNano, t.x.CostSource = *a.CostNano, CostProvider
	case !t.priced:
		t.x.CostSource = CostUnknown
	case t.notional():
		t.x.CostNano, t.x.CostSource = t.quote.Cost(a.Usage, tier), CostNotional
	default:
		t.x.CostNano, t.x.CostSource = t.quote.Cost(a.Usage, tier), CostPrices
	}
}

// account settles the reservation and adds the exchange to what the session spent. A budget that cannot be settled ends the session.
func (t *turn) account() {
	spent := Amount{NanoUSD: t.x.CostNano, Tokens: t.x.Usage.Total(), Requests: 1}
	if err := t.hold.Settle(context.WithoutCancel(t.s.ctx), spent); err != nil {
		t.s.Refuse("the budget cannot be settled: " + err.Error())
	}
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	sum := &t.s.spend
	sum.Usage = sum.Usage.Plus(t.x.Usage)
	sum.Requests++
	sum.Retries += int64(t.x.Retries)
	if t.x.CostSource == CostNotional {
		sum.NotionalNano += t.x.CostNano
	} else {
		sum.CostNano += t.x.CostNano
	}
}
