package cli

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// progressBar shows how far a long piece of work is, on a terminal as a bar and elsewhere as a line every ten seconds. Work
// that ends within a second shows nothing.
type progressBar struct {
	env     *Env
	title   string
	silent  bool
	screen  bool
	started time.Time

	mu    sync.Mutex
	shown time.Time
	from  int       // what was done in the first second: a cache knew that, and it is no measure of the rest
	since time.Time // when that was
}

func newProgressBar(env *Env, quiet bool, title string) *progressBar {
	file, ok := env.Stderr.(*os.File)
	screen := false
	if ok {
		info, err := file.Stat()
		screen = err == nil && info.Mode()&os.ModeCharDevice != 0 && env.Getenv("TERM") != "dumb"
	}
	return &progressBar{env: env, title: title, silent: quiet, screen: screen, started: env.Now()}
}

func (b *progressBar) set(done, total int) {
	now := b.env.Now()
	pause := 10 * time.Second
	if b.screen {
		pause = 100 * time.Millisecond
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.silent || total == 0 || now.Sub(b.started) < time.Second {
		return
	}
	if b.since.IsZero() {
		b.from, b.since = done, now
	}
	if now.Sub(b.shown) < pause {
		return
	}
	b.shown = now
	left := ""
	if fresh := done - b.from; fresh > 0 && fresh*20 >= total-b.from { // the first few say little about the rest
		left = ", " + (now.Sub(b.since) * time.Duration(total-done) / time.Duration(fresh)).Round(time.Second).String() + " left"
	}
	if !b.screen {
		fmt.Fprintf(b.env.Stderr, "%s: %d of %d%s\n", b.title, done, total, left)
		return
	}
	const width = 30
	full := width * done / total
	fmt.Fprintf(b.env.Stderr, "\r%s [%s%s] %d/%d%s\x1b[K", b.title, strings.Repeat("#", full), strings.Repeat(".", width-full), done, total, left)
}

// end clears the bar, for good or to say something.
func (b *progressBar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.screen && !b.shown.IsZero() {
		fmt.Fprint(b.env.Stderr, "\r\x1b[K")
	}
}
