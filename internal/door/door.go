// Package door is the only way into a kernel from outside: git's smart HTTP protocol behind tokens.
//
// It promises that whatever is pushed is read by a strict grammar before git sees a byte of it, authorised by the policy of
// main's tip, and judged (identity, size, fsck, credentials) while its objects lie in a repository of their own that is thrown
// away when the answer is no; that git itself moves no reference of the kernel: what is accepted goes there by the kernel's
// own fenced transaction; and that a reader is served from a repository that holds main and what the token may see and
// nothing else, so that there is no object to ask for that it may not have.
//
// It never moves main, a tag or anything below refs/adamant, whatever the policy says, never writes a token to a log, and
// never lets the gate run: it records what was proposed, and the gate looks at it afterwards.
package door

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// The rules of the door's own refusals. Those of the policy have names of their own.
const (
	RuleGrammar  = "door/grammar"  // the request is not what git sends
	RuleRef      = "door/ref"      // nobody may write there
	RuleRight    = "door/right"    // this token may not
	RuleStale    = "door/stale"    // the reference moved meanwhile
	RuleLimit    = "door/limit"    // too large, too many, too long
	RuleIdentity = "door/identity" // author or committer
	RuleHistory  = "door/history"  // unrelated or rewritten history
	RuleSecret   = "door/secret"   // a credential
	RuleOption   = "door/option"   // a push option
	ruleInternal = "door/internal" // nothing was decided
)

// Refusal is one reason why a push is not accepted.
type Refusal struct {
	Rule    string `json:"rule"`
	Ref     string `json:"ref,omitempty"` // the reference it is about; empty = the whole push
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"` // what to do next
}

// String is the refusal as one line.
func (r Refusal) String() string {
	text := r.Message
	if r.Ref != "" {
		text = r.Ref + ": " + text
	}
	if r.Fix != "" {
		text += "; " + r.Fix
	}
	return fmt.Sprintf("%s [%s]", text, r.Rule)
}

// Kernel is the kernel as the door needs it; *kernel.Kernel is one.
type Kernel interface {
	Repo() *git.Repo                                               // kernel.git
	Main() *git.Repo                                               // main.git
	UpdateRefs(ctx context.Context, updates []git.RefUpdate) error // fenced by the lease
}

// Push is a proposal that passed the door. Its objects are in the kernel; no reference holds them yet.
type Push struct {
	Grant   Grant
	Target  string  // branch that it is for
	Base    git.OID // the branch's tip when it was pushed
	Head    git.OID
	Options map[string]string // topic, title, description, change
	Time    time.Time
}

// Receipt is what became of a proposal.
type Receipt struct {
	Change   string // the change's id, as people are shown it
	PatchSet int    // counted from 1
	URL      string // where to look at it; may be empty
	Note     string // more to tell the pusher; may be empty
}

// Config is what a Door is made of.
type Config struct {
	Name   string // the repository is served as /NAME.git
	Kernel Kernel
	Dir    string // a folder of the door's own; what is in it is a cache
	Tokens *Tokens
	// Record opens a change for a proposal or adds a patch set to one, and holds its objects by a reference.
	Record func(ctx context.Context, push Push) (Receipt, error)
	Hook   []string // the command that serves git's hooks; nil = this program with the verb "hook"
	Limits Limits
	Now    func() time.Time // nil = time.Now
	Log    *slog.Logger     // nil = nothing is logged
}

// Door serves git's smart HTTP protocol. It is an http.Handler.
type Door struct {
	config Config
	limits Limits
	judge  *judge
	views  *views
	hooks  string // folder of the hooks
	key    [32]byte

	requests, failures, all *meter

	mu    sync.Mutex
	taken map[string]chan struct{} // references that a push holds; closed when it is over
}

