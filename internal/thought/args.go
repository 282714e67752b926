package thought

import (
	"bytes"
	"encoding/json"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/manifest"
)

const argsDepth = 40

// args makes a call's arguments fit to be written: every text in them redacted, as JSON where they are. Full is the same before
// it was cut, for the hash; paths are the files that they name.
func (w *writer) args(raw []byte) (kept, full json.RawMessage, paths []string) {
	var value any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if len(raw) > limitRead || dec.Decode(&value) != nil || dec.More() {
		value = string(raw)
	}
	value = w.value(value, "", argsDepth)
	full = w.encode(value)
	text := w.redact(string(full))
	if text != string(full) { // a name and a value that are harmless alone, or a form that goes over several texts
		value = text
		full = w.encode(value)
	}
	paths = pathsIn(value)
	kept = w.encode(w.shorten(value))
	if len(kept) > limitArgs {
		kept = w.encode(w.cut("args", string(kept), limitArgs))
	}
	return kept, full, paths
}

func (w *writer) encode(value any) json.RawMessage {
	data, err := manifest.CanonicalDocument(value)
	if err != nil && w.err == nil {
		w.err = err
	}
	return data
}

// value redacts the texts of a JSON value, keys too. Name is what the value is called where it stands.
func (w *writer) value(v any, name string, deep int) any {
	switch v := v.(type) {
	case string:
		return w.named(name, v)
	case json.Number:
		return number(v)
	case []any:
		if deep == 0 {
			return "[nested too deeply]"
		}
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = w.value(e, name, deep-1)
		}
		return out
	case map[string]any:
		if deep == 0 {
			return "[nested too deeply]"
		}
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[w.redact(k)] = w.value(e, k, deep-1)
		}
		return out
	}
	return v
}

// named redacts a text that has a name: api_key says more about its value than the value does.
func (w *writer) named(name, text string) string {
	text = w.redact(text)
	if name == "" || strings.ContainsAny(text, "\n\"") {
		return text
	}
	prefix := name + ` = "`
	line := w.redact(prefix + text + `"`)
	if rest, ok := strings.CutPrefix(line, prefix); ok {
		return strings.TrimSuffix(rest, `"`)
	}
	return text
}

// number keeps what every reader reads alike; the rest becomes text.
func number(n json.Number) any {
	if _, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return n
	}
	if f, err := n.Float64(); err == nil && !math.IsInf(f, 0) && len(n.String()) < 20 {
		return n
	}
	return n.String()
}

// shorten cuts the long texts of a value.
func (w *writer) shorten(v any) any {
	switch v := v.(type) {
	case string:
		return w.cut("args", v, limitValue)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = w.shorten(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range sortedKeys(v) {
			out[k] = w.shorten(v[k])
		}
		return out
	}
	return v
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// pathKeys are what tools call the file that they are about.
var pathKeys = []string{"path", "file_path", "filepath", "filename", "file", "target_file", "notebook_path", "absolute_path", "dest", "destination"}

var patchFile = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(?:\*\*\* (?:Add|Update|Delete) File: |\*\*\* Move to: |\+\+\+ b/)(\S.*)$`)
})

// pathsIn lists the files that arguments name, relative to the checkout, sorted.
func pathsIn(v any) []string {
	var out []string
	collect(v, "", &out)
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), limitPaths)]
}

func collect(v any, key string, out *[]string) {
	switch v := v.(type) {
	case string:
		if slices.Contains(pathKeys, strings.ToLower(key)) {
			add(out, v)
		}
		for _, m := range patchFile().FindAllStringSubmatch(v, limitPaths) {
			add(out, m[1])
		}
	case []any:
		for _, e := range v {
			collect(e, key, out)
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			collect(v[k], k, out)
		}
	}
}

// checkout is where the repository lies in every sandbox.
const checkout = "/work/repo/"

func add(out *[]string, name string) {
	name = path.Clean(strings.TrimPrefix(strings.TrimSpace(name), checkout))
	if name != "." && len(name) <= limitPath && !strings.ContainsAny(name, "\n") && len(*out) < 10*limitPaths {
		*out = append(*out, name)
	}
}
