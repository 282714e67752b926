package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/build/fetch"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sshsig"
	"github.com/adamant-os/adamant/internal/trust"
)

// PathCertify is where a daemon certifies what a dedicated builder stated: POST Stated: notary.Signed.
const PathCertify = "/v1/certify"

// Paths of serve.
const (
	PathBuild    = "/v1/build"                   // POST Order: Built
	PathArtifact = "/v1/builds/{invocation}/{n}" // GET: the nth artifact, from 0
)

// Job is what a builder can be asked: a target of a commit. How it is built stands in adamant.yaml of that commit.
type Job struct {
	Builder    string    `json:"builder"` // identity of the builder that is meant
	Commit     string    `json:"commit"`
	Target     string    `json:"target"`
	NoCache    bool      `json:"noCache"`
	Invocation string    `json:"invocation"` // not used before
	At         time.Time `json:"at"`         // within jobWindow of the builder's clock
}

// Order is a job and the signature of who asks: SSHSIG in NamespaceJob over Job, byte for byte.
type Order struct {
	Job       json.RawMessage `json:"job"`
	Signature string          `json:"signature"`
}

// Built is what became of an order.
type Built struct {
	Stated
	Artifacts []build.Artifact `json:"artifacts"`
}

const (
	jobWindow  = 5 * time.Minute
	orderLimit = 64 << 10
	refSource  = "refs/remotes/source/"
	kept       = time.Hour // how long artifacts are there to be fetched
)

// Server takes orders.
type Server struct {
	config  Config
	askers  map[string]bool
	builder *build.Builder
	source  *git.Repo
	now     func() time.Time

	busy sync.Mutex // one build at a time
	used map[string]time.Time

	mu   sync.Mutex // guards done
	done map[string][]build.Artifact
}

// NewServer makes the control plane. source is its own copy of the repository, which it fetches into.
func NewServer(c Config, b *build.Builder, source *git.Repo, now func() time.Time) (*Server, error) {
	askers, err := c.askers()
	if err != nil {
		return nil, err
	}
	return &Server{config: c, askers: askers, builder: b, source: source, now: now, used: map[string]time.Time{}, done: map[string][]build.Artifact{}}, nil
}

// Serve answers until ctx ends.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+PathBuild, s.order)
	mux.HandleFunc("GET "+PathArtifact, s.artifact)
	return serveUntil(ctx, &http.Server{ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, Handler: mux}, listener)
}

// RefusedError says why an order is not carried out.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return "refused: " + e.Why }

func (s *Server) order(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, orderLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	s.busy.Lock()
	defer s.busy.Unlock()
	built, err := s.carryOut(r.Context(), text)
	refused, failed := (*RefusedError)(nil), failure(err)
	switch {
	case errors.As(err, &refused):
		http.Error(w, err.Error(), http.StatusForbidden)
	case failed != nil:
		answer(w, http.StatusUnprocessableEntity, failed)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		answer(w, http.StatusOK, built)
	}
}

// answer writes JSON in which what was signed stands byte for byte: nothing is escaped for HTML.
func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(value) // whoever asked is gone
}

// Failure is the answer to an order whose build failed: what it asks for is at fault, not the builder.
type Failure struct {
	Reason string `json:"reason"`
	Log    string `json:"log"` // the end of what the build wrote
}

// failure is what failed in the build itself, nil for any other error.
func failure(err error) *Failure {
	var command *build.FailedError
	if errors.As(err, &command) {
		return &Failure{command.Reason, string(command.Log)}
	}
	var dependency *fetch.Error
	if errors.As(err, &dependency) {
		return &Failure{Reason: strings.TrimSuffix(dependency.Error()+"; "+dependency.Do, "; ")}
	}
	return nil
}