// New makes a door. What an earlier one left in Dir of pushes that were under way is removed.
func New(config Config) (*Door, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening the door: %w", err)
	}
	config.Dir = dir
	limits := config.Limits.withDefaults()
	d := &Door{config: config, limits: limits, taken: map[string]chan struct{}{},
		judge: &judge{main: config.Kernel.Main()}, views: newViews(filepath.Join(dir, "views"), config.Kernel),
		requests: newMeter(limits.Rate, limits.PerToken, config.Now), failures: newMeter(limits.Failures, limits.Failures, config.Now),
		all: newMeter(1<<30, limits.Total, config.Now)}
	if _, err := rand.Read(d.key[:]); err != nil {
		return nil, fmt.Errorf("opening the door: %w", err)
	}
	if err := d.prepare(); err != nil {
		return nil, fmt.Errorf("opening the door in %s: %w", dir, err)
	}
	return d, nil
}

func (d *Door) prepare() error {
	if err := os.RemoveAll(d.pushes()); err != nil {
		return err
	}
	for _, dir := range []string{d.config.Dir, d.pushes(), d.views.dir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	d.hooks = filepath.Join(d.config.Dir, "hooks")
	return writeHooks(d.hooks, d.config.Hook)
}

func (d *Door) pushes() string { return filepath.Join(d.config.Dir, "pushes") }

// The services, as they are named in requests.
const (
	servicePull = "git-upload-pack"
	servicePush = "git-receive-pack"
)

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ours := strings.CutPrefix(r.URL.Path, "/"+d.config.Name+".git/")
	if !ours || r.URL.RawPath != "" {
		http.NotFound(w, r)
		return
	}
	grant, leave, ok := d.admit(w, r)
	if !ok {
		return
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), d.limits.Time)
	defer cancel()
	v := &visit{door: d, w: w, r: r.WithContext(ctx), grant: grant}
	service := r.URL.Query().Get("service")
	switch {
	case path == "info/refs" && r.Method == http.MethodGet && (service == servicePull || service == servicePush):
		v.advertise(service)
	case path == servicePull && r.Method == http.MethodPost && v.speaks(servicePull):
		v.pull()
	case path == servicePush && r.Method == http.MethodPost && v.speaks(servicePush):
		v.push()
	default:
		v.fail(http.StatusNotFound, "there is only git's smart protocol here")
	}
}

// admit finds out who asks, within the limits.
func (d *Door) admit(w http.ResponseWriter, r *http.Request) (Grant, func(), bool) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	if d.failures.spent(address) {
		refuse(w, http.StatusTooManyRequests, "too many wrong tokens from this address; wait a minute")
		return Grant{}, nil, false
	}
	grant, err := d.config.Tokens.Authenticate(presented(r))
	if err != nil {
		d.turnAway(w, address, err)
		return Grant{}, nil, false
	}
	leaveAll, ok := d.all.enter("")
	if !ok {
		refuse(w, http.StatusServiceUnavailable, "the door is busy; try again in a moment")
		return Grant{}, nil, false
	}
	leave, ok := d.requests.enter(grant.ID)
	if !ok {
		leaveAll()
		refuse(w, http.StatusTooManyRequests, "too many requests with this token; wait a moment")
		return Grant{}, nil, false
	}
	return grant, func() { leave(); leaveAll() }, true
}

// turnAway answers a request without a token that is valid. Only who presented nothing known is asked for another.
func (d *Door) turnAway(w http.ResponseWriter, address string, err error) {
	var auth *AuthError
	if errors.As(err, &auth) && auth.ID != "" {
		d.config.Log.Info("door: refused", "token", auth.ID, "why", auth.Problem)
		refuse(w, http.StatusForbidden, err.Error()+"; ask the operator for a new one: adamant token new")
		return
	}
	if leave, ok := d.failures.enter(address); ok {
		leave()
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="adamant", charset="UTF-8"`)
	refuse(w, http.StatusUnauthorized, "a token is needed: the password is the token, the user name does not matter")
}

// presented is the token of a request: the password of Basic, or Bearer.
func presented(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}

// refuse answers in plain text, which git shows as "remote: ...".
func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, "adamant: "+text)
}
