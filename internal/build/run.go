package build

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/build/fetch"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// setting is what a reproducing build has another of.
type setting struct {
	source     string // where the source is, inside
	hostname   string
	processors int // 0: all
}

func usual() setting { return setting{source: sourcePlace} }

// run is one build under way.
type run struct {
	*Builder
	setting
	job    Job
	target manifest.Build
	place  *place
	record *Record
	env    map[string]string
	mounts []sandbox.Mount
}

// build does everything about one job. What a failed one made is removed.
func (b *Builder) build(ctx context.Context, job Job, dir string, s setting) (record *Record, err error) {
	r := &run{Builder: b, setting: s, job: job}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if r.place, err = b.newPlace(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.place.close()) }()
	for _, step := range []func(context.Context) error{r.export, r.dependencies, r.toolchain, r.caches, r.execute} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.finish(dir); err != nil {
		return nil, err
	}
	return r.record, nil
}

// begin checks the job and starts its record.
func (r *run) begin(ctx context.Context) (err error) {
	if r.target, err = Complete(r.job.Target); err != nil {
		return err
	}
	if err := checkEnv(r.target); err != nil {
		return err
	}
	if r.job.Invocation == "" || r.job.Repository == "" {
		return errors.New("build: a job needs a repository and an invocation")
	}
	commit, err := r.options.Source.Commit(ctx, r.job.Commit)
	if err != nil {
		return fmt.Errorf("build %s: %w", r.target.Name, err)
	}
	r.job.Target = r.target
	report := r.options.Sandbox.Report()
	r.record = &Record{
		Job: r.job, Tree: commit.Tree, Epoch: commit.Committer.When.Unix(), Isolation: report.String(), OwnUser: report.Slots, Started: r.options.Now().UTC().Truncate(time.Second),
	}
	r.env = environment(r.target, r.record.Epoch)
	algorithm := "gitCommit"
	r.record.Resolved = []Descriptor{{
		Name: "source", URI: SourceURI(r.job.Repository, r.job.Ref), Digest: map[string]string{algorithm: string(r.job.Commit), "gitTree": string(commit.Tree)},
	}}
	return nil
}

// SourceURI names a branch of a repository, the way provenance does; ref may be empty.
func SourceURI(repository, ref string) string {
	uri := "git+" + repository
	if !strings.Contains(repository, "://") {
		uri = "git+adamant:" + repository
	}
	if ref != "" {
		uri += "@" + ref
	}
	return uri
}

func (r *run) export(ctx context.Context) error {
	if err := r.place.export(ctx, r.options.Source, r.job.Commit, r.record.Epoch); err != nil {
		return fmt.Errorf("build %s: export the source: %w", r.target.Name, err)
	}
	r.mounts = append(r.mounts,
		sandbox.Mount{Source: r.place.source(), Target: r.setting.source, Writable: true},
		sandbox.Mount{Source: r.place.out(), Target: outPlace, Writable: true})
	return r.realFolder()
}

// realFolder: what leads to the target's folder must be folders. A link could lead the first phase anywhere.
func (r *run) realFolder() error {
	at := r.place.source()
	for part := range strings.SplitSeq(r.target.Directory, "/") {
		at = filepath.Join(at, part)
		if info, err := os.Lstat(at); err != nil || !info.IsDir() {
			return fmt.Errorf("build target %s: the commit has no folder %s", r.target.Name, r.target.Directory)
		}
	}
	return nil
}

// dependencies runs the first phase and shows what it brought.
func (r *run) dependencies(ctx context.Context) error {
	if r.options.Fetcher == nil {
		return nil
	}
	layers, err := r.options.Fetcher.Fetch(ctx, r.place.source(), r.target.Directory)
	if err != nil {
		return fmt.Errorf("build %s: fetch its dependencies: %w", r.target.Name, err)
	}
	r.record.Layers = layers
	for _, layer := range layers {
		for _, p := range layer.Places {
			to := p.To
			if !path.IsAbs(to) {
				to = path.Join(r.setting.source, to)
			}
			r.mounts = append(r.mounts, sandbox.Mount{Source: filepath.Join(layer.Dir, filepath.FromSlash(p.From)), Target: to})
		}
		for _, pair := range layer.Env {
			name, value, _ := strings.Cut(pair, "=")
			r.env[name] = value
		}
		for _, d := range layer.Dependencies {
			r.record.Resolved = append(r.record.Resolved, dependency(layer, d))
		}
	}
	return nil
}

// dependency is what provenance says of a download.
func dependency(layer fetch.Layer, d fetch.Dependency) Descriptor {
	notes := map[string]string{"ecosystem": string(d.Ecosystem), "lock": layer.Lock, "version": d.Version}
	if d.File != "" {
		notes["file"] = d.File
	}
	return Descriptor{Name: d.Name, URI: d.URL, Digest: maps.Clone(d.Digests), Annotations: notes}
}

