package vuln

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/adamant-os/adamant/internal/sandbox"
)

// Sandbox starts programs; *sandbox.Sandbox does.
type Sandbox interface {
	Start(ctx context.Context, spec sandbox.Spec) (*sandbox.Process, error)
}

// Govulncheck is the Go team's scanner, run beside this process and in a sandbox, because it reads programs that nobody trusts.
type Govulncheck struct {
	Program  string // path on the host
	Database string // folder in the layout of vuln.go.dev: index/db.json, index/modules.json, ID/*.json
	Sandbox  Sandbox
	Identity sandbox.Identity // see sandbox.Slot
}

// Where govulncheck finds things.
const (
	toolInside     = "/scan/govulncheck"
	programInside  = "/scan/program"
	databaseInside = "/scan/db"
)

// maxAnswer bounds what govulncheck may write, in bytes.
const maxAnswer = 64 << 20

// Reach asks govulncheck which vulnerable functions are in a Go program, and marks the findings that it knows. Those that it does not
// know stay as they are. No status changes.
func (r *Report) Reach(ctx context.Context, g Govulncheck, program string) error {
	text, err := g.run(ctx, program)
	if err != nil {
		return fmt.Errorf("govulncheck %s: %w", filepath.Base(program), err)
	}
	reached, err := parseGovulncheck(text)
	if err != nil {
		return fmt.Errorf("govulncheck %s: %w", filepath.Base(program), err)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, name := range f.names() {
			if in, known := reached[name]; known {
				f.Reached = &in
			}
		}
	}
	return nil
}

// run returns what govulncheck wrote.
func (g Govulncheck) run(ctx context.Context, program string) ([]byte, error) {
	out, said := &bounded{most: maxAnswer}, &bounded{most: 64 << 10}
	process, err := g.Sandbox.Start(ctx, sandbox.Spec{
		Argv: []string{toolInside, "-mode=binary", "-format=json", "-db=file://" + databaseInside, programInside},
		Dir:  "/tmp", Env: []string{"HOME=/tmp", "PATH=/usr/bin:/bin"}, Stdout: out, Stderr: said,
		Mounts:   []sandbox.Mount{{Source: g.Program, Target: toolInside}, {Source: program, Target: programInside}, {Source: g.Database, Target: databaseInside}},
		Identity: g.Identity, Limits: sandbox.Limits{Wall: 10 * time.Minute}})
	if err != nil {
		return nil, err
	}
	exit, err := process.Wait()
	switch {
	case err != nil:
		return nil, err
	case exit.Code != 0:
		return nil, fmt.Errorf("it ended with status %d %s%s: %s", exit.Code, exit.Signal, exit.Cause, bytes.TrimSpace(said.text))
	case out.over:
		return nil, fmt.Errorf("it wrote more than %d bytes", maxAnswer)
	}
	return out.text, nil
}

// govulncheckMessage is one message of its JSON stream, as far as it decides.
type govulncheckMessage struct {
	Config  *struct{} `json:"config"`
	Finding *struct {
		OSV   string `json:"osv"`
		Trace []struct {
			Function string `json:"function"`
		} `json:"trace"`
	} `json:"finding"`
}

// parseGovulncheck reads a stream of JSON messages: for each record whether a vulnerable function is in the program.
func parseGovulncheck(text []byte) (map[string]bool, error) {
	reached := map[string]bool{}
	stated := false
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var message govulncheckMessage
		if err := d.Decode(&message); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read its answer: %w", err)
		}
		stated = stated || message.Config != nil
		if f := message.Finding; f != nil { // the trace begins at the vulnerable code; without a function only its module is there
			reached[f.OSV] = reached[f.OSV] || len(f.Trace) > 0 && f.Trace[0].Function != ""
		}
	}
	if !stated {
		return nil, errors.New("its answer has no configuration: is it govulncheck?")
	}
	return reached, nil
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	most int
	text []byte
	over bool
}

// Write keeps what has room.
func (b *bounded) Write(text []byte) (int, error) {
	room := max(0, b.most-len(b.text))
	b.over = b.over || len(text) > room
	b.text = append(b.text, text[:min(room, len(text))]...)
	return len(text), nil
}
