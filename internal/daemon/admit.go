package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/adamant-os/adamant/internal/admit"
	"github.com/adamant-os/adamant/internal/ledger"
)

// admissionActor is who decides in the ledger.
const admissionActor = "kernel:admission"

// openAdmission makes what answers whether an artifact may run. Main is read when it is first asked.
func (d *Daemon) openAdmission() {
	d.admission = admit.New(admit.Options{Repo: d.kernel.Repo(), View: admit.Kernel(), Now: d.now, By: d.config.Version})
	d.admitted.last = map[question]string{}
	d.admitted.tell = func(err error) { d.trouble("admissions on record", err) }
}

func (d *Daemon) admitRoutes(a huma.API) {
	route(a, "POST", admit.Path, "Whether an artifact may run in an environment", func(ctx context.Context, in *with[admit.Request]) (admit.Decision, error) {
		return d.admit(ctx, in.Body)
	})
}

// admit decides, and puts the answer on record. It waits for no disk: a line is there a moment later, with others. But once one could
// not be written, answers wait for theirs, and without it nothing is decided.
func (d *Daemon) admit(ctx context.Context, r admit.Request) (admit.Decision, error) {
	decision, err := d.admission.Decide(ctx, r)
	if err != nil {
		return admit.Decision{}, err
	}
	if body, ok := decision.Decided(r); ok { // else there was no question
		err = d.admitted.record(body, func() (written, error) {
			return d.kernel.Ledger().Append(ctx, ledger.Record{Actor: admissionActor, Kind: admit.KindDecided, Body: body})
		})
	}
	if err != nil {
		return admit.Decision{}, fmt.Errorf("admit %s to %s: %w", r.Digest, r.Environment, err)
	}
	return decision, nil
}

const admittedSize = 4096 // questions

// admitted is the last answer on record to each question. One that says the same is not written again: whoever asks every second
// does not fill the ledger.
type admitted struct {
	mu    sync.Mutex
	last  map[question]string
	order []question // oldest first
	lost  bool       // the last line could not be written
	tell  func(error)
}

type question = [4]string

// written is a line on its way to the disk: ledger.Receipt.
type written interface {
	Wait(context.Context) (ledger.Entry, error)
}

// record has an answer written unless it is the last one on record.
func (a *admitted) record(body admit.Decided, write func() (written, error)) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	told, wait := a.put(body.Question(), string(text))
	if told {
		return nil
	}
	line, err := write()
	if err != nil {
		return a.settle(body.Question(), string(text), err)
	}
	settle := func() error {
		_, err := line.Wait(context.Background()) // the ledger's end is the end of this
		return a.settle(body.Question(), string(text), err)
	}
	if wait {
		return settle()
	}
	go func() { _ = settle() }() // the next answer waits, and says so
	return nil
}

// put takes an answer for the last one on record: told, if it was; else wait says whether to see that it gets there.
func (a *admitted) put(q question, text string) (told, wait bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, there := a.last[q]
	if before == text {
		return true, false
	}
	if !there {
		a.order = append(a.order, q)
	}
	a.last[q] = text
	for len(a.order) > admittedSize {
		delete(a.last, a.order[0])
		a.order = a.order[1:]
	}
	return false, a.lost
}

// settle notes how the writing of a line ended. One that failed is not on record.
func (a *admitted) settle(q question, text string, err error) error {
	a.mu.Lock()
	a.lost = err != nil
	if a.last[q] == text && err != nil {
		a.last[q] = "" // its place in order stays
	}
	a.mu.Unlock()
	a.tell(err)
	return err
}

// takeDecided learns at the start what is on record.
func (d *Daemon) takeDecided(e ledger.Entry) error {
	var body admit.Decided
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err == nil {
		d.admitted.put(body.Question(), string(text))
	}
	return err
}
