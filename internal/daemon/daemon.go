// Package daemon runs a Repo OS: it holds the kernel, opens the door, and takes every change one step at a time towards main
// (docs/daemon.md).
//
// It promises that whatever it does follows from what git says: each reconciler reads the state afresh, takes one idempotent
// step, records it by compare-and-swap and says when to look again. Nothing it remembers is a fact: kill it anywhere, delete
// its caches, start it again, and it goes on from git. One process at a time does this for a kernel; a process that lost its
// lease can write nothing and ends.
//
// It never decides what may land (package gate does), never moves anybody's checked-out branch, and listens on loopback and a
// unix socket only.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/admit"
	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/queue"
	"github.com/adamant-os/adamant/internal/task"
)

// Config is what a daemon runs with.
type Config struct {
	Kernel *kernel.Kernel // open, not yet acquired; Run acquires it and closes it
	Name   string         // of the repository: /NAME.git at the door
	State  string         // folder of caches: jobs, door; may be deleted while nothing runs
	Places judge.Places
	Listen string // host:port of the door; empty = a free port of 127.0.0.1
	Socket string // path of the unix socket; empty = Socket(kernel folder)
	Slots  int    // runs of the gate at a time; 0 = what the repository says, else half the processors
	Hook   []string
	// Remote looks up the name of a remote of the operator's clone, for the mirror and imports; nil = there is no clone.
	Remote  func(ctx context.Context, name string) (url string, err error)
	Render  facts.Render
	Version string
	Getenv  func(string) string
	Now     func() time.Time // nil = time.Now
	Log     *slog.Logger     // nil = nothing is logged
	// Ready is called once everything is up.
	Ready func(Addresses)

	// Workforce makes what runs agents, once the kernel is held; nil = tasks are kept and nobody works on them. Its Close, where it has
	// one, is called at the end. An error of it is trouble for status; everything else goes on.
	Workforce func(ctx context.Context) (task.Workforce, error)

	// MCP answers agents at the keyboard, on the socket's path /mcp; nil = nothing does.
	MCP http.Handler

	// Patience is how long one run of the gate may take, all its checks together; 0 = 2 hours.
	Patience time.Duration
}

// Addresses are where a daemon can be reached.
type Addresses struct {
	Socket string `json:"socket"`
	Door   string `json:"door"` // URL of the repository for git
	Web    string `json:"web"`  // URL of the operator's pages: who knows it can read them
}

// Socket is the path of the unix socket of the daemon that holds a kernel.
func Socket(kernelDir string) string { return filepath.Join(kernelDir, "daemon.sock") }

const (
	resync     = 60 * time.Second // every change is looked at again this often, whatever happened
	closeGrace = 20 * time.Second // how long requests under way may take at the end
)

// Daemon is a running Repo OS.
type Daemon struct {
	config  Config
	log     *slog.Logger
	now     func() time.Time
	kernel  *kernel.Kernel
	jobs    *queue.Queue
	changes *change.Store
	tokens  *door.Tokens
	door    *door.Door
	who     *operator.Authority
	merge   *merger
	hub     *hub
	loop    *loop
	sift    *sift
	worlds  *worlds
	started time.Time
	address Addresses
	web     net.Listener
	pageKey string // of the operator's pages
	signer  git.Signer
	notices notices
	duties  duties
	crew    *crew
	lines   *hub // what agents do
	hints   hints
	trusted trusted

	statements *attest.Store
	attested   attested
	admission  *admit.Admitter
	admitted   admitted

	end context.CancelFunc // ends Run

	settings  atomic.Pointer[settings]
	catalogue *catalogue
	suspects  *suspects

	mu       sync.Mutex
	paused   pause
	results  map[string]*change.Result // answers of the gate that are not recorded yet
	judging  map[string]change.Job     // runs that were submitted
	told     map[string]bool           // causes the operator was told of
	toldOf   map[string][]string       // the same, by change
	broken   map[string]bool           // references of changes that cannot be read
	problems map[string]string         // what is wrong now, by where
}

// Run is a daemon from start to end: it returns when ctx ends, or when it must not go on.
func Run(ctx context.Context, config Config) (err error) {
	d, err := start(ctx, config)
	if err != nil {
		return err
	}
	ctx, d.end = context.WithCancel(ctx)
	defer d.end()
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.serve(gctx) })
	group.Go(func() error { return d.loop.run(gctx, d.reconcile) })
	group.Go(func() error { return d.siftAll(gctx) })
	group.Go(func() error { return d.watch(gctx) })
	group.Go(func() error { return d.controllers(gctx) })
	group.Go(func() error { return d.crew.run(gctx) })
	group.Go(func() error { return d.crew.listen(gctx) })
	err = group.Wait()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, d.stop(context.WithoutCancel(ctx)))
}

