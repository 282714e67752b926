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
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/trust/verify"
)

// services is the Sigstore that adamant.yaml on main names, nil if it names none: a branch cannot have tokens sent elsewhere.
func (s *signing) services(ctx context.Context) (*trust.Services, error) {
	if s.local {
		return nil, nil
	}
	repo, err := openRepo(ctx, s.env, "")
	if errors.Is(err, git.ErrNotRepository) {
		return nil, nil // a kernel is named by --kernel
	}
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	landing, _, err := repo.Branches(ctx)
	if err != nil {
		return nil, usage(err)
	}
	main, err := repo.Resolve(ctx, landing)
	if err != nil {
		return nil, usage(err)
	}
	_, governance, err := judge.GovernanceAt(ctx, repo, main)
	if err != nil {
		return nil, usageOr(err)
	}
	c := governance.Config.Spec.Trust.Sigstore
	if c == nil {
		return nil, nil
	}
	if s.as != "" || s.keep {
		return nil, usage(fmt.Errorf("spec.trust.sigstore on %s names %s: the token says who signs and nothing is kept here; --local signs with the kernel's own keys", landing, c.Fulcio))
	}
	for _, address := range []string{c.Fulcio, c.Timestamp, c.Log} {
		if err := trust.CheckService(address); err != nil {
			return nil, usage(fmt.Errorf("spec.trust.sigstore: %w", err))
		}
	}
	root, from := repo.Root(), c.Token
	return &trust.Services{Fulcio: c.Fulcio, Timestamp: c.Timestamp, Log: c.Log,
		Token: func(ctx context.Context) (string, error) { return identityToken(ctx, s.env, root, from) }}, nil
}

// served is a bundle of the services: they know whom they certified.
func (s *signing) served(bundle []byte, err error) (notary.Signed, error) {
	if err != nil {
		return notary.Signed{}, err
	}
	s.elsewhere = true
	identity, issuer, err := verify.Claimed(bundle)
	return notary.Signed{Identity: identity, Issuer: issuer, Bundle: bundle}, err
}

const tokenLimit = 64 << 10 // bytes

// identityToken gets the token from where the configuration says.
func identityToken(ctx context.Context, env *Env, root, from string) (string, error) {
	kind, name, _ := strings.Cut(from, ":")
	switch kind {
	case "env":
		if token := env.Getenv(name); token != "" {
			return token, nil
		}
		return "", fmt.Errorf("the variable %s is empty", name)
	case "file":
		if !filepath.IsAbs(name) {
			name = filepath.Join(root, name)
		}
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, tokenLimit))
		return strings.TrimSpace(string(data)), err
	case "github":
		return githubToken(ctx, env)
	}
	return "", fmt.Errorf("spec.trust.sigstore.token is %q: want env:NAME, file:PATH or github", from)
}

// githubToken asks the runner for a token, as an action with the permission id-token: write may.
func githubToken(ctx context.Context, env *Env) (string, error) {
	address, bearer := env.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), env.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	if address == "" || bearer == "" {
		return "", errors.New("no GitHub action runs here, or it lacks the permission id-token: write")
	}
	if err := trust.CheckService(address); err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"&audience=sigstore", nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	response, err := (&http.Client{Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct{ Value string }
	if err := json.NewDecoder(io.LimitReader(response.Body, tokenLimit)).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		return "", errors.Join(err, fmt.Errorf("the runner answers %s", response.Status))
	}
	return answer.Value, nil
}
