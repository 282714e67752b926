package kustomize

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// variable marks a process that was started to render, and says how much memory it may take, in bytes.
const variable = "ADAMANT_KUSTOMIZE"

// The bounds of one rendering process.
const (
	maxMemory = 512 << 20
	maxAnswer = 1 << 30 // to all jobs
	maxTime   = time.Minute
)

// Init turns this process into a renderer when it was started as such, and then never returns. Otherwise it does nothing. A
// program whose executable is given to Renderer calls it first in main.
func Init() {
	memory, err := strconv.ParseUint(os.Getenv(variable), 10, 64)
	if err != nil {
		return
	}
	go watch(memory)
	http.DefaultTransport = offline{}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// watch ends a process that takes too much memory.
func watch(memory uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for range time.Tick(20 * time.Millisecond) {
		if metrics.Read(sample); sample[0].Value.Uint64() > memory {
			fmt.Fprintf(os.Stderr, "needs more than %d MiB of memory\n", memory>>20)
			os.Exit(1)
		}
	}
}

func serve(in io.Reader, out io.Writer) error {
	var jobs []Job
	if err := json.NewDecoder(in).Decode(&jobs); err != nil {
		return fmt.Errorf("reading what is to be rendered: %w", err)
	}
	results := make([]Result, len(jobs))
	for i, job := range jobs {
		results[i] = render(job)
	}
	return json.NewEncoder(out).Encode(results)
}

// Renderer renders in a process of its own.
type Renderer struct {
	Self   string // an executable whose main calls Init: adamant itself
	memory uint64 // in bytes; 0 is maxMemory
}

// Render renders all jobs. A root that cannot be rendered has an error in its result; the error is for what is nobody's
// fault: no process, no time.
func (r Renderer) Render(ctx context.Context, jobs []Job) ([]Result, error) {
	results, err := r.run(ctx, jobs)
	var ended *exec.ExitError
	switch {
	case err == nil:
		return results, nil
	case ctx.Err() != nil || !errors.As(err, &ended):
		return nil, fmt.Errorf("rendering kustomizations: %w", err)
	case len(jobs) == 1:
		return []Result{{Error: "kustomize ended: " + cause(ended.Stderr)}}, nil
	}
	for _, job := range jobs { // one of them ended the process: each gets its own
		one, err := r.Render(ctx, []Job{job})
		if err != nil {
			return nil, err
		}
		results = append(results, one...)
	}
	return results, nil
}

// run starts one process with an empty environment, so that it finds no programs and knows nothing of this machine.
func (r Renderer) run(ctx context.Context, jobs []Job) ([]Result, error) {
	request, err := json.Marshal(jobs)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.Self)
	cmd.Env = []string{fmt.Sprintf("%s=%d", variable, cmp.Or(r.memory, maxMemory))}
	cmd.Dir = os.TempDir()
	cmd.Stdin = bytes.NewReader(request)
	out, notes := &bounded{limit: maxAnswer}, &bounded{limit: 4 << 10}
	cmd.Stdout, cmd.Stderr = out, notes
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("no answer in %s: %w", maxTime, ctx.Err())
		}
		if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
			ended.Stderr = notes.Bytes()
		}
		return nil, err
	}
	var results []Result
	if err := json.Unmarshal(out.Bytes(), &results); err != nil || len(results) != len(jobs) {
		return nil, fmt.Errorf("the answer of %d bytes to %d jobs cannot be used: %w", out.Len(), len(jobs), err)
	}
	return results, nil
}

// cause is the first line that is no warning.
func cause(text []byte) string {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "Warning:") {
			return line
		}
	}
	return "without a word"
}

// bounded keeps the beginning of what is written.
type bounded struct {
	bytes.Buffer
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.limit - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}