// start acquires the kernel, then opens what lies on it. The lock comes before NATS (trap 13).
func start(ctx context.Context, config Config) (_ *Daemon, err error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	d := &Daemon{config: config, log: config.Log, now: config.Now, kernel: config.Kernel, started: config.Now(),
		results: map[string]*change.Result{}, judging: map[string]change.Job{}, told: map[string]bool{}, toldOf: map[string][]string{}, broken: map[string]bool{}, problems: map[string]string{}}
	if d.signer, err = d.kernel.Signer(); err != nil {
		return nil, errors.Join(err, d.kernel.Close())
	}
	recovery, err := d.kernel.Acquire(ctx)
	if err != nil {
		return nil, errors.Join(err, d.kernel.Close())
	}
	d.hub, d.lines = newHub(d.now, d.kernel.Epoch()), newHub(d.now, d.kernel.Epoch())
	defer func() {
		if err != nil {
			err = errors.Join(err, d.stop(context.WithoutCancel(ctx)))
		}
	}()
	if recovery.Repaired() {
		d.log.Warn("recovered", "locks", len(recovery.Locks), "landing", recovery.Landing, "finished", recovery.Landed, "mainMoved", recovery.Moved != nil)
	}
	if err := d.assemble(ctx); err != nil {
		return nil, fmt.Errorf("starting the daemon: %w", err)
	}
	return d, nil
}

// assemble opens everything that hangs on the kernel, in the order of dependence.
func (d *Daemon) assemble(ctx context.Context) error {
	if err := d.listen(ctx); err != nil {
		return err
	}
	d.changes = change.NewStore(d.kernel.Repo(), d.kernel, change.Options{})
	d.statements = attest.NewStore(d.kernel.Repo(), d.kernel, attest.Options{Sign: d.signer, Now: d.now})
	d.openAdmission()
	d.openCatalogue()
	d.worlds = newWorlds()
	d.loop = newLoop(d.now)
	d.sift = newSift()
	d.openDuties()
	var err error
	if err = d.openSettings(ctx); err != nil {
		return err
	}
	if err = d.readLedger(ctx); err != nil {
		return err
	}
	if d.who, err = operator.Open(ctx, operator.LedgerLog{Repo: d.kernel.Repo(), Writer: d.kernel.Ledger()}, operator.Options{
		Now: d.now, Secrets: operator.SecretFiles{Dir: filepath.Join(d.kernel.Dir(), "secrets")}, Sites: []string{site}, Page: strings.TrimSuffix(d.address.Web, "/")}); err != nil {
		return err
	}
	if err = d.openNotices(d.settings.Load().hooks); err != nil {
		d.trouble("configuration", err)
	}
	if d.jobs, err = queue.Open(ctx, queue.Options{Dir: filepath.Join(d.config.State, "jobs"), Name: d.config.Name, Epoch: d.kernel.Epoch(), Log: d.log}); err != nil {
		return err
	}
	if d.door, err = d.newDoor(); err != nil {
		return err
	}
	d.suspects, err = openSuspects(filepath.Join(d.config.State, "judged.json"))
	d.trouble("notes of what is judged", err)
	if err = d.openQueue(ctx); err != nil {
		return err
	}
	for _, kind := range []string{jobJudge, jobMerge} {
		if err = d.jobs.Work(ctx, kind, d.settings.Load().slots, d.doJudge); err != nil {
			return err
		}
	}
	if err = d.jobs.Work(ctx, jobProve, d.settings.Load().slots, d.doProve); err != nil {
		return err
	}
	return d.openCrew(ctx)
}

// stop closes what start opened, in reverse. The kernel comes last: while it is held, nobody else writes.
func (d *Daemon) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeGrace)
	defer cancel()
	if d.crew != nil {
		d.crew.close()
	}
	if d.jobs != nil {
		d.jobs.Close()
	}
	d.hub.close()
	d.lines.close()
	var err error
	if d.web != nil {
		err = ignoreClosed(d.web.Close())
	}
	end, cancel := context.WithTimeout(ctx, closeNotices)
	defer cancel()
	d.notices.close(end)
	if d.catalogue != nil {
		err = errors.Join(err, d.catalogue.close())
	}
	err = errors.Join(err, d.lastLog(ctx), d.closeTrust(ctx))
	if w := d.kernel.Ledger(); w != nil {
		err = errors.Join(err, w.Flush(ctx))
	}
	return errors.Join(err, d.kernel.Close())
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// trouble notes that something is wrong, or right again, for status; err nil clears it.
func (d *Daemon) trouble(where string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		delete(d.problems, where)
		return
	}
	if d.problems[where] != err.Error() {
		d.log.Error(where, "error", err)
	}
	d.problems[where] = err.Error()
}

// Host is the host:port of the door.
func (a Addresses) Host() string {
	u, err := url.Parse(a.Web)
	if err != nil {
		return ""
	}
	return u.Host
}
