// Package page is the one page on which the operator approves a change with a browser's key, and the one on which such a key
// is enrolled.
//
// It promises that the browser signs the sha256 of the very statement that it shows, that a page carries no script, style or
// picture of anybody else (strict content security policy), and that only a page of this origin can post. It never decides:
// what the browser answers goes to the desk, which verifies it. Reading a page needs no proof: serve it under an
// address that only the operator knows.
package page

import (
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/risk"
)

// Desk is what the pages need of the daemon.
type Desk interface {
	// Show gives a change with the gate's verdict on it now. An unknown change is a *desk.Error of status 404.
	Show(ctx context.Context, id string) (desk.Change, *gate.Verdict, error)
	Approve(ctx context.Context, id string, p desk.Proof) (desk.Answer, error)
	Credentials() []operator.Key
	Invitation(ticket string) (operator.Order, bool)
	Accept(ctx context.Context, ticket string, credential json.RawMessage) (desk.Enrolled, error)
}

//go:embed page.html page.css page.js
var files embed.FS

// bodyLimit bounds what a browser posts, in bytes.
const bodyLimit = 2 << 20

type pages struct {
	desk  Desk
	now   func() time.Time
	hosts []string
	html  *template.Template
}

// New returns the handler of /approve/{id}, /operator/enrol/{ticket} and /operator/static/. It answers to requests for one of
// hosts (without port; the relying party ids of keys), so that no other name can be made to lead here.
func New(d Desk, now func() time.Time, hosts []string) (http.Handler, error) {
	html, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("reading the page's template: %w", err)
	}
	p := &pages{desk: d, now: now, hosts: hosts, html: html}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /approve/{id}", p.showChange)
	mux.HandleFunc("POST /approve/{id}", p.approve)
	mux.HandleFunc("GET /operator/enrol/{ticket}", p.showTicket)
	mux.HandleFunc("POST /operator/enrol/{ticket}", p.accept)
	mux.HandleFunc("GET /operator/static/{file}", p.static)
	return p.guard(mux), nil
}

// guard keeps other names, other sites and other scripts out.
func (p *pages) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !slices.Contains(p.hosts, hostOf(r.Host)) {
			http.Error(w, "this name does not lead here", http.StatusMisdirectedRequest)
			return
		}
		if r.Method == http.MethodPost && !ownOrigin(r) {
			http.Error(w, "only this page may post here", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return strings.ToLower(name)
	}
	return strings.ToLower(host)
}

// ownOrigin says that a request comes from a page of this very host. Browsers always send Origin with POST.
func ownOrigin(r *http.Request) bool {
	_, host, found := strings.Cut(r.Header.Get("Origin"), "://")
	return found && host == r.Host && r.Header.Get("Content-Type") == "application/json"
}

func (p *pages) static(w http.ResponseWriter, r *http.Request) {
	kind := map[string]string{"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}[r.PathValue("file")]
	data, err := files.ReadFile(r.PathValue("file"))
	if kind == "" || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data) // the browser went away
}

// view is what the template shows.
type view struct {
	Title, Heading, Problem string
	Change                  *changeView
	Order                   *operator.Order
	Ceremony                *ceremony
}

// ceremony is what the script needs.
type ceremony struct {
	Kind       string // get or create
	Text       string // the statement or order: what is signed
	Site       string
	Keys       []operator.Key
	Verify     string // userVerification
	Algorithms []int
	Until      string // when it lapses
	User       string
}

// KeyList is the keys for the script: ids of credentials and keys, in pairs.
func (c *ceremony) KeyList() string {
	var parts []string
	for _, k := range c.Keys {
		parts = append(parts, k.Credential+"="+k.ID)
	}
	return strings.Join(parts, " ")
}

// AlgorithmList is the algorithms for the script.
func (c *ceremony) AlgorithmList() string { return strings.Trim(fmt.Sprint(c.Algorithms), "[]") }

