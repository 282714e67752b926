package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/singleflight"

	"github.com/adamant-os/adamant/internal/admit"
	"github.com/adamant-os/adamant/internal/ledger"
)

// admissionActor is who decides in the ledger.
const admissionActor = "kernel:admission"

// openAdmission makes what answers whether an artifact may run. Main is read when it is first asked.
func (d *Daemon) openAdmission() {
	d.admission = admit.New(admit.Options{Repo: d.kernel.Repo(), View: admit.Kernel(), Now: d.now, By: d.config.Version})
	d.admitted.last = map[[4]string]string{}
}

func (d *Daemon) admitRoutes(a huma.API) {
	route(a, "POST", admit.Path, "Whether an artifact may run in an environment", func(ctx context.Context, in *with[admit.Request]) (admit.Decision, error) {
		return d.admit(ctx, in.Body)
	})
}

// admit decides, and has the answer on record before it is given: where it cannot be written, nothing is decided.
func (d *Daemon) admit(ctx context.Context, r admit.Request) (admit.Decision, error) {
	decision, err := d.admission.Decide(ctx, r)
	if err != nil {
		return admit.Decision{}, err
	}
	body, ok := decision.Decided(r)
	if !ok {
		return decision, nil // there was no question
	}
	err = d.admitted.record(body, func() error {
		_, err := d.kernel.Ledger().AppendSync(context.WithoutCancel(ctx), ledger.Record{Actor: admissionActor, Kind: admit.KindDecided, Body: body})
		return err
	})
	if err != nil {
		return admit.Decision{}, fmt.Errorf("admit %s to %s: %w", r.Digest, r.Environment, err)
	}
	return decision, nil
}

const admittedSize = 4096 // questions

// admitted is the last answer on record to each question. One that says the same is not written again: whoever asks every second
// does not fill the ledger.
type admitted struct {
	mu      sync.Mutex
	last    map[[4]string]string
	order   [][4]string // oldest first
	writing singleflight.Group
}

// record has an answer written unless it is the last one on record. It returns when it is.
func (a *admitted) record(body admit.Decided, write func() error) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if a.holds(body, string(text)) {
		return nil
	}
	_, err, _ = a.writing.Do(string(text), func() (any, error) {
		if a.holds(body, string(text)) {
			return nil, nil
		}
		if err := write(); err != nil {
			return nil, err
		}
		a.put(body, string(text))
		return nil, nil
	})
	return err
}

func (a *admitted) holds(body admit.Decided, text string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last[body.Question()] == text
}

func (a *admitted) put(body admit.Decided, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	question := body.Question()
	if _, there := a.last[question]; !there {
		a.order = append(a.order, question)
	}
	a.last[question] = text
	for len(a.order) > admittedSize {
		delete(a.last, a.order[0])
		a.order = a.order[1:]
	}
}

// takeDecided learns at the start what is on record.
func (d *Daemon) takeDecided(e ledger.Entry) error {
	var body admit.Decided
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return err
	}
	return d.admitted.record(body, func() error { return nil })
}
