package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

const (
	defaultTimeout        = 10 * time.Minute
	defaultServiceTimeout = 30 * time.Second
)

// attempt is one execution of a check's command in one tree, and what it left behind.
type attempt struct {
	outcome
	late     time.Duration // the timeout it ran into; 0 = none
	setup    *setupError
	unread   error // a report that could not be read
	files    []reportFile
	tree     string // the checkout; gone once the attempt is closed
	lastLine string // of its output
	box      *box
}

// close removes the attempt's box.
func (a *attempt) close() error { return removeAll(a.box.path) }

// try runs a check's command in a fresh checkout of tree, with edits applied. Whatever the command does is in the attempt;
// an error means that the machine failed or that ctx ended. The caller closes the attempt.
func (r *run) try(ctx context.Context, p *plan, tree Tree, edits []Overlay, log *transcript) (*attempt, error) {
	b, err := r.newBox()
	if err != nil {
		return nil, err
	}
	a := &attempt{box: b, tree: b.tree()}
	if err := r.attempt(ctx, a, p, tree, edits, log); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (r *run) attempt(ctx context.Context, a *attempt, p *plan, tree Tree, edits []Overlay, log *transcript) error {
	c := p.check
	dir, err := r.arrange(ctx, a, p, tree, edits, log)
	if errors.As(err, &a.setup) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := clearReports(a.tree, c.Reports); err != nil {
		a.unread = err
		return nil
	}
	stdout, err := openSpool(filepath.Join(r.dir.path, filepath.Base(a.box.path)+".stdout"), c.Reports)
	if err != nil {
		return err
	}
	defer stdout.close()
	if edits != nil { // other tests are there than in the merged tree
		with := *c
		with.Command = expand(p.declared.Command, p.selection, c.Directory, edits)
		c = &with
	}
	if err := r.command(ctx, a, c, dir, stdout, log); err != nil {
		return err
	}
	a.lastLine = tellingLine(log.Bytes())
	a.files, a.unread = collectReports(a.tree, c.Reports)
	if a.unread == nil {
		a.unread = stdout.into(a, c.Reports)
	}
	return nil
}

// arrange fills the box: checkout, what setup made, base's tests.
func (r *run) arrange(ctx context.Context, a *attempt, p *plan, tree Tree, edits []Overlay, log *transcript) (string, error) {
	if err := r.prepare(ctx, a.box, tree, p.check, p.setup, log); err != nil {
		return "", err
	}
	blobs := map[string][]byte{}
	for _, edit := range edits {
		if edit.Delete || edit.Mode == git.ModeGitlink {
			continue
		}
		content, err := tree.Blob(ctx, edit.Blob)
		if err != nil {
			return "", fmt.Errorf("read base's %s: %w", edit.Path, err)
		}
		blobs[string(edit.Blob)] = content
	}
	if err := overlay(a.tree, edits, blobs); err != nil {
		return "", &setupError{reason: err.Error()}
	}
	return workDir(a.tree, p.check.Directory)
}

// command runs the check's command with its services until it ends, times out or ctx ends.
func (r *run) command(ctx context.Context, a *attempt, c *manifest.Check, dir string, stdout *spool, log *transcript) error {
	timeout, err := duration(c.Timeout, defaultTimeout)
	if err != nil {
		return fmt.Errorf("timeout: %w", err)
	}
	services, err := r.services(a.box, c)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, errs := streams(log, stdout)
	a.outcome, err = launch(within, r.sandbox, &session{
		Argv: shell(c.Command), Dir: dir, Env: r.commandEnv(a.box, c), Services: services, Box: a.box.path, Hide: r.hidden(),
	}, out, errs)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		a.late = timeout
		return nil
	}
	return err
}

func (r *run) services(b *box, c *manifest.Check) ([]service, error) {
	var services []service
	for _, s := range c.Services {
		timeout, err := duration(s.Timeout, defaultServiceTimeout)
		if err != nil {
			return nil, fmt.Errorf("service %s: timeout: %w", s.Name, err)
		}
		env := slices.Concat(r.commandEnv(b, c), assignments(s.Env))
		services = append(services, service{Name: s.Name, Argv: s.Command, Ready: s.Ready, Env: env, Timeout: timeout})
	}
	return services, nil
}

