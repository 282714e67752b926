// Package desktest is a desk for tests: the daemon's paths over an authority and a few changes in memory.
package desktest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/risk"
)

// Memory is a ledger in memory.
type Memory struct {
	mu      sync.Mutex
	entries []operator.Entry
}

// Append adds an entry.
func (m *Memory) Append(_ context.Context, e operator.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, e)
	return nil
}

// Entries are those added, in order.
func (m *Memory) Entries(context.Context) iter.Seq2[operator.Entry, error] {
	m.mu.Lock()
	all := slices.Clone(m.entries)
	m.mu.Unlock()
	return func(yield func(operator.Entry, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Server is the desk.
type Server struct {
	*operator.Authority
	Now   func() time.Time
	Owner bool                        // whoever asks owns the kernel's folder
	Forge func(verdict []byte) []byte // when it is there, what the desk shows in place of a verdict

	mu      sync.Mutex
	changes map[string]*change
	order   []string
}

type change struct {
	desk.Change
	assessment *gate.Assessment
	since      time.Time
	closed     bool
}

// New returns a server with an empty kernel.
func New(t testing.TB, now func() time.Time, opt operator.Options) *Server {
	t.Helper()
	opt.Now = now
	a, err := operator.Open(t.Context(), &Memory{}, opt)
	if err != nil {
		t.Fatal(err)
	}
	return &Server{Authority: a, Now: now, Owner: true, changes: map[string]*change{}}
}

// Assessment is one of a waiting change of a level.
func Assessment(level risk.Level) *gate.Assessment {
	a := &gate.Assessment{APIVersion: gate.AssessmentVersion, Target: "main", Base: "1111111111111111111111111111111111111111", Head: "2222222222222222222222222222222222222222",
		MergeBase: []string{}, MergedTree: "3333333333333333333333333333333333333333", EffectiveDiff: "4444", Governance: "5555", Level: level, Band: level, Score: 640,
		Floor:   []risk.Reason{{Level: level, Rule: "sensitive/authentication", Path: "auth/session.go", Line: 40, Message: "how a session is checked changes"}},
		Factors: []risk.Factor{}, Findings: []finding.Finding{}, Waivers: []gate.UsedWaiver{}, Holds: []gate.Reason{},
		Merge: gate.Merge{Mode: gate.ModeManual}, Diffstat: gate.Diffstat{Files: 4, Added: 120, Deleted: 31},
		Gates: []gate.Gate{{Name: "unit", State: gate.Passed, Source: "local", Checks: []string{"go"}}, {Name: "approval", State: gate.Waiting, Reason: "a high change is the operator's decision"}}}
	if level == risk.Critical {
		a.Merge.Mode = gate.ModeManualMFA
		a.Gates = append(a.Gates[:1], gate.Gate{Name: "break-glass", State: gate.Waiting}, gate.Gate{Name: "mfa-approval", State: gate.Waiting})
	}
	return a
}

// Open puts a change on the desk.
func (s *Server) Open(t testing.TB, c desk.Change, a *gate.Assessment, since time.Time) {
	t.Helper()
	var err error
	if a.Digest, err = gate.Digest(a); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes[c.ID] = &change{Change: c, assessment: a, since: since}
	s.order = append(s.order, c.ID)
}

// Verdict is what the gate says of a change now.
func (s *Server) Verdict(id string) *gate.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verdict(s.changes[id])
}

func (s *Server) verdict(c *change) *gate.Verdict {
	return gate.Decide(c.assessment, gate.Standing{Change: c.ID, Approvals: s.Approvals(c.ID), Now: s.Now()})
}

// Find is the change whose id begins with begin, with its verdict.
func (s *Server) Find(begin string) (desk.Change, *gate.Verdict, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.changes {
		if len(begin) < 8 || !strings.HasPrefix(id, begin) {
			continue
		}
		v := s.verdict(c)
		data, err := manifest.CanonicalJSON(v)
		out := c.Change
		out.Verdict = data
		if s.Forge != nil {
			out.Verdict = s.Forge(data)
		}
		return out, v, err
	}
	return desk.Change{}, nil, &desk.Error{Status: http.StatusNotFound, Detail: "there is no change " + begin}
}

// Inbox lists the changes that wait.
func (s *Server) Inbox() desk.Inbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := desk.Inbox{Items: []desk.Item{}}
	for _, id := range s.order {
		c := s.changes[id]
		if item, asks := desk.ItemOf(c.Change, s.verdict(c)); asks && !c.closed {
			item.Since, item.Status = c.since, "needs-operator"
			in.Items = append(in.Items, item)
		}
	}
	in.Sort()
	return in
}

// Approved takes a proof.
func (s *Server) Approved(ctx context.Context, id string, p desk.Proof) (desk.Answer, error) {
	c, v, err := s.Find(id)
	if err != nil {
		return desk.Answer{}, err
	}
	got, err := s.Approve(ctx, c.ID, v, p)
	if err != nil {
		return desk.Answer{}, err
	}
	now := s.Verdict(c.ID)
	return desk.Answer{Change: c.ID, Status: "queued", Decision: now.Decision, Message: "approved by " + got.By + " (" + got.Method + "); the gate says " + now.Decision}, nil
}

// Handler serves the daemon's paths.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	approve := func(r *http.Request) (any, error) {
		var p desk.Proof
		if err := decode(r, &p); err != nil {
			return nil, err
		}
		return s.Approved(r.Context(), r.PathValue("id"), p)
	}
	for pattern, handle := range map[string]func(*http.Request) (any, error){
		"GET " + desk.PathInbox:      func(*http.Request) (any, error) { return s.Inbox(), nil },
		"GET " + desk.PathChange:     func(r *http.Request) (any, error) { c, _, err := s.Find(r.PathValue("id")); return c, err },
		"POST " + desk.PathApprovals: approve,
		"POST " + desk.PathAccept:    approve,
		"POST " + desk.PathReject:    s.reject,
		"POST " + desk.PathComments:  s.comment,
		"GET " + desk.PathOperators:  func(r *http.Request) (any, error) { return s.Operators(r.Context()) },
		"POST " + desk.PathOperators: s.enrol,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { answer(w, r, handle) })
	}
	return mux
}

