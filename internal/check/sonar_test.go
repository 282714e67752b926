package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

const (
	headSHA  = "0123456789abcdef0123456789abcdef01234567"
	otherSHA = "ffffffffffffffffffffffffffffffffffffffff"
)

// The answers as the web API documents them.
func analyses(revision, date string) string {
	return fmt.Sprintf(`{"paging":{"pageIndex":1,"pageSize":100,"total":2},"analyses":[
		{"key":"A2","date":%q,"events":[],"projectVersion":"1","manualNewCodePeriodBaseline":false,"revision":%q},
		{"key":"A1","date":"2016-12-11T17:12:45+0100","events":[],"revision":"dddddddddddddddddddddddddddddddddddddddd"}]}`, date, revision)
}

func gateStatus(status string) string {
	return fmt.Sprintf(`{"projectStatus":{"status":%q,"ignoredConditions":false,"caycStatus":"compliant","conditions":[
		{"status":"ERROR","metricKey":"new_coverage","comparator":"LT","errorThreshold":"85","actualValue":"82.5"},
		{"status":"OK","metricKey":"new_bugs","comparator":"GT","errorThreshold":"0","actualValue":"0"}],
		"period":{"mode":"last_version","date":"2000-04-27T00:45:23+0200"}}}`, status)
}

// sonarServer answers like SonarQube, and checks how it is asked.
func sonarServer(t *testing.T, list, status string, check func(http.ResponseWriter, *http.Request) bool) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if check != nil && check(w, req) {
			return
		}
		if req.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch req.URL.Path {
		case "/sonar/api/project_analyses/search":
			if req.URL.Query().Get("project") != "my:project" {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			fmt.Fprint(w, list)
		case "/sonar/api/qualitygates/project_status":
			if req.URL.Query().Get("analysisId") != "A2" {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			fmt.Fprint(w, status)
		default:
			t.Errorf("unexpected request %s", req.URL)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestSonar(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)
	fresh := "2026-05-06T13:00:00+0200" // an hour ago
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(code); return true }
	}
	for name, test := range map[string]struct {
		list, status string
		handle       func(http.ResponseWriter, *http.Request) bool
		change       func(*Sonar)
		state        string
		reason       string
	}{
		"passes":         {list: analyses(headSHA, fresh), status: gateStatus("OK"), state: facts.Passed},
		"fails":          {list: analyses(headSHA, fresh), status: gateStatus("ERROR"), state: facts.Failed, reason: "new_coverage is 82.5, the limit is 85"},
		"no gate":        {list: analyses(headSHA, fresh), status: gateStatus("NONE"), state: facts.Unavailable, reason: "no quality gate"},
		"unknown status": {list: analyses(headSHA, fresh), status: gateStatus("FINE"), state: facts.Errored, reason: `"FINE"`},
		"wrong revision": {list: analyses(otherSHA, fresh), status: gateStatus("OK"), state: facts.Pending, reason: "latest analysis is of ffffffffffff"},
		"not analysed":   {list: `{"analyses":[]}`, status: gateStatus("OK"), state: facts.Pending, reason: "not analysed yet"},
		"stale":          {list: analyses(headSHA, "2026-05-04T13:00:00+0200"), status: gateStatus("OK"), state: facts.Pending, reason: "more than 24h"},
		"stale by configuration": {
			list: analyses(headSHA, fresh), status: gateStatus("OK"), change: func(s *Sonar) { s.Config.MaxAge = "30m" }, state: facts.Pending, reason: "more than 30m",
		},
		"strange date":  {list: analyses(headSHA, "yesterday"), status: gateStatus("OK"), state: facts.Unavailable, reason: "cannot be read"},
		"no token":      {change: func(s *Sonar) { s.Token = "" }, state: facts.Unavailable, reason: "set SONAR_TOKEN"},
		"wrong token":   {change: func(s *Sonar) { s.Token = "wrong" }, state: facts.Unavailable, reason: "refuses the token"},
		"wrong project": {change: func(s *Sonar) { s.Config.Project = "none" }, state: facts.Unavailable, reason: "does not know project none"},
		"broken server": {handle: status(http.StatusBadGateway), state: facts.Unavailable, reason: "status 502"},
		"not SonarQube": {list: "<html>", state: facts.Unavailable, reason: "not answer with what SonarQube documents"},
		"endless answer": {handle: func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write(make([]byte, sonarLimit+10)) // the client may leave
			return true
		}, state: facts.Unavailable, reason: "more than"},
		"redirect elsewhere": {handle: func(w http.ResponseWriter, req *http.Request) bool {
			http.Redirect(w, req, "https://elsewhere.invalid/api", http.StatusFound)
			return true
		}, state: facts.Unavailable, reason: "not followed"},
		"redirect here": {list: analyses(headSHA, fresh), status: gateStatus("OK"), handle: func(w http.ResponseWriter, req *http.Request) bool {
			if !strings.HasPrefix(req.URL.Path, "/sonar/moved") && strings.Contains(req.URL.Path, "search") && req.URL.Query().Get("again") == "" {
				http.Redirect(w, req, req.URL.String()+"&again=1", http.StatusFound)
				return true
			}
			return false
		}, state: facts.Passed},
		"an old server": {list: analyses(headSHA, fresh), status: gateStatus("OK"), handle: func(_ http.ResponseWriter, req *http.Request) bool {
			if user, password, ok := req.BasicAuth(); ok && user == "s3cret" && password == "" {
				req.Header.Set("Authorization", "Bearer s3cret")
			} else {
				req.Header.Set("Authorization", "none")
			}
			return false
		}, state: facts.Passed},
		"nobody there": {change: func(s *Sonar) { s.Config.URL = "http://127.0.0.1:1" }, state: facts.Unavailable, reason: "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := sonarServer(t, test.list, test.status, test.handle)
			s := &Sonar{Config: manifest.SonarQube{URL: server.URL + "/sonar/", Project: "my:project", TokenEnv: "SONAR_TOKEN"}, Token: "s3cret"}
			if test.change != nil {
				test.change(s)
			}
			e, err := s.Evidence(t.Context(), headSHA, "main", "", now)
			if err != nil {
				t.Fatal(err)
			}
			wantState(t, e, test.state, test.reason)
			if (e.State == facts.Passed || e.State == facts.Failed) && (e.Digest == "" || !e.ObservedAt.Equal(now.Add(-time.Hour)) || e.MaxAge != 86400) {
				t.Errorf("it is not bound to the analysis: %+v", e)
			}
			if strings.Contains(e.Reason, "s3cret") {
				t.Errorf("the token is in the reason: %s", e.Reason)
			}
		})
	}
}

func TestSonarConfiguration(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"https://sonar.example.org": true, "http://localhost:9000": true, "http://[::1]:9000/x": true, "http://sonar.example.org": false,
		"sonar.example.org": false, "ftp://localhost": false, "https://user:pw@sonar.example.org": false, "https://h/?x": false, "": false, "%": false,
	} {
		if _, err := sonarURL(url); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &Sonar{Config: manifest.SonarQube{URL: "http://127.0.0.1:1", Project: "p"}, Token: "t"}
	if _, err := s.Evidence(ctx, headSHA, "", "7", time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled question gives %v", err)
	}
	s.Config.MaxAge = "soon"
	if _, err := s.Evidence(t.Context(), headSHA, "", "", time.Now()); err == nil || !strings.Contains(err.Error(), "maxAge") {
		t.Errorf("maxAge soon gives %v", err)
	}
	if q := scope("p", "main", "7").Encode(); q != "project=p&pullRequest=7" {
		t.Errorf("a pull request is asked for by %s", q)
	}
}