func (s *Server) carryOut(ctx context.Context, text []byte) (Built, error) {
	job, err := s.accept(text)
	if err != nil {
		return Built{}, err
	}
	target, err := s.target(ctx, job)
	if err != nil {
		return Built{}, err
	}
	id, err := trust.ParseIdentity(s.config.Identity)
	if err != nil {
		return Built{}, err
	}
	record, err := s.builder.Build(ctx, build.Job{Repository: id.Repository, Commit: git.OID(job.Commit), Target: target, NoCache: job.NoCache, Invocation: job.Invocation},
		filepath.Join(s.config.Dir, "out", job.Invocation))
	if err != nil {
		return Built{}, err
	}
	stated, err := askSigner(ctx, s.config.Socket, record)
	if err != nil {
		return Built{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[job.Invocation] = record.Artifacts
	return Built{stated, record.Artifacts}, nil
}

// accept checks an order: who asks, whom, when, and that nobody asked the same before.
func (s *Server) accept(text []byte) (Job, error) {
	var order Order
	var job Job
	if err := decode(text, &order); err != nil {
		return job, &RefusedError{"the order cannot be read: " + err.Error()}
	}
	signature, err := sshsig.Verify([]byte(order.Signature), NamespaceJob, order.Job)
	if err != nil {
		return job, &RefusedError{"the order's signature: " + err.Error()}
	}
	if !s.askers[string(signature.Key.Marshal())] {
		return job, &RefusedError{sshsig.Fingerprint(signature.Key) + " may not ask for builds"}
	}
	if err := decode(order.Job, &job); err != nil {
		return job, &RefusedError{"the job cannot be read: " + err.Error()}
	}
	now := s.now()
	s.forget(now)
	switch _, again := s.used[job.Invocation]; {
	case job.Builder != s.config.Identity:
		return job, &RefusedError{"the order is for " + job.Builder}
	case job.At.Before(now.Add(-jobWindow)) || job.At.After(now.Add(jobWindow)):
		return job, &RefusedError{"the order is of " + job.At.Format(time.RFC3339) + ", and it is " + now.UTC().Format(time.RFC3339)}
	case len(job.Invocation) < 16 || len(job.Invocation) > 64 || strings.Trim(job.Invocation, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "":
		return job, &RefusedError{"the invocation is 16 to 64 capital letters and digits of base 32"}
	case again:
		return job, &RefusedError{"the order was carried out before"}
	}
	s.used[job.Invocation] = now
	return job, nil
}

// forget drops what is too old to come again, and its artifacts.
func (s *Server) forget(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for invocation, at := range s.used {
		if now.Sub(at) > kept {
			delete(s.used, invocation)
			delete(s.done, invocation)
			_ = os.RemoveAll(filepath.Join(s.config.Dir, "out", invocation)) // the folder is in the way of nothing
		}
	}
}

// target reads how a commit of main says that it is built.
func (s *Server) target(ctx context.Context, job Job) (manifest.Build, error) {
	if err := s.source.Fetch(ctx, s.config.Source, []string{"+refs/heads/main:" + refSource + "main"}, git.FetchOptions{}); err != nil {
		return manifest.Build{}, fmt.Errorf("fetch the source: %w", err)
	}
	tip, err := s.source.Ref(ctx, refSource+"main")
	if err != nil {
		return manifest.Build{}, err
	}
	if on, err := s.source.IsAncestor(ctx, git.OID(job.Commit), tip); err != nil || !on {
		return manifest.Build{}, &RefusedError{fmt.Sprintf("commit %.12s is not on main of %s", job.Commit, s.config.Source)}
	}
	blob, err := s.source.Lookup(ctx, git.OID(job.Commit), facts.ConfigPath)
	if err != nil {
		return manifest.Build{}, err
	}
	data, err := s.source.Blob(ctx, blob, configLimit)
	if err != nil {
		return manifest.Build{}, err
	}
	config, problems := manifest.LoadRepository(facts.ConfigPath, data)
	if len(problems) > 0 {
		return manifest.Build{}, manifest.Join(problems)
	}
	for _, t := range config.Spec.Build {
		if t.Name == job.Target {
			return t, nil
		}
	}
	return manifest.Build{}, &RefusedError{fmt.Sprintf("commit %.12s declares no build target %s", job.Commit, job.Target)}
}

func (s *Server) artifact(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	artifacts := s.done[r.PathValue("invocation")]
	s.mu.Unlock()
	for i, a := range artifacts {
		if r.PathValue("n") == fmt.Sprint(i) {
			http.ServeFile(w, r, a.Path)
			return
		}
	}
	http.NotFound(w, r)
}

func decode(text []byte, value any) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	return d.Decode(value)
}
