package breaker

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// keptBytes of each end of a text are looked at.
const keptBytes = 32 << 10

// normalObservation is an observation without what differs between two runs of the same thing: addresses, hashes, times, durations,
// names of temporary files, ports, process numbers, counters of attempts, colours, the order of JSON keys and the width of white space.
func normalObservation(text string) string {
	text = ends(text)
	if value, ok := parseJSON(text); ok {
		var b strings.Builder
		writeValue(&b, value, func(k string) bool { return volatileKeys().MatchString(k) }, func(s string) string { return s }, new(int))
		text = b.String()
	}
	return normalText(text)
}

// normalArgs are a tool's arguments without what a model varies when it means the same: the order of keys, white space, its
// thoughts, counters of attempts, and names nobody chose. An editor's arguments are what it writes: of those only order and thoughts
// go. leaves counts the values that are left and not empty.
func normalArgs(raw json.RawMessage, editor bool) (text string, leaves int) {
	whole := ends(string(raw))
	if len(raw) > 2*keptBytes { // what a long file says in its middle counts
		whole += strconv.FormatUint(hash(string(raw)), 16)
	}
	value, ok := parseJSON(whole)
	if inner, isText := value.(string); ok && isText {
		if v, nested := parseJSON(inner); nested {
			value = v
		}
	}
	if !ok {
		value = whole
	}
	tidy := tidyArg
	if editor {
		tidy = func(s string) string { return strings.TrimRight(s, " \t\r\n") }
	}
	thought := func(k string) bool { return thoughtKeys().MatchString(k) }
	if m, isMap := value.(map[string]any); isMap && onlyThoughts(m, thought) {
		thought = func(string) bool { return false }
	}
	var b strings.Builder
	writeValue(&b, value, thought, tidy, &leaves)
	return b.String(), leaves
}

func onlyThoughts(m map[string]any, thought func(string) bool) bool {
	for k := range m {
		if !thought(k) {
			return false
		}
	}
	return true
}

// parseJSON reads an object, a list or a string; anything else is text.
func parseJSON(text string) (any, bool) {
	text = strings.TrimSpace(text)
	if text == "" || !strings.ContainsRune(`{["`, rune(text[0])) {
		return nil, false
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var value any
	if dec.Decode(&value) != nil {
		return nil, false
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, false
	}
	return value, true
}

// writeValue writes a JSON value with sorted keys, dropping some keys and tidying strings.
func writeValue(b *strings.Builder, value any, drop func(string) bool, tidy func(string) string, leaves *int) {
	switch v := value.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			if drop(k) {
				continue
			}
			b.WriteString(k + "=")
			writeValue(b, v[k], drop, tidy, leaves)
			b.WriteString("\n")
		}
	case []any:
		for _, item := range v {
			writeValue(b, item, drop, tidy, leaves)
			b.WriteString(",\n")
		}
	case string:
		if text := tidy(v); text != "" {
			*leaves++
			b.WriteString(text)
		}
	default:
		*leaves++
		out, _ := json.Marshal(v) // a number, a bool or null: it cannot fail
		b.Write(out)
	}
}

var thoughtKeys = lazy(`(?i)^(thoughts?|thinking|reasoning|rationale|explanation|justification|description|intent|why|request_?id|call_?id|tool_?call_?id|trace_?id|span_?id|nonce|timestamp|` + counterKeys + `)$`)

var volatileKeys = lazy(`(?i)^(ts|time|timestamp|date|datetime|(created|updated|started|finished|ended|modified)(_?at)?|duration(_?(ms|s|sec|seconds|ns))?|elapsed(_?(ms|s|sec|seconds|time))?|latency(_?ms)?|took|uptime|pid|` +
	`(request|trace|span|call|tool_call|message|run)_?id|uuid|nonce|thoughts?|thinking|reasoning|` + counterKeys + `)$`)

// counterKeys name what counts how often something was tried, not how far it came.
const counterKeys = `attempts?|retr(?:y|ies)(?:_?count)?|iteration|seq|sequence|(?:poll|call|request)_?count`

var comments = lazy(`^(\s*#[^\n!][^\n]*\n)+|\s#[^'"\n]*$`)

// tidyArg keeps what an argument means. Bare hashes, short hex and durations stay: `git show` of another commit and `sleep 2` after
// `sleep 1` are other actions.
func tidyArg(text string) string {
	text = comments().ReplaceAllString(text, "")
	return spaces(replaceAll(spaces(text), argNoise()))
}

func normalText(text string) string { return spaces(replaceAll(spaces(text), textNoise())) }

func spaces(text string) string { return strings.Join(strings.Fields(text), " ") }

// noise is one kind of text that means nothing; keep decides where a pattern alone cannot.
type noise struct {
	pattern *regexp.Regexp
	by      string
	keep    func(string) bool
}

func replaceAll(text string, all []noise) string {
	for _, n := range all {
		if n.keep == nil {
			text = n.pattern.ReplaceAllString(text, n.by)
			continue
		}
		text = n.pattern.ReplaceAllStringFunc(text, func(s string) string {
			if n.keep(s) {
				return s
			}
			return n.by
		})
	}
	return text
}

