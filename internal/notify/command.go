package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
)

// killWait is how long a command's children may hold its output open after it ended.
const killWait = 10 * time.Second

// command runs a command with the event on its standard input and nothing in its environment but PATH, HOME and what the
// configuration passes.
func command(h manifest.Hook, opt Options) func(context.Context, Event) error {
	argv := h.Command
	if len(argv) == 1 {
		argv = []string{"sh", "-c", argv[0]}
	}
	return func(ctx context.Context, e Event) error {
		body, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("%w: encoding the event: %w", errPermanent, err)
		}
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Env = []string{}
		for _, name := range append([]string{"PATH", "HOME"}, h.PassEnv...) {
			cmd.Env = append(cmd.Env, name+"="+opt.Getenv(name))
		}
		said := &head{limit: 1024}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(append(body, '\n')), said, said
		cmd.WaitDelay = killWait
		ownGroup(cmd)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("running %s: %w: %s", argv[0], err, strings.TrimSpace(said.String()))
		}
		return nil
	}
}

// head keeps the beginning of what is written.
type head struct {
	bytes.Buffer
	limit int
}

func (h *head) Write(p []byte) (int, error) {
	if room := h.limit - h.Len(); room > 0 {
		_, _ = h.Buffer.Write(p[:min(room, len(p))]) // never fails
	}
	return len(p), nil
}