func duration(text string, otherwise time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%s is not a positive duration", text)
	}
	return d, err
}

// hidden are the folders and files that a command must not see: other checks' checkouts, results and the key that binds
// them, the kernel, and the user's credentials.
func (r *run) hidden() []string {
	hide := append([]string{r.dir.path, r.State}, r.Hide...)
	if r.Cache != nil {
		hide = append(hide, r.Cache.dir, r.Cache.state)
	}
	for _, name := range credentials {
		if r.Home != "" {
			hide = append(hide, filepath.Join(r.Home, filepath.FromSlash(name)))
		}
	}
	return hide
}

// credentials lie in the home folder and are of no use to a check.
var credentials = [...]string{
	".ssh", ".gnupg", ".aws", ".azure", ".config/gcloud", ".config/gh", ".config/git/credentials", ".docker", ".kube", ".netrc",
	".git-credentials", ".npmrc", ".yarnrc.yml", ".pypirc", ".cargo/credentials", ".cargo/credentials.toml",
}

// openSpool opens the file that takes stdout when one of the reports is stdout; otherwise there is none.
func openSpool(path string, reports []manifest.Report) (*spool, error) {
	if !slices.ContainsFunc(reports, func(r manifest.Report) bool { return r.Path == fromStdout }) {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep the standard output: %w", err)
	}
	return &spool{file: file, left: maxReport}, nil
}

func (s *spool) close() {
	if s != nil {
		s.file.Close() // it was only read since the last write
	}
}

// into gives the attempt its stdout as the reports that were declared to be there.
func (s *spool) into(a *attempt, reports []manifest.Report) error {
	if s == nil {
		return nil
	}
	switch {
	case s.err != nil:
		return fmt.Errorf("keep the standard output: %w", s.err)
	case s.over:
		return fmt.Errorf("the standard output has more than %d bytes", maxReport)
	}
	data, err := os.ReadFile(s.file.Name())
	if err != nil {
		return fmt.Errorf("read the standard output: %w", err)
	}
	for _, report := range reports {
		if report.Path == fromStdout && len(bytes.TrimSpace(data)) > 0 {
			a.files = append(a.files, reportFile{format: report.Format, path: fromStdout, data: data})
		}
	}
	return nil
}

// lastLine is the last line of an output that says something, for a reason of one line. What package managers add when a
// script failed says nothing.
func lastLine(output []byte) string {
	lines := strings.Split(strings.ToValidUTF8(string(output[max(0, len(output)-8192):]), "?"), "\n")
	for _, line := range slices.Backward(lines) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "ELIFECYCLE") && !strings.HasPrefix(line, "npm error") &&
			!strings.Contains(line, "ERR_PNPM_RECURSIVE") {
			return shorten(line, 200)
		}
	}
	return ""
}

var errorLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(\w*error|fatal|panic|exception|cannot|unable to|failed)\b`)
})

// tellingLine is the line of an output that says why a command failed: its last, unless that is the end of a dump that
// began with an error.
func tellingLine(output []byte) string {
	last := lastLine(output)
	if errorLine().MatchString(last) || strings.ContainsRune(last, ' ') && !strings.HasPrefix(last, "at ") {
		return last
	}
	tail := strings.ToValidUTF8(string(output[max(0, len(output)-8192):]), "?")
	for _, line := range slices.Backward(strings.Split(tail, "\n")) {
		if line = strings.TrimSpace(line); errorLine().MatchString(line) && !strings.HasPrefix(line, "at ") {
			return shorten(line, 200)
		}
	}
	return last
}

func shorten(line string, limit int) string {
	if len(line) <= limit {
		return line
	}
	return strings.ToValidUTF8(line[:limit], "") + "..."
}

// exists tells whether a path is a file of the checkout.
func exists(tree string) func(path string) bool {
	return func(path string) bool {
		info, err := os.Lstat(filepath.Join(tree, filepath.FromSlash(path)))
		return err == nil && info.Mode().IsRegular()
	}
}
