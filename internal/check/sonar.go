package check

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

const (
	sonarTimeout = 20 * time.Second
	sonarLimit   = 1 << 20        // bytes of one answer
	sonarMaxAge  = 24 * time.Hour // when the configuration does not say
	sonarDate    = "2006-01-02T15:04:05-0700"
)

// Sonar asks a SonarQube server for its quality gate, over the web API that SonarQube 9.9 and later document.
type Sonar struct {
	Config manifest.SonarQube
	Token  string            // value of the variable Config.TokenEnv names
	Client http.RoundTripper // nil means the default transport
}

// sonarError is a server that does not answer the question: the gate is not to be had.
type sonarError struct{ reason string }

func (e *sonarError) Error() string { return e.reason }

// Evidence is the quality gate's state for the commit head, on a branch or, when pullRequest is not empty, a pull request.
// The gate is bound to the commit by the revision of its analysis: another revision, or none, is pending, and so is one
// that is older than the maximum age. A server that cannot be asked is unavailable. The error is of ctx or the configuration.
func (s *Sonar) Evidence(ctx context.Context, head, branch, pullRequest string, now time.Time) (facts.Evidence, error) {
	e := facts.Evidence{Check: "sonarqube", Kind: "quality", Source: "sonarqube", ObservedAt: now.UTC().Truncate(time.Second)}
	maxAge, err := duration(s.Config.MaxAge, sonarMaxAge)
	if err != nil {
		return e, fmt.Errorf("sonarqube: maxAge: %w", err)
	}
	e.MaxAge = int64(maxAge / time.Second)
	base, err := sonarURL(s.Config.URL)
	if err != nil {
		return e, err
	}
	if s.Token == "" {
		e.State, e.Reason = facts.Unavailable, "no token: set "+s.Config.TokenEnv
		return e, nil
	}
	err = s.ask(ctx, base, scope(s.Config.Project, branch, pullRequest), head, now, maxAge, &e)
	var refused *sonarError
	switch {
	case ctx.Err() != nil:
		return e, ctx.Err()
	case errors.As(err, &refused):
		e.State, e.Reason = facts.Unavailable, refused.reason
		return e, nil
	}
	return e, err
}

// sonarURL accepts https, and http on this machine only: the token travels with every request.
func sonarURL(text string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil {
		return nil, fmt.Errorf("sonarqube: url: %w", err)
	}
	if base.Host == "" || base.User != nil || base.RawQuery != "" {
		return nil, fmt.Errorf("sonarqube: url %q: want https://HOST[/PATH]", text)
	}
	ip := net.ParseIP(base.Hostname())
	local := base.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if base.Scheme != "https" && !(base.Scheme == "http" && local) {
		return nil, fmt.Errorf("sonarqube: url %q: http is for this machine only; use https", text)
	}
	return base, nil
}

func scope(project, branch, pullRequest string) url.Values {
	values := url.Values{"project": {project}}
	switch {
	case pullRequest != "":
		values.Set("pullRequest", pullRequest)
	case branch != "":
		values.Set("branch", branch)
	}
	return values
}

type sonarAnalyses struct {
	Analyses []struct {
		Key      string `json:"key"`
		Date     string `json:"date"`
		Revision string `json:"revision"`
	} `json:"analyses"`
}

type sonarStatus struct {
	Project struct {
		Status     string `json:"status"`
		Conditions []struct {
			Status    string `json:"status"`
			Metric    string `json:"metricKey"`
			Threshold string `json:"errorThreshold"`
			Actual    string `json:"actualValue"`
		} `json:"conditions"`
	} `json:"projectStatus"`
}