const (
	uuidPattern  = `\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`
	stampPattern = `\b\d{4}[-/]\d{2}[-/]\d{2}[T_ ]\d{2}[:\-]\d{2}([:\-]\d{2}([.,]\d+)?)?\s?(Z\b|UTC|[+-]\d{2}:?\d{2})?`
	epochPattern = `\b1[4-9]\d{8}(\d{3}){0,3}(\.\d+)?\b`
	tempPattern  = `(?:/private)?(?:/tmp|/var/tmp|/dev/shm|/run/user/\d+)/[^\s:'"` + "`" + `),;<>|&]+|/var/folders/[^\s:'"),;<>|&]+|(?i:[a-z]:\\[^\s:'"),;<>|&]*\\Temp\\[^\s:'"),;<>|&]+)`
	countPattern = `(?i)\b(?:attempt|retry|retries|try|iteration|iter|request|req|call|invocation|seq|sequence|poll|tick|counter)(?:[ _-]?(?:id|no|number|count))?["']?\s*[:=]?\s*#?\d+\b(?:\s*(?:/|of\b|%|\.\d))?`
	thinkPattern = `(?is)<(think|thinking|thought|reasoning)>.*?</(think|thinking|thought|reasoning)>`
)

var argNoise = sync.OnceValue(func() []noise {
	return []noise{
		{pattern: regexp.MustCompile(thinkPattern)},
		{pattern: regexp.MustCompile(uuidPattern), by: "ID"},
		{pattern: regexp.MustCompile(stampPattern), by: "TIME"},
		{pattern: regexp.MustCompile(`\b\d{2}:\d{2}:\d{2}([.,]\d+)?\b`), by: "TIME"},
		{pattern: regexp.MustCompile(epochPattern), by: "TIME"},
		{pattern: regexp.MustCompile(`\b0x[0-9a-fA-F]{6,16}\b`), by: "HEX"},
		{pattern: regexp.MustCompile(tempPattern), by: "TEMP", keep: chosenTemp},
	}
})

// textNoise is taken in this order, so no pattern may match the capitals that one before it wrote.
var textNoise = sync.OnceValue(func() []noise {
	const unit = `(?:ns|µs|μs|us|ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)`
	return []noise{
		{pattern: regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)")},
		{pattern: regexp.MustCompile(thinkPattern)},
		{pattern: regexp.MustCompile(uuidPattern), by: "ID"},
		{pattern: regexp.MustCompile(stampPattern), by: "TIME"},
		{pattern: regexp.MustCompile(`\b\d{4}[-/]\d{2}[-/]\d{2}\b`), by: "TIME"},
		{pattern: regexp.MustCompile(`(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +\d{1,2}\b(?:,? \d{4}\b)?(?:,? \d{1,2}:\d{2}(?::\d{2})?)?(?: \d{4}\b)?`), by: "TIME"},
		{pattern: regexp.MustCompile(`\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?(?: ?[AaPp][Mm])?\b`), by: "TIME"},
		{pattern: regexp.MustCompile(`[\[(]\d{1,2}:\d{2}(?:[.,]\d+)?[\])]|\b\d{1,2}:\d{2} ?[AaPp][Mm]\b`), by: "TIME"},
		{pattern: regexp.MustCompile(epochPattern), by: "TIME"},
		{pattern: regexp.MustCompile(`\b(?:\d+(?:\.\d+)? ?` + unit + `)+\b`), by: "TIME"},
		{pattern: regexp.MustCompile(`\b((?:(?i:elapsed|took|duration|latency|uptime)|[Tt]ime)["']?\s*[:= ]\s*)\d+(?:\.\d+)?\b`), by: "${1}TIME"},
		{pattern: regexp.MustCompile(`\b0x[0-9a-fA-F]+\b`), by: "HEX"},
		{pattern: regexp.MustCompile(tempPattern), by: "TEMP", keep: chosenTemp},
		{pattern: regexp.MustCompile(`\b[0-9a-fA-F]{7,128}\b`), by: "HEX", keep: notHash},
		{pattern: regexp.MustCompile(`((?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\])):\d{2,5}\b`), by: "${1}:PORT"},
		{pattern: regexp.MustCompile(`\b((?i:pid|ppid|tid|process|thread|goroutine)|[Pp]ort)(["']?\s*[:=# ]\s*)\d+\b`), by: "${1}${2}N"},
		{pattern: regexp.MustCompile(countPattern), by: "COUNT", keep: progress},
	}
})

var randomNames = lazy(`(?i)(^|/)(tmp|temp)?[._-]?[a-z_-]*[._-]?(\d{3,}|[0-9a-f]*\d[0-9a-f]{5,})|/tmp[._-]?[a-z0-9_]{6,}(/|$)|pytest-\d+|T/`)

// chosenTemp says that a temporary file's name was chosen: two such names are two files.
func chosenTemp(path string) bool {
	return !strings.Contains(path, "/var/folders/") && !strings.Contains(path, `\`) && !randomNames().MatchString(path)
}

// notHash says that a word of hexadecimal digits is a number or a word.
func notHash(word string) bool {
	return !strings.ContainsAny(word, "0123456789") || !strings.ContainsAny(word, "abcdefABCDEF")
}

// progress says that a counter tells how far something came.
func progress(counter string) bool {
	return strings.ContainsAny(counter, "/%.") || strings.HasSuffix(strings.ToLower(counter), "of")
}

// ends is the head and the tail of a long text, as valid UTF-8.
func ends(text string) string {
	if len(text) > 2*keptBytes {
		text = text[:keptBytes] + "\n" + text[len(text)-keptBytes:]
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// isNull says that a JSON value is absent or null.
func isNull(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}
