package gateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The files in which the clients keep their logins, and what the services want besides the token.
const (
	claudeFile  = "~/.claude/.credentials.json"
	claudeToken = "CLAUDE_CODE_OAUTH_TOKEN" // what claude setup-token makes
	claudeBeta  = "oauth-2025-04-20"
	codexFile   = "~/.codex/auth.json"
)

// signClaude uses the login of Claude Code. The service is meant for that client only, so no other gets it.
func (k *keyring) signClaude(r *http.Request, agent string) error {
	if !strings.HasPrefix(agent, "claude-cli/") {
		return k.fail("a Claude login answers Claude Code only, and this agent is another; use an API key", nil)
	}
	token := k.getenv(claudeToken)
	if token == "" {
		var err error
		if token, err = k.claude(); err != nil {
			return err
		}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	betas := append(r.Header.Values("Anthropic-Beta"), claudeBeta)
	r.Header.Set("Anthropic-Beta", strings.Join(betas, ","))
	return nil
}

func (k *keyring) claude() (string, error) {
	data, err := k.file(claudeFile)
	if err != nil {
		return "", err
	}
	var login struct {
		OAuth struct {
			Token   string `json:"accessToken"`
			Expires int64  `json:"expiresAt"` // in milliseconds
		} `json:"claudeAiOauth"`
	}
	if err := json.Unmarshal(data, &login); err != nil {
		return "", k.fail("reading "+claudeFile, err)
	}
	if login.OAuth.Token == "" {
		return "", k.fail("nobody is logged in; run: claude, then /login", nil)
	}
	return login.OAuth.Token, k.expired(time.UnixMilli(login.OAuth.Expires), "claude")
}

// signChatGPT uses the login of Codex.
func (k *keyring) signChatGPT(r *http.Request, agent string) error {
	if !strings.HasPrefix(agent, "codex") {
		return k.fail("a ChatGPT login answers Codex only, and this agent is another; use an API key", nil)
	}
	data, err := k.file(codexFile)
	if err != nil {
		return err
	}
	var login struct {
		Tokens struct {
			Access  string `json:"access_token"`
			Account string `json:"account_id"`
		} `json:"tokens"`
	}
	if err := json.Unmarshal(data, &login); err != nil {
		return k.fail("reading "+codexFile, err)
	}
	if login.Tokens.Access == "" {
		return k.fail("nobody is logged in with ChatGPT; run: codex login", nil)
	}
	if err := k.expired(expiry(login.Tokens.Access), "codex"); err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+login.Tokens.Access)
	r.Header.Set("Chatgpt-Account-Id", login.Tokens.Account)
	return nil
}

// expired refuses a token that has run out. It is not renewed here: that would end the client's own login.
func (k *keyring) expired(at time.Time, client string) error {
	if at.Unix() > 0 && k.now().After(at) {
		return k.fail(fmt.Sprintf("the login ended at %s; run %s once, which renews it", at.UTC().Format(time.RFC3339), client), nil)
	}
	return nil
}

// expiry is when a JSON Web Token runs out; the zero Unix time when it does not say.
func expiry(token string) time.Time {
	parts := strings.Split(token, ".")
	var claims struct {
		Expires int64 `json:"exp"`
	}
	if len(parts) == 3 {
		if body, err := base64.RawURLEncoding.DecodeString(parts[1]); err != nil || json.Unmarshal(body, &claims) != nil {
			return time.Unix(0, 0)
		}
	}
	return time.Unix(claims.Expires, 0)
}
