package builder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/trust"
)

// ErrUnreachable says that nobody takes orders at an address.
var ErrUnreachable = errors.New("no builder takes orders there")

// AnswerError says why the answer to an order is not taken: it is not what was asked for, or not by who was asked.
type AnswerError struct{ Why string }

func (e *AnswerError) Error() string { return "the builder's answer is not taken: " + e.Why }

// FailedError says that the ordered build failed.
type FailedError struct{ Failure }

func (e *FailedError) Error() string { return e.Reason }

// Sign makes an SSHSIG of text in a namespace.
type Sign func(ctx context.Context, namespace, text string) (string, error)

// Client places orders with one builder. It believes nothing that the builder says but what Check holds to a key.
type Client struct {
	base string
	http *http.Client
}

const (
	answerLimit = recordLimit + 1<<20 // bytes of an answer
	fetchTime   = 10 * time.Minute    // for one artifact
)

// NewClient returns a client of the builder at an http or https URL, or at the absolute path of a unix socket. Nothing is connected yet.
func NewClient(at string) (*Client, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	c := &Client{http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if filepath.IsAbs(at) {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", at)
		}
		c.base = "http://builder"
		return c, nil
	}
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("a builder takes orders at an http or https URL, or at the absolute path of a socket, not at %q", at)
	}
	c.base = strings.TrimSuffix(at, "/")
	return c, nil
}