// execute runs the target's command. When it returns, nothing of the build lives.
func (r *run) execute(ctx context.Context) error {
	timeout, err := time.ParseDuration(r.target.Timeout)
	if err != nil {
		return fmt.Errorf("build target %s: timeout: %w", r.target.Name, err)
	}
	log, err := newTranscript(r.place.log(), r.options.Log)
	if err != nil {
		return fmt.Errorf("build %s: %w", r.target.Name, err)
	}
	r.record.Env = list(r.env)
	memory := int64(r.target.MemoryMiB) << 20
	exit, err := r.start(ctx, sandbox.Spec{
		Argv: shell(r.target.Command), Dir: path.Join(r.setting.source, r.target.Directory), Env: r.record.Env, Stdout: log, Stderr: log, Mounts: r.mounts,
		Identity: r.place.id, Hostname: r.setting.hostname, Processors: r.setting.processors,
		Limits: sandbox.Limits{Memory: memory, Temp: memory / 2, Processes: 4096, FileSize: 8 << 30, OpenFiles: 16384, Wall: timeout},
	})
	r.record.LogSHA256 = log.close()
	var missing *sandbox.NotFoundError
	switch {
	case errors.As(err, &missing):
		return r.failed(log, missing.Reason)
	case err != nil:
		return fmt.Errorf("build %s: %w", r.target.Name, err)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case exit.Cause == sandbox.CauseWall:
		return r.failed(log, "it took more than "+r.target.Timeout)
	case exit.Cause == sandbox.CauseMemory:
		return r.failed(log, fmt.Sprintf("it needed more than %d MiB of memory (memoryMiB of the target)", r.target.MemoryMiB))
	case exit.Signal != "":
		return r.failed(log, "its command was ended by "+exit.Signal)
	case exit.Code != 0:
		return r.failed(log, fmt.Sprintf("its command ended with exit status %d", exit.Code))
	}
	return nil
}

// start runs one program and waits until nothing of it is left.
func (b *Builder) start(ctx context.Context, spec sandbox.Spec) (sandbox.Exit, error) {
	p, err := b.options.Sandbox.Start(ctx, spec)
	if err != nil {
		return sandbox.Exit{}, err
	}
	return p.Wait()
}

// note tells whoever watches why it takes long.
func (b *Builder) note(text string) {
	if b.options.Log != nil {
		fmt.Fprintln(b.options.Log, "adamant: "+text)
	}
}

func (r *run) failed(log *transcript, reason string) error {
	return &FailedError{Target: r.target.Name, Reason: reason, Log: log.tail()}
}

// finish takes what was left, and hands it over.
func (r *run) finish(dir string) error {
	staged := filepath.Join(r.place.path, "artifacts")
	artifacts, err := collect(r.place.out(), staged, r.target.Outputs)
	var refused *outputError
	if errors.As(err, &refused) {
		text, _ := os.ReadFile(r.place.log())
		return &FailedError{Target: r.target.Name, Reason: refused.reason, Log: text[max(0, len(text)-tailSize):]}
	}
	if err != nil {
		return fmt.Errorf("build %s: collect its artifacts: %w", r.target.Name, err)
	}
	if r.record.Artifacts, err = deliver(artifacts, dir); err != nil {
		return fmt.Errorf("build %s: %w", r.target.Name, err)
	}
	if err := move(r.place.log(), dir+".log"); err != nil {
		return fmt.Errorf("build %s: deliver the log: %w", r.target.Name, err)
	}
	slices.SortStableFunc(r.record.Resolved[1:], func(a, b Descriptor) int {
		return cmp.Or(cmp.Compare(a.URI, b.URI), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Annotations["file"], b.Annotations["file"]))
	})
	r.record.Finished = r.options.Now().UTC().Truncate(time.Second)
	return nil
}

// shell is the argv of a declared command: a single element is a line for sh.
func shell(command []string) []string {
	if len(command) == 1 {
		return []string{"/bin/sh", "-c", command[0]}
	}
	return command
}

// transcript keeps what a build writes: all of it up to a bound, its digest and its end.
type transcript struct {
	file *os.File
	echo io.Writer
	sum  hash.Hash
	left int64
	end  bytes.Buffer
}

// maxLog bounds what is kept of a log; tailSize what a failed build shows.
const (
	maxLog   = 64 << 20
	tailSize = 8 << 10
)

func newTranscript(path string, echo io.Writer) (*transcript, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("keep the log: %w", err)
	}
	return &transcript{file: file, echo: echo, sum: sha256.New(), left: maxLog}, nil
}

// Write never fails: a build does not end because its log cannot be kept.
func (t *transcript) Write(p []byte) (int, error) {
	kept := p[:min(t.left, int64(len(p)))]
	t.left -= int64(len(kept))
	t.sum.Write(kept)
	_, _ = t.file.Write(kept)
	if t.end.Write(p); t.end.Len() > 2*tailSize {
		t.end.Next(t.end.Len() - tailSize)
	}
	if t.echo != nil {
		_, _ = t.echo.Write(p)
	}
	return len(p), nil
}

// close returns the digest of what was kept.
func (t *transcript) close() string {
	_ = t.file.Close()
	return hex.EncodeToString(t.sum.Sum(nil))
}

func (t *transcript) tail() []byte { return t.end.Bytes()[max(0, t.end.Len()-tailSize):] }

// commitDigest is the in-toto name of a git commit's digest.
func commitDigest(id git.OID) map[string]string { return map[string]string{"gitCommit": string(id)} }
