// Package build makes artifacts from commits so that others can check where they came from. It promises that a build sees a commit's
// files, the dependencies that its lock files pin and the system's programs, and nothing else: no network, no file, process, key or
// socket of the host, nothing of another build; that only what is left in /out leaves; that the digests and the provenance are made
// here, by who did not build; and that a cache never changes what comes out, only how long it takes.
//
// It never signs: who holds a key signs the Statement of a Record. It never decides whether an artifact may run; admission does.
// It builds on Linux only (see sandbox).
package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/adamant-os/adamant/internal/build/fetch"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// Job is all that decides a build. It is data: a daemon may send it to a builder on another machine.
type Job struct {
	Repository string         `json:"repository"`        // URI that names the repository: https://..., or its name
	Commit     git.OID        `json:"commit"`            //
	Ref        string         `json:"ref,omitempty"`     // the branch that was asked for, as refs/heads/main; may be empty
	Dirty      bool           `json:"dirty,omitempty"`   // Commit is a snapshot of a work tree, which is in no history
	Target     manifest.Build `json:"target"`            // as it stands in adamant.yaml of Commit, completed by Complete
	NoCache    bool           `json:"noCache,omitempty"` // no cache of compiled things is shown to the build
	Invocation string         `json:"invocation"`        // names this build in logs and provenance
}

// Record is what a build did: what provenance is made of. Only this package fills it, after the last process of the build has ended.
type Record struct {
	Job       Job           `json:"job"`
	Tree      git.OID       `json:"tree"`
	Epoch     int64         `json:"epoch"` // SOURCE_DATE_EPOCH: the commit's time
	Artifacts []Artifact    `json:"artifacts"`
	Resolved  []Descriptor  `json:"resolvedDependencies"` // source, dependencies, tools, system
	Env       []string      `json:"env"`                  // all of it, sorted
	Caches    []CacheUse    `json:"caches,omitempty"`
	Isolation string        `json:"isolation"` // what held the build: sandbox.Report
	OwnUser   bool          `json:"ownUser"`   // the build ran as a host user of its own
	LogSHA256 string        `json:"logSHA256"`
	Started   time.Time     `json:"started"`
	Finished  time.Time     `json:"finished"`
	Layers    []fetch.Layer `json:"-"`
}

// Artifact is a file that a build left.
type Artifact struct {
	Name   string `json:"name"`   // slash path below /out
	SHA256 string `json:"sha256"` // hex
	Size   int64  `json:"size"`   // bytes
	Mode   uint32 `json:"mode"`   // 0644 or 0755
	Path   string `json:"-"`      // where it lies now, on the host
}

// CacheUse is a cache that a build saw.
type CacheUse struct {
	Name string `json:"name"`
	Key  string `json:"key"` // sha256:<hex> of everything that decides its content
}

// Descriptor is in-toto's ResourceDescriptor v1.
type Descriptor struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Fetcher is the first phase; *fetch.Fetcher is one.
type Fetcher interface {
	Fetch(ctx context.Context, source, dir string) ([]fetch.Layer, error)
}

// Sandbox is what a build runs in; *sandbox.Sandbox is one.
type Sandbox interface {
	Start(ctx context.Context, spec sandbox.Spec) (*sandbox.Process, error)
	Report() sandbox.Report
}

// Source holds commits; *git.Repo is one.
type Source interface {
	Commit(ctx context.Context, id git.OID) (git.Commit, error)
	Checkout(ctx context.Context, treeish git.OID, dir string, opt git.CheckoutOptions) error
}

// Options are what a Builder needs.
type Options struct {
	Source  Source           // has the commits
	Dir     string           // its folder: caches and builds under way. Absolute; made, for this user only, when it is missing
	Sandbox Sandbox          //
	Fetcher Fetcher          // nil: nothing is fetched
	Path    string           // where toolchains are looked for beside the system's folders: the caller's PATH
	Now     func() time.Time //
	Log     io.Writer        // gets what builds write, as it comes; nil: nobody
}

// Builder builds. It is safe for concurrent use, by several processes too; every build has a host user (where this process is root) and
// folders of its own.
type Builder struct {
	options Options
}

// New makes a Builder.
func New(o Options) (*Builder, error) {
	if !filepath.IsAbs(o.Dir) || o.Source == nil || o.Sandbox == nil || o.Now == nil {
		return nil, errors.New("make a builder: it needs commits, an absolute folder, a sandbox and a clock")
	}
	for _, dir := range []string{o.Dir, filepath.Join(o.Dir, "work"), filepath.Join(o.Dir, "cache")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make a builder: %w", err)
		}
	}
	if err := os.Chmod(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a builder: %w", err)
	}
	b := &Builder{options: o}
	return b, b.sweep()
}

// Build runs one job and leaves the artifacts in dir, which is made when it is missing; files of their names are replaced. What the
// build wrote is left beside, in dir.log. Nothing is
// left there by a build that fails. A *FailedError says that the target's own command failed.
func (b *Builder) Build(ctx context.Context, job Job, dir string) (*Record, error) {
	r, err := b.build(ctx, job, dir, usual())
	if err != nil {
		return nil, err
	}
	return r, nil
}

// FailedError says that a target's command did not do what it should. The end of what it wrote is in Log.
type FailedError struct {
	Target string
	Reason string
	Log    []byte
}

func (e *FailedError) Error() string { return fmt.Sprintf("build %s: %s", e.Target, e.Reason) }