func (s *Server) enrol(r *http.Request) (any, error) {
	var e desk.Enrolment
	if err := decode(r, &e); err != nil {
		return nil, err
	}
	return s.Order(r.Context(), e, s.Owner)
}

func (s *Server) reject(r *http.Request) (any, error) {
	var in desk.Rejection
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	c, _, err := s.Find(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes[c.ID].closed = true
	return desk.Answer{Change: c.ID, Status: "rejected", Message: "rejected: " + in.Reason}, nil
}

func (s *Server) comment(r *http.Request) (any, error) {
	var in desk.Remark
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	c, _, err := s.Find(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes[c.ID].Comments = append(s.changes[c.ID].Comments, in)
	return desk.Answer{Change: c.ID, Status: c.Status, Message: "commented"}, nil
}

func decode(r *http.Request, into any) error {
	data, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func answer(w http.ResponseWriter, r *http.Request, handle func(*http.Request) (any, error)) {
	out, err := handle(r)
	var known *desk.Error
	var refused *operator.RefusedError
	switch {
	case errors.As(err, &known):
		w.WriteHeader(known.Status)
		out = known
	case errors.As(err, &refused):
		w.WriteHeader(http.StatusForbidden)
		out = &desk.Error{Status: http.StatusForbidden, Title: "Forbidden", Detail: refused.Why}
	case err != nil:
		w.WriteHeader(http.StatusInternalServerError)
		out = &desk.Error{Status: http.StatusInternalServerError, Detail: err.Error()}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// Listen serves on a unix socket until the test ends, and gives its path.
func (s *Server) Listen(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "desk") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done; _ = os.RemoveAll(dir) })
	return socket
}
