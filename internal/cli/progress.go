package cli

import (
	"fmt"
	"os"
	"strings"
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
	shown   time.Time
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
	if b.silent || total == 0 || now.Sub(b.started) < time.Second || now.Sub(b.shown) < pause {
		return
	}
	b.shown = now
	left := ""
	if done*20 >= total { // the first few say little about the rest
		left = ", " + (now.Sub(b.started) * time.Duration(total-done) / time.Duration(done)).Round(time.Second).String() + " left"
	}
	if !b.screen {
		fmt.Fprintf(b.env.Stderr, "%s: %d of %d%s\n", b.title, done, total, left)
		return
	}
	const width = 30
	full := width * done / total
	fmt.Fprintf(b.env.Stderr, "\r%s [%s%s] %d/%d%s\x1b[K", b.title, strings.Repeat("#", full), strings.Repeat(".", width-full), done, total, left)
}

// end clears the bar.
func (b *progressBar) end() {
	if b.screen && !b.shown.IsZero() {
		fmt.Fprint(b.env.Stderr, "\r\x1b[K")
	}
}
