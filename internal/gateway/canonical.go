package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"

	"github.com/adamant-os/adamant/internal/gateway/wire"
)

// volatileMembers are members of a request that differ from run to run and change no answer.
var volatileMembers = []string{"metadata", "user", "prompt_cache_key", "safety_identifier", "client_metadata", "prompt_cache_retention", "stream_options"}

// volatileText is what differs from run to run in the text of a request: ids, moments, spans of time, folders of the system's own
// choosing, processes and ports.
var volatileText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)` +
		`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}` + // UUIDs
		`|\b\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?\b` + // dates
		`|\b\d{1,2}/\d{1,2}/\d{4}\b|\b\d{1,2}:\d{2}:\d{2}( ?[ap]m)?\b` +
		`|\b(mon|tues|wednes|thurs|fri|satur|sun)day, [a-z]+ \d{1,2}, \d{4}\b` +
		`|\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) +\d{1,2} +(\d{2}:\d{2}|\d{4})\b` + // ls -l
		`|\bchunk id: [0-9a-f]+` + // Codex
		`|\b[0-9a-f]{7,64}\b` + // commits, digests and long numbers
		`|\b\d+(\.\d+)? ?(ns|µs|ms|s|sec|secs|seconds)\b` +
		`|/tmp/[^\s"'\\]+` +
		`|\b(pid|port|process)[ =:]+\d+|127\.0\.0\.1:\d+|localhost:\d+`)
})

// canonical is the key of a request: the same for the same request on another day in another folder.
func canonical(f wire.Format, body []byte) (string, error) {
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		return "", fmt.Errorf("reading a request: %w", err)
	}
	for _, name := range volatileMembers {
		delete(v, name)
	}
	settle(v)
	out, err := json.Marshal(v) // sorts keys
	if err != nil {
		return "", fmt.Errorf("writing a request: %w", err)
	}
	sum := sha256.Sum256(append([]byte(string(f)+"\n"), out...))
	return hex.EncodeToString(sum[:]), nil
}

// settle replaces what is volatile in every text of v, in place.
func settle(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = settle(value)
		}
	case []any:
		for i, value := range v {
			v[i] = settle(value)
		}
	case string:
		return volatileText().ReplaceAllString(v, "~")
	}
	return v
}