func (p *pages) render(w http.ResponseWriter, status int, v view) {
	var page strings.Builder
	if err := p.html.Execute(&page, v); err != nil {
		http.Error(w, "the page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, page.String())
}

func (p *pages) showChange(w http.ResponseWriter, r *http.Request) {
	change, v, err := p.desk.Show(r.Context(), r.PathValue("id"))
	if err != nil {
		status, why := statusOf(err)
		p.render(w, status, view{Title: "adamant", Heading: "This change cannot be shown", Problem: why})
		return
	}
	accepts := r.URL.Query()["accept"]
	c := newChangeView(change, v, accepts)
	out := view{Title: change.Title + " · adamant", Heading: change.Title, Change: c}
	reason := strings.TrimSpace(r.URL.Query().Get("reason"))
	c.Reason = reason
	switch text, until, err := p.statement(v, accepts, reason); {
	case v.Decision != gate.Hold:
		out.Problem = settled(v)
	case err != nil:
		if c.Asked = c.NeedsReason || len(c.Missing) > 0; !c.Asked || reason != "" {
			out.Problem = err.Error()
		}
	default:
		site := hostOf(r.Host)
		out.Ceremony = &ceremony{Kind: "get", Text: text, Site: site, Keys: keysOf(p.desk.Credentials(), site, c.Critical), Verify: "preferred", Until: until}
		if c.Critical {
			out.Ceremony.Verify = "required"
		}
		if len(out.Ceremony.Keys) == 0 {
			out.Ceremony, out.Problem = nil, "No browser's key that may do this is enrolled for "+site+": adamant operator enrol --webauthn"
		}
	}
	p.render(w, http.StatusOK, out)
}

func settled(v *gate.Verdict) string {
	if v.Decision == gate.Deny {
		return "The gate refuses this change; no approval alters that."
	}
	return "This change needs nothing more: it may land."
}

func keysOf(all []operator.Key, site string, critical bool) []operator.Key {
	return slices.DeleteFunc(all, func(k operator.Key) bool { return k.Site != site || critical && !k.Verifies })
}

// How long an approval given on the page counts.
const (
	life         = 7 * 24 * time.Hour
	criticalLife = 4 * time.Hour
)

func (p *pages) statement(v *gate.Verdict, accepts []string, reason string) (text, until string, err error) {
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		return "", "", fmt.Errorf("making a nonce: %w", err)
	}
	s := gate.Draft(v, accepts)
	s.Reason, s.Nonce, s.At = reason, hex.EncodeToString(raw), p.now().UTC().Truncate(time.Second)
	s.Expires = s.At.Add(life)
	if v.Assessment.Level == risk.Critical {
		s.Expires = s.At.Add(criticalLife)
	}
	text, err = s.Text()
	return text, s.Expires.Format("2 January 15:04 MST"), err
}

// posted is what the script sends.
type posted struct {
	Statement string          `json:"statement"`
	Key       string          `json:"key"`
	Assertion json.RawMessage `json:"assertion"`
}

func (p *pages) approve(w http.ResponseWriter, r *http.Request) {
	var in posted
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit)).Decode(&in); err != nil {
		reply(w, nil, &desk.Error{Status: http.StatusBadRequest, Detail: "reading what the page sent: " + err.Error()})
		return
	}
	out, err := p.desk.Approve(r.Context(), r.PathValue("id"), desk.Proof{Statement: in.Statement, Method: gate.MethodWebAuthn, Key: in.Key, Assertion: in.Assertion})
	reply(w, out, err)
}

func (p *pages) showTicket(w http.ResponseWriter, r *http.Request) {
	o, ok := p.desk.Invitation(r.PathValue("ticket"))
	if !ok {
		p.render(w, http.StatusNotFound, view{Title: "adamant", Heading: "This page is no longer open", Problem: "It was used, or is older than ten minutes: adamant operator enrol --webauthn"})
		return
	}
	text, err := o.Text()
	if err != nil {
		p.render(w, http.StatusInternalServerError, view{Title: "adamant", Heading: "This order cannot be shown", Problem: err.Error()})
		return
	}
	site := hostOf(r.Host)
	p.render(w, http.StatusOK, view{Title: "Enrol a key · adamant", Heading: "Enrol a key of " + o.Operator, Order: &o, Ceremony: &ceremony{
		Kind: "create", Text: text, Site: site, Keys: keysOf(p.desk.Credentials(), site, false), Verify: "preferred", Algorithms: operator.Algorithms(), User: o.Operator}})
}

func (p *pages) accept(w http.ResponseWriter, r *http.Request) {
	var in posted
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit)).Decode(&in); err != nil {
		reply(w, nil, &desk.Error{Status: http.StatusBadRequest, Detail: "reading what the page sent: " + err.Error()})
		return
	}
	out, err := p.desk.Accept(r.Context(), r.PathValue("ticket"), in.Assertion)
	reply(w, out, err)
}

func reply(w http.ResponseWriter, out any, err error) {
	status := http.StatusOK
	if err != nil {
		var why string
		status, why = statusOf(err)
		out = desk.Error{Status: status, Title: http.StatusText(status), Detail: why}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // the browser went away
}

func statusOf(err error) (int, string) {
	var known *desk.Error
	var refused *operator.RefusedError
	switch {
	case errors.As(err, &known):
		return cmp.Or(known.Status, http.StatusInternalServerError), known.Error()
	case errors.As(err, &refused):
		return http.StatusForbidden, refused.Why
	}
	return http.StatusInternalServerError, err.Error()
}