// ask finds the analysis of head and reads the gate of that very analysis.
func (s *Sonar) ask(ctx context.Context, base *url.URL, query url.Values, head string, now time.Time, maxAge time.Duration, e *facts.Evidence) error {
	var list sonarAnalyses
	first, err := s.get(ctx, base, "api/project_analyses/search", query, &list)
	if err != nil {
		return err
	}
	e.State = facts.Pending
	for _, a := range list.Analyses {
		if a.Revision != head || head == "" {
			continue
		}
		at, err := time.Parse(sonarDate, a.Date)
		if err != nil {
			return &sonarError{fmt.Sprintf("the date %q of analysis %s cannot be read", a.Date, a.Key)}
		}
		e.ObservedAt = at.UTC()
		if age := now.Sub(at); age > maxAge {
			e.Reason = fmt.Sprintf("the analysis of %.12s is %s old, more than %s: analyse it again", head, age.Truncate(time.Second), maxAge)
			return nil
		}
		var status sonarStatus
		second, err := s.get(ctx, base, "api/qualitygates/project_status", url.Values{"analysisId": {a.Key}}, &status)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(append(first, second...))
		e.Digest = hex.EncodeToString(sum[:])
		e.State, e.Reason = status.judge()
		return nil
	}
	e.Reason = fmt.Sprintf("%.12s is not analysed yet", head)
	if len(list.Analyses) > 0 {
		e.Reason += fmt.Sprintf("; the latest analysis is of %.12s", list.Analyses[0].Revision)
	}
	return nil
}

func (st *sonarStatus) judge() (state, reason string) {
	switch st.Project.Status {
	case "OK":
		return facts.Passed, ""
	case "ERROR":
		var failed []string
		for _, c := range st.Project.Conditions {
			if c.Status == "ERROR" {
				failed = append(failed, fmt.Sprintf("%s is %s, the limit is %s", c.Metric, c.Actual, c.Threshold))
			}
		}
		return facts.Failed, shorten("quality gate failed: "+strings.Join(failed, "; "), 500)
	case "NONE":
		return facts.Unavailable, "the project has no quality gate"
	}
	return facts.Errored, fmt.Sprintf("unknown quality gate status %q", st.Project.Status)
}

// get asks one question. Servers before 10 know tokens as user names only.
func (s *Sonar) get(ctx context.Context, base *url.URL, path string, query url.Values, into any) ([]byte, error) {
	data, code, err := s.request(ctx, base, path, query, false)
	if err == nil && code == http.StatusUnauthorized {
		data, code, err = s.request(ctx, base, path, query, true)
	}
	switch {
	case err != nil:
		return nil, &sonarError{fmt.Sprintf("%s does not answer: %v", base.Host, err)}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return nil, &sonarError{fmt.Sprintf("%s refuses the token in %s for project %s", base.Host, s.Config.TokenEnv, s.Config.Project)}
	case code == http.StatusNotFound:
		return nil, &sonarError{fmt.Sprintf("%s does not know project %s, or not this branch of it", base.Host, s.Config.Project)}
	case code != http.StatusOK:
		return nil, &sonarError{fmt.Sprintf("%s answers with status %d", base.Host, code)}
	}
	if err := json.Unmarshal(data, into); err != nil {
		return nil, &sonarError{fmt.Sprintf("%s does not answer with what SonarQube documents: %v", base.Host, err)}
	}
	return data, nil
}

func (s *Sonar) request(ctx context.Context, base *url.URL, path string, query url.Values, basic bool) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, sonarTimeout)
	defer cancel()
	target := base.JoinPath(path)
	target.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, 0, err
	}
	req.Close = true // two questions are no reason to keep a connection
	req.Header.Set("Accept", "application/json")
	if basic {
		req.SetBasicAuth(s.Token, "")
	} else {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	client := http.Client{Transport: s.Client, CheckRedirect: sameHost}
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	data, err := readBounded(resp.Body, sonarLimit)
	return data, resp.StatusCode, err
}

// sameHost refuses redirects that would carry the question, or the token, elsewhere.
func sameHost(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	switch {
	case req.URL.Host != from.Host || req.URL.Scheme != from.Scheme:
		return fmt.Errorf("it redirects to %s, which is not followed", req.URL.Redacted())
	case len(via) > 5:
		return errors.New("too many redirects")
	}
	return nil
}
