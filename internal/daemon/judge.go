package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/queue"
)

// The kinds of jobs.
const (
	jobJudge = "judge" // a change on a commit
	jobMerge = "merge" // the same, of a change in the merge queue: it does not stand in line with what was just pushed
	jobProve = "prove" // a run of the merge queue
)

// submitJudge hands a run of the gate to the workers. It is the same job until the state asks for another attempt.
func (d *Daemon) submitJudge(ctx context.Context, c change.Change, job change.Job) (bool, error) {
	d.mu.Lock()
	running, ok := d.judging[c.ID]
	ok = ok && !d.hints.resend[c.ID]
	d.mu.Unlock()
	if ok && running == job {
		return false, nil
	}
	body, err := json.Marshal(job)
	if err != nil {
		return false, err
	}
	kind := jobJudge
	if c.State.Status.InQueue() {
		kind = jobMerge
	}
	_, err = d.jobs.Submit(ctx, queue.Job{Kind: kind, Key: c.ID, State: string(job.Head), Step: string(job.Base), Attempt: job.Attempt, Body: body})
	d.mu.Lock()
	d.judging[c.ID] = job
	d.mu.Unlock()
	d.sent(c.ID, err) // it is sent again: a job queue that fails must not look like a gate that does
	return true, nil
}

// doJudge is a worker's part: run the gate and see its answer recorded. Only then is the job done.
func (d *Daemon) doJudge(ctx context.Context, job queue.Job) error {
	var wanted change.Job
	if err := json.Unmarshal(job.Body, &wanted); err != nil {
		return fmt.Errorf("reading the job: %w", err)
	}
	c, err := d.changes.Load(ctx, job.Key)
	if err != nil {
		return err
	}
	if !wants(c, wanted) {
		return nil
	}
	result := &change.Result{Job: wanted}
	limited, cancel := d.limit(ctx)
	defer cancel()
	outcome, err := d.assessed(limited, job.Kind, c, wanted.Base)
	err = lateness(limited, err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // it comes back
	case err != nil:
		result.Error = err.Error()
	default:
		result.Assessment = outcome
		data, err := manifest.CanonicalJSON(outcome)
		if err != nil {
			return err
		}
		result.Blob = change.BlobName(data)
	}
	d.mu.Lock()
	d.results[c.ID] = result
	d.mu.Unlock()
	return d.recorded(ctx, c.ID, result)
}

// recorded sees to it that an answer is in git, or that nobody wants it any more. A job that is done is never submitted again
// under its name, so it must not be done before that.
func (d *Daemon) recorded(ctx context.Context, id string, result *change.Result) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.loop.wakeAndWait(id):
		}
		d.mu.Lock()
		waiting := d.results[id] == result
		d.mu.Unlock()
		if !waiting {
			return nil
		}
		c, err := d.changes.Load(ctx, id)
		if err == nil && !wants(c, result.Job) {
			d.mu.Lock()
			defer d.mu.Unlock()
			delete(d.results, id)
			delete(d.judging, id)
			return nil
		}
		if err := sleep(ctx, retryPause/10); err != nil {
			return err
		}
	}
}

// wants says that a change waits for the answer to a job.
func wants(c change.Change, job change.Job) bool {
	run := c.State.Run
	return c.State.Head() == job.Head && run != nil && !run.Done && run.Base == job.Base && run.Attempt == job.Attempt
}

// sleep waits, or says why it did not.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// assessed is assess, with a note on disk where a change of the merge queue is judged: there main may move before each of its runs,
// which are then not counted together.
func (d *Daemon) assessed(ctx context.Context, kind string, c change.Change, base git.OID) (a *gate.Assessment, err error) {
	if kind != jobMerge {
		return d.assess(ctx, c, base)
	}
	err = d.watched(ctx, []string{c.ID}, func() (err error) {
		a, err = d.assess(ctx, c, base)
		return err
	})
	return a, err
}

// assess judges a change's current patch set on a commit. A member of a batch that lands was judged when that was composed.
func (d *Daemon) assess(ctx context.Context, c change.Change, base git.OID) (*gate.Assessment, error) {
	if a := d.merge.stagedAssessment(c.ID, c.State.Head(), base); a != nil {
		return a, nil
	}
	outcome, err := d.judged(ctx, c, base, asked{})
	if err != nil {
		return nil, err
	}
	return outcome.Verdict.Assessment, nil
}
