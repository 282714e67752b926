package workforce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/task"
)

// talk starts the agent and reads what it says until it has ended.
func (r *run) talk(ctx context.Context, spec sandbox.Spec) error {
	said, out := io.Pipe()
	noise := &tail{}
	spec.Stdout, spec.Stderr = out, noise
	hears, dialogue := r.runner.(agent.Dialogue)
	var ask *io.PipeWriter
	if dialogue {
		spec.Stdin, ask = io.Pipe()
	} else {
		spec.Stdin = bytes.NewReader(r.launch.Stdin)
	}
	process, err := r.force.config.Sandbox.Start(ctx, spec)
	if err != nil {
		return fmt.Errorf("starting the agent: %w", err)
	}
	var readers sync.WaitGroup
	readers.Go(func() {
		if dialogue {
			r.heard(hears.Converse(ctx, r.plan(), ask, said, r.event))
			ask.Close()
			r.terminate(process)
		} else {
			r.heard(r.runner.Parse(said, r.event))
		}
		_, _ = io.Copy(io.Discard, said) // an agent whose words nobody can read any more must not hang for it
	})
	ended := make(chan struct{})
	readers.Go(func() {
		select {
		case <-r.quit:
			r.terminate(process)
		case <-ctx.Done():
			r.terminate(process)
		case <-ended:
		}
	})
	exit, err := process.Wait()
	close(ended)
	out.Close()
	readers.Wait()
	if err != nil {
		return fmt.Errorf("the agent's sandbox: %w", err)
	}
	if exit.Cause == sandbox.CauseWall {
		r.stop(stopped{finish: task.FinishStopped, rule: "wall", why: fmt.Sprintf("it worked for %s, which is all that its persona may", r.cast.persona.Budget.Wall)})
	}
	if exit.Cause == sandbox.CauseMemory {
		r.stop(stopped{finish: task.FinishStopped, rule: "memory", why: "it used more memory than a sandbox has"})
	}
	hungUp := dialogue && exit.Cause == sandbox.CauseTerminated // by us, when all was said
	if (exit.Code != 0 || exit.Cause != "") && !hungUp && r.stopped() == nil {
		r.line("error", fmt.Sprintf("the agent ended with status %d %s: %s", exit.Code, exit.Signal, firstLine(noise.String())))
	}
	return ctx.Err()
}

// terminate ends the sandbox: SIGTERM, then SIGKILL for everything in it.
func (r *run) terminate(p *sandbox.Process) {
	if err := p.Terminate(context.Background()); err != nil {
		r.force.log.Error("ending an agent", "attempt", r.attempt.ID, "error", err)
	}
}

// heard notes that the agent's words could not be read to the end: they are for people, the attempt goes on.
func (r *run) heard(err error) {
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		r.line("error", "reading what the agent says: "+err.Error())
	}
}

// event shows people what an agent says about itself.
func (r *run) event(e agent.Event) {
	if e.Kind == agent.Unknown || e.Kind == agent.Usage {
		return
	}
	r.line(string(e.Kind), agent.Render(e))
}

// tail keeps the end of what a program writes.
type tail struct {
	mu   sync.Mutex
	data []byte
}

const tailBytes = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if over := len(t.data) - tailBytes; over > 0 {
		t.data = append(t.data[:0], t.data[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.data)
}
