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

// Options are what a Builder needs.
type Options struct {
	Repo    *git.Repo // holds the commits
	Dir     string    // its folder: sources, caches, builds under way. Absolute; made when it is missing
	Sandbox Sandbox   //
	Fetcher Fetcher   // nil: targets with lock files are refused
	Now     func() time.Time
	Log     io.Writer // gets what the build writes, as it comes; nil: nobody
}

// Builder builds. It is safe for concurrent use; every build has a host user and folders of its own.
type Builder struct {
	options Options
}

// New makes a Builder.
func New(o Options) (*Builder, error) { return &Builder{options: o}, nil }

// Build runs one job and leaves the artifacts in dir, which must be empty or missing. A *FailedError says that the build's own command
// failed.
func (b *Builder) Build(ctx context.Context, job Job, dir string) (*Record, error) {
	return nil, errors.New("build: not written yet")
}

// FailedError says that a build's command did not do what it should. What it wrote is in Log.
type FailedError struct {
	Target string
	Reason string
	Log    []byte // the end of it
}

func (e *FailedError) Error() string { return fmt.Sprintf("build %s: %s", e.Target, e.Reason) }
