package door

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sealed is the decision that the door took before it started git. git's hooks carry it and hand it back; the door, which has
// the key, believes nothing else.
type sealed struct {
	Session  string        `json:"session"`
	Token    string        `json:"token"` // id
	Commands []wireCommand `json:"commands"`
	Expires  time.Time     `json:"expires"`
}

// wireCommand is a command as git's hooks see it, with zeros where there is no object.
type wireCommand struct {
	Old string `json:"old"`
	New string `json:"new"`
	Ref string `json:"ref"`
}

func wireCommands(commands []Command, hexLen int) []wireCommand {
	out := make([]wireCommand, len(commands))
	for i, c := range commands {
		out[i] = wireCommand{wire(c.Old, hexLen), wire(c.New, hexLen), c.Ref}
	}
	return out
}

// seal writes a decision as text that cannot be changed without the key.
func seal(key []byte, s sealed) (string, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	body := base64.RawURLEncoding.EncodeToString(data)
	return body + "." + base64.RawURLEncoding.EncodeToString(mac(key, body)), nil
}

func mac(key []byte, body string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(body))
	return h.Sum(nil)
}

var errSeal = errors.New("the decision that the hook brought is not the door's")

// unseal reads a decision back.
func unseal(key []byte, text string, now time.Time) (sealed, error) {
	body, tag, _ := strings.Cut(text, ".")
	given, err := base64.RawURLEncoding.Strict().DecodeString(tag)
	if err != nil || !hmac.Equal(given, mac(key, body)) {
		return sealed{}, errSeal
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return sealed{}, errSeal
	}
	var s sealed
	if err := json.Unmarshal(data, &s); err != nil {
		return sealed{}, fmt.Errorf("%w: %w", errSeal, err)
	}
	if !now.Before(s.Expires) {
		return sealed{}, errors.New("the push took too long")
	}
	return s, nil
}

// matches says whether the decision is about exactly these commands, in any order.
func (s sealed) matches(commands []wireCommand) bool {
	sorted := func(c []wireCommand) []wireCommand {
		return slices.SortedFunc(slices.Values(c), func(a, b wireCommand) int { return strings.Compare(a.Ref, b.Ref) })
	}
	return slices.Equal(sorted(s.Commands), sorted(commands))
}
