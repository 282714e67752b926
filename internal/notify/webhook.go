package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// webhook posts events to a URL, signed as Standard Webhooks 1.0 says.
func webhook(h manifest.Hook, opt Options) (func(context.Context, Event) error, error) {
	secret, err := secretOf(h, opt)
	if err != nil {
		return nil, err
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(ctx context.Context, e Event) error {
		body, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("%w: encoding the event: %w", errPermanent, err)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("%w: %w", errPermanent, err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("User-Agent", "adamant")
		sign(req.Header, secret, e, strconv.FormatInt(opt.Now().Unix(), 10), body)
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, bodyLimit)) // so that the connection can be used again
		return answered(resp.StatusCode, resp.Body.Close())
	}, nil
}

// secretOf is the webhook's key; nil when it has none. A variable that is named and empty is an error: an unsigned event would
// be taken for a signed one's place.
func secretOf(h manifest.Hook, opt Options) ([]byte, error) {
	if h.SecretEnv == "" {
		return nil, nil
	}
	text := opt.Getenv(h.SecretEnv)
	if text == "" {
		return nil, fmt.Errorf("the variable %s, which holds its secret, is empty", h.SecretEnv)
	}
	if coded, is := strings.CutPrefix(text, "whsec_"); is {
		secret, err := base64.StdEncoding.DecodeString(coded)
		if err != nil {
			return nil, fmt.Errorf("the variable %s begins with whsec_ and is not base64 behind it", h.SecretEnv)
		}
		return secret, nil
	}
	return []byte(text), nil
}

// sign adds the headers of an event. Its id is the same for every attempt.
func sign(header http.Header, secret []byte, e Event, at string, body []byte) {
	sum := sha256.Sum256([]byte(e.Cause))
	id := "msg_" + hex.EncodeToString(sum[:16])
	header.Set("webhook-id", id)
	header.Set("webhook-timestamp", at)
	if secret == nil {
		return
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// answered turns a status into an error. What the other side will not take is not sent again.
func answered(status int, err error) error {
	switch {
	case status/100 == 2:
		return err
	case status/100 == 5, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return fmt.Errorf("the webhook answered %d", status)
	}
	return fmt.Errorf("the webhook answered %d: %w", status, errPermanent)
}
