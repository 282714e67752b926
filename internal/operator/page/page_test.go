package page

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/operator/desk/desktest"
	"github.com/adamant-os/adamant/internal/risk"
)

// server is a desk as the pages see it.
type server struct{ *desktest.Server }

func (s server) Show(_ context.Context, id string) (desk.Change, *gate.Verdict, error) {
	return s.Find(id)
}

func (s server) Approve(ctx context.Context, id string, p desk.Proof) (desk.Answer, error) {
	return s.Approved(ctx, id, p)
}

func (s server) Accept(ctx context.Context, ticket string, credential json.RawMessage) (desk.Enrolled, error) {
	return s.Authority.Accept(ctx, ticket, credential)
}

const (
	highID     = "a1f0000000000000000000000000000000000000000000000000000000000001"
	criticalID = "c2f0000000000000000000000000000000000000000000000000000000000002"
	missingID  = "d3f0000000000000000000000000000000000000000000000000000000000003"
)

// newServer is a desk with three changes and the handler of its pages; page is the origin that is told to users.
func newServer(t *testing.T, page string) (server, http.Handler) {
	t.Helper()
	s := server{desktest.New(t, time.Now, operator.Options{Page: page})}
	high := desktest.Assessment(risk.High)
	high.Holds = []gate.Reason{{Code: "policy-hold", Effect: gate.Hold, Subject: "team/look", Path: "deploy/app.yaml", Line: 7, Message: "replicas fall below two"}}
	s.Open(t, desk.Change{ID: highID, Title: "Sessions end after <b>an hour</b>", Agent: "coder", PatchSet: 2}, high, time.Now())
	s.Open(t, desk.Change{ID: criticalID, Title: "Rotate the root key", Author: "ada", PatchSet: 1}, desktest.Assessment(risk.Critical), time.Now())
	missing := desktest.Assessment(risk.High)
	missing.Gates = append(missing.Gates[:1], gate.Gate{Name: "load", State: gate.Unavailable, Reason: "no check of kind load is declared"})
	s.Open(t, desk.Change{ID: missingID, Title: "A faster search", Author: "ada", PatchSet: 1}, missing, time.Now())
	h, err := New(s, time.Now, []string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	return s, h
}

func get(h http.Handler, method, url, body string, change func(*http.Request)) (int, http.Header, string) {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	data, _ := io.ReadAll(w.Body)
	return w.Code, w.Header(), string(data)
}

func TestPages(t *testing.T) {
	t.Parallel()
	_, h := newServer(t, "http://localhost:4000")
	tests := []struct {
		name, url string
		status    int
		want, not string
	}{
		{"without a key", "/approve/" + highID, 200, "No browser&#39;s key", `id="sign"`},
		{"what it says", "/approve/" + highID, 200, "replicas fall below two", "<b>"},
		{"a part of the id", "/approve/a1f00000", 200, "Sessions end", ""},
		{"critical asks for a reason", "/approve/" + criticalID, 200, "Why, on record", "No browser"},
		{"too short a reason", "/approve/" + criticalID + "?reason=because", 200, "20 characters or more", `id="sign"`},
		{"a missing gate", "/approve/" + missingID, 200, "Land without <strong>load</strong>", "decides nothing"},
		{"unknown", "/approve/ffffffff", 404, "there is no change", ""},
		{"an old ticket", "/operator/enrol/00", 404, "no longer open", `id="sign"`},
		{"style", "/operator/static/page.css", 200, "color-scheme", ""},
		{"script", "/operator/static/page.js", 200, "navigator.credentials", ""},
		{"the template", "/operator/static/page.html", 404, "", "{{"},
		{"another path", "/", 404, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, header, body := get(h, "GET", "http://localhost:4000"+tt.url, "", nil)
			if status != tt.status || !strings.Contains(body, tt.want) || tt.not != "" && strings.Contains(body, tt.not) {
				t.Errorf("%d, want %d with %q and without %q:\n%s", status, tt.status, tt.want, tt.not, body)
			}
			if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'; script-src 'self'") || strings.Contains(csp, "unsafe") {
				t.Errorf("policy %q", csp)
			}
			for _, foreign := range []string{"https://", "<style", "onclick=", "javascript:"} {
				if strings.Contains(body, foreign) {
					t.Errorf("the page holds %q", foreign)
				}
			}
		})
	}
}

func TestWhoMayPost(t *testing.T) {
	t.Parallel()
	_, h := newServer(t, "http://localhost:4000")
	own := func(r *http.Request) {
		r.Header.Set("Origin", "http://localhost:4000")
		r.Header.Set("Content-Type", "application/json")
	}
	tests := []struct {
		name   string
		url    string
		change func(*http.Request)
		status int
	}{
		{"its own page, with nonsense", "http://localhost:4000/approve/" + highID, own, 403},
		{"another site", "http://localhost:4000/approve/" + highID, func(r *http.Request) { own(r); r.Header.Set("Origin", "https://evil.example") }, 403},
		{"another port", "http://localhost:4000/approve/" + highID, func(r *http.Request) { own(r); r.Header.Set("Origin", "http://localhost:4001") }, 403},
		{"no origin", "http://localhost:4000/approve/" + highID, func(r *http.Request) { own(r); r.Header.Del("Origin") }, 403},
		{"a form", "http://localhost:4000/approve/" + highID, func(r *http.Request) { own(r); r.Header.Set("Content-Type", "text/plain") }, 403},
		{"a name that was made to lead here", "http://evil.example/approve/" + highID, func(r *http.Request) { own(r); r.Header.Set("Origin", "http://evil.example") }, 421},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, _, body := get(h, "POST", tt.url, `{"statement":"{}"}`, tt.change)
			if status != tt.status {
				t.Errorf("%d, want %d: %s", status, tt.status, body)
			}
			if heard := strings.Contains(body, "statement"); heard != strings.HasPrefix(tt.name, "its own") {
				t.Errorf("heard: %v: %s", heard, body)
			}
		})
	}
	if status, _, _ := get(h, "POST", "http://localhost:4000/approve/"+highID, `{"statement":"`+strings.Repeat("x", bodyLimit)+`"}`, own); status != 400 {
		t.Errorf("a body over the limit: %d", status)
	}
}
