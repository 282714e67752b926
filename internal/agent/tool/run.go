package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Limits of a command.
const (
	DefaultRunTime = 2 * time.Minute
	MaxRunTime     = 10 * time.Minute
	keepHead       = 10 << 10 // bytes of its output that are kept from the beginning
	keepTail       = 20 << 10 // and from the end, where errors stand
	drainTime      = time.Second
)

// Run runs a shell command in the folder and shows what it wrote, standard output and error together, and its exit status. The
// command and everything it started in its process group is dead when Run returns.
func (f *Folder) Run(ctx context.Context, command string, limit time.Duration) (text string, status int, err error) {
	if strings.TrimSpace(command) == "" {
		return "", 0, errors.New("command is empty")
	}
	if limit <= 0 {
		limit = DefaultRunTime
	}
	limit = min(limit, MaxRunTime)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var out output
	cmd := exec.CommandContext(ctx, shell(), "-c", command)
	cmd.Dir, cmd.Env = f.dir, commandEnv()
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = drainTime
	ownGroup(cmd)
	start := time.Now()
	err = cmd.Run()
	endGroup(cmd)
	return out.report(cmd, err, ctx, limit, time.Since(start))
}

// shell is bash where there is one: models write for it.
func shell() string {
	if path, err := exec.LookPath("bash"); err == nil {
		return path
	}
	return "sh"
}

// commandEnv is this process's environment without adamant's own variables, made quiet for programs that would ask or page.
func commandEnv() []string {
	var env []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "ADAMANT_") {
			env = append(env, pair)
		}
	}
	return append(env, "CI=1", "TERM=dumb", "NO_COLOR=1", "PAGER=cat", "GIT_PAGER=cat", "GIT_TERMINAL_PROMPT=0")
}

// report words how a command ended.
func (o *output) report(cmd *exec.Cmd, err error, ctx context.Context, limit, took time.Duration) (string, int, error) {
	text := o.text()
	var exit *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("%s(killed after %s; a longer timeout can be set, at most %s)", text, limit, MaxRunTime), 124, nil
	case ctx.Err() != nil:
		return "", 0, ctx.Err()
	case errors.As(err, &exit) && exit.ExitCode() < 0:
		return fmt.Sprintf("%s(ended by %s)", text, exit.ProcessState), 128, nil
	case err != nil && cmd.ProcessState == nil:
		return "", 0, fmt.Errorf("start the command: %w", err)
	}
	status := cmd.ProcessState.ExitCode()
	return fmt.Sprintf("%s(exit %d, %s)", text, status, took.Round(100*time.Millisecond)), status, nil
}

// output keeps the beginning and the end of what a command writes.
type output struct {
	mu    sync.Mutex
	head  []byte
	tail  []byte
	total int
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(p)
	o.total += n
	take := min(len(p), keepHead-len(o.head))
	o.head, p = append(o.head, p[:take]...), p[take:]
	o.tail = append(o.tail, p[max(len(p)-keepTail, 0):]...)
	if over := len(o.tail) - keepTail; over > keepTail { // in large steps, so that copying costs little
		o.tail = append(o.tail[:0], o.tail[over:]...)
	}
	return n, nil
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	tail := o.tail[max(len(o.tail)-keepTail, 0):]
	left := o.total - len(o.head) - len(tail)
	text := plain(string(o.head))
	if left > 0 {
		text += fmt.Sprintf("\n… %d bytes left out …\n", left)
	}
	if len(tail) > 0 {
		text += plain(string(tail))
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

var escapes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("\x1b(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\^_])")
})

// plain takes colours, progress bars that overwrite their line, and control characters out.
func plain(text string) string {
	text = escapes().ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.Contains(text, "\r") {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			line = strings.TrimRight(line, "\r")
			lines[i] = line[strings.LastIndexByte(line, '\r')+1:]
		}
		text = strings.Join(lines, "\n")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