// Order has a job built. A *RefusedError or *FailedError is the builder's no; ErrUnreachable that there is none.
func (c *Client) Order(ctx context.Context, job Job, sign Sign) (Built, error) {
	text, err := manifest.CanonicalJSON(job)
	if err != nil {
		return Built{}, fmt.Errorf("order a build: %w", err)
	}
	signature, err := sign(ctx, NamespaceJob, string(text))
	if err != nil {
		return Built{}, fmt.Errorf("sign an order: %w", err)
	}
	order, err := manifest.CanonicalJSON(Order{text, signature})
	if err != nil {
		return Built{}, fmt.Errorf("order a build: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+PathBuild, bytes.NewReader(order))
	if err != nil {
		return Built{}, err
	}
	response, err := c.do(request)
	if err != nil {
		return Built{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	if err != nil {
		return Built{}, fmt.Errorf("read the builder's answer: %w", err)
	}
	return answered(response.StatusCode, body)
}

func (c *Client) do(request *http.Request) (*http.Response, error) {
	response, err := c.http.Do(request)
	if dial := (*net.OpError)(nil); errors.As(err, &dial) && dial.Op == "dial" {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if err != nil {
		return nil, fmt.Errorf("ask the builder: %w", err)
	}
	return response, nil
}

// answered reads what became of an order.
func answered(status int, body []byte) (out Built, err error) {
	said := strings.TrimSpace(string(body[:min(len(body), 1<<10)]))
	switch {
	case len(body) > answerLimit:
		return out, &AnswerError{fmt.Sprintf("it is longer than %d bytes", answerLimit)}
	case status == http.StatusForbidden:
		return out, &RefusedError{strings.TrimPrefix(said, "refused: ")}
	case status == http.StatusUnprocessableEntity:
		var f Failure
		if json.Unmarshal(body, &f) != nil {
			return out, &AnswerError{"it cannot be read: " + said}
		}
		return out, &FailedError{f}
	case status != http.StatusOK:
		return out, fmt.Errorf("the builder answers %d: %s", status, said)
	}
	if err := decode(body, &out); err != nil {
		return out, &AnswerError{"it cannot be read: " + err.Error()}
	}
	return out, nil
}

// Check says whose statement an answer is, if it is the one about this job: the asked builder's, by the key that is listed for it, about
// this commit, target and invocation, and about the artifacts that are offered. Else it is an *AnswerError. target is what the
// commit declares.
func (b Built) Check(job Job, target manifest.Build, repository string, listed []manifest.DedicatedBuilder) (trust.Identity, error) {
	who, err := Certified(b.Stated, repository, listed)
	if err != nil {
		return who, &AnswerError{strings.TrimPrefix(err.Error(), "refused: ")}
	}
	if why := b.differs(job, target, who); why != "" {
		return trust.Identity{}, &AnswerError{why}
	}
	return who, nil
}

// differs says in what an answer is not about a job; "" when it is.
func (b Built) differs(job Job, target manifest.Build, who trust.Identity) string {
	s, err := build.ReadStatement(b.Statement)
	if err != nil {
		return err.Error()
	}
	asked := s.Predicate.BuildDefinition.ExternalParameters
	declared, err := build.Complete(target)
	if err != nil {
		return err.Error()
	}
	if target.Kind == "go" && target.Platform == "" {
		built, err := s.Target()
		if err != nil {
			return err.Error()
		}
		declared.Platform = built.Platform // left to the builder's machine
	}
	text, err := manifest.CanonicalJSON(declared)
	switch {
	case err != nil:
		return err.Error()
	case who.String() != job.Builder:
		return "it is by " + who.String()
	case s.Predicate.RunDetails.Metadata.InvocationID != job.Invocation:
		return "it is of another order"
	case asked.Source.Digest["gitCommit"] != job.Commit:
		return "it is about commit " + asked.Source.Digest["gitCommit"]
	case asked.Dirty || asked.NoCache != job.NoCache:
		return "it was built with other parameters"
	case !bytes.Equal(asked.Target, text):
		return "the target that was built is not the one that the commit declares"
	case len(b.Artifacts) != len(s.Subject):
		return "it offers other artifacts than it states"
	}
	for i, a := range b.Artifacts {
		if s.Subject[i].Name != a.Name || s.Subject[i].Digest["sha256"] != a.SHA256 {
			return "it offers " + a.Name + ", which it does not state"
		}
	}
	return ""
}

// Fetch gets the artifacts of an order that was checked into dir, and holds each to its digest. Files of their names are replaced.
func (c *Client) Fetch(ctx context.Context, job Job, artifacts []build.Artifact, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // artifacts are for everybody
		return fmt.Errorf("make the folder of artifacts: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the folder of artifacts: %w", err)
	}
	defer root.Close()
	for i := range artifacts {
		if err := c.fetch(ctx, job, i, artifacts[i], root); err != nil {
			return err
		}
		artifacts[i].Path = filepath.Join(dir, filepath.FromSlash(artifacts[i].Name))
	}
	return nil
}

func (c *Client) fetch(ctx context.Context, job Job, n int, a build.Artifact, root *os.Root) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	at := c.base + strings.NewReplacer("{invocation}", job.Invocation, "{n}", fmt.Sprint(n)).Replace(PathArtifact)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	response, err := c.do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return &AnswerError{fmt.Sprintf("artifact %s: it answers %d", a.Name, response.StatusCode)}
	}
	return keep(response.Body, a, root)
}

// keep writes an artifact beside its place, and moves it there when its digest is right.
func keep(from io.Reader, a build.Artifact, root *os.Root) (err error) {
	name := filepath.FromSlash(a.Name)
	if !filepath.IsLocal(name) {
		return &AnswerError{fmt.Sprintf("%q is no name of a file", a.Name)}
	}
	mode := os.FileMode(0o644)
	if a.Mode&0o111 != 0 {
		mode = 0o755
	}
	part := name + ".part"
	if err := errors.Join(root.MkdirAll(filepath.Dir(name), 0o755), ignoreMissing(root.Remove(part))); err != nil {
		return fmt.Errorf("write artifact %s: %w", a.Name, err)
	}
	f, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write artifact %s: %w", a.Name, err)
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, hash), io.LimitReader(from, a.Size+1))
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err == nil && hex.EncodeToString(hash.Sum(nil)) != a.SHA256 {
		err = &AnswerError{"artifact " + a.Name + " is not the one that it states"}
	}
	if err == nil {
		err = root.Rename(part, name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write artifact %s: %w", a.Name, err), ignoreMissing(root.Remove(part)))
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
