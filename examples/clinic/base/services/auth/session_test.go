package auth

import (
	"testing"
	"time"
)

func TestValid(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	s := New("a", now)
	if !s.Valid("a", now) || s.Valid("b", now) || s.Valid("a", now.Add(time.Hour)) {
		t.Error("a session is valid for its token and for a while only")
	}
}
