package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/task"
)

// issue is what somebody else wrote about what they want.
type issue struct {
	name   string // for the operator's title: nothing that its writer chose
	source string
	text   string
}

const (
	issueWait  = 15 * time.Second
	issueLimit = 4 << 20 // bytes of an answer
	githubAPI  = "https://api.github.com"
)

// issueURL takes the address of a GitHub issue apart.
var issueURL = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^https://github\.com/([A-Za-z0-9-]{1,39})/([A-Za-z0-9._-]{1,100})/(?:issues|pull)/([0-9]{1,9})(?:[?#].*)?$`)
})

// readIssue reads an issue from GitHub, or from a file.
func readIssue(ctx context.Context, env *Env, from string) (issue, error) {
	if m := issueURL().FindStringSubmatch(from); m != nil {
		return fetchIssue(ctx, githubAPI, env.Getenv("GITHUB_TOKEN"), m[1], m[2], m[3])
	}
	if strings.Contains(from, "://") {
		return issue{}, fmt.Errorf("%s: only issues of github.com can be fetched (https://github.com/OWNER/REPO/issues/N); save another one to a file", from)
	}
	file, err := os.Open(absolute(env, from))
	if err != nil {
		return issue{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, issueLimit))
	if err != nil {
		return issue{}, err
	}
	text, err := bounded(string(data))
	name := filepath.Base(from)
	return issue{name: "the text in " + name, source: name, text: text}, err
}

// fetchIssue asks GitHub's REST API. Nothing of the answer is followed.
func fetchIssue(ctx context.Context, api, token, owner, repo, number string) (issue, error) {
	ctx, cancel := context.WithTimeout(ctx, issueWait)
	defer cancel()
	name := owner + "/" + repo + "#" + number
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/repos/%s/%s/issues/%s", api, owner, repo, number), nil)
	if err != nil {
		return issue{}, err
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return issue{}, fmt.Errorf("fetching %s: %w", name, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusUnauthorized:
		return issue{}, fmt.Errorf("fetching %s: GitHub answered %s; for a private repository set GITHUB_TOKEN", name, resp.Status)
	case resp.StatusCode != http.StatusOK:
		return issue{}, fmt.Errorf("fetching %s: GitHub answered %s", name, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, issueLimit+1))
	if err != nil {
		return issue{}, fmt.Errorf("fetching %s: %w", name, err)
	}
	if len(data) > issueLimit {
		return issue{}, fmt.Errorf("fetching %s: the answer is longer than %d bytes", name, issueLimit)
	}
	return parseIssue(data, name)
}

func parseIssue(data []byte, name string) (issue, error) {
	var doc struct {
		Title, Body string
		User        struct{ Login string }
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return issue{}, fmt.Errorf("reading %s: %w", name, err)
	}
	text, err := bounded(fmt.Sprintf("%s\n\n%s", doc.Title, doc.Body))
	return issue{name: name, source: fmt.Sprintf("%s by %s", name, printable(doc.User.Login)), text: text}, err
}

// bounded refuses what no task can hold.
func bounded(text string) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	switch {
	case text == "":
		return "", errors.New("the issue is empty")
	case len(text) > task.MaxForeign:
		return "", fmt.Errorf("the issue has %d bytes; a task holds %d: save the part that matters to a file", len(text), task.MaxForeign)
	case !utf8.ValidString(text):
		return "", errors.New("the issue is no UTF-8 text")
	}
	return text, nil
}
