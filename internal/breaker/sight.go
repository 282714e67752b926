package breaker

import (
	"hash/fnv"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// sight is what the rules see of an event: hashes of it without what changes between equal runs, and what kind of thing it is.
type sight struct {
	name      string // the tool, for people
	action    uint64 // tool and arguments
	both      uint64 // action and observation
	failed    bool
	unknown   bool   // there is no such tool
	bare      bool   // it has no arguments
	malformed bool   // it meant to act, but the call could not be read or does not fit
	sleeps    bool   // it waits on purpose
	pending   bool   // it was told that something is under way
	edits     bool   // it changes files, and says how
	failing   string // the failing tests that the observation names, "" = none
}

// talks says that the agent neither acted nor tried to.
func (s sight) talks(e Event) bool { return e.Action == "" && !s.malformed }

// see normalises an event.
func see(e Event) sight {
	e.Action = e.Action[:min(len(e.Action), actionBytes)]
	editor := editorNames().MatchString(e.Action)
	args, leaves := normalArgs(e.Args, editor)
	if e.Action == "" {
		args += " " + normalText(ends(e.Text))
	}
	s := sight{name: shown(e.Action), bare: leaves == 0, unknown: e.Unknown || badCall(e, unknownWords())}
	s.malformed = !s.unknown && (e.Invalid || badCall(e, malformedWords()) || e.Action == "" && attempted(e))
	s.failed = (e.Failed() || s.unknown || s.malformed) && !quiet(e)
	if s.unknown {
		args = "" // whatever they are
	}
	observation := normalObservation(e.Observation)
	s.action = hash(e.Action, args)
	s.both = hash(e.Action, args, observation, e.Error != "", e.Exit != 0)
	s.sleeps = sleeperNames().MatchString(e.Action) || sleeperCommands().MatchString(args)
	s.pending = !s.failed && isPending(observation)
	s.edits = !s.failed && e.Action != "" && (editor && leaves > 1 || !editor && editingCommands().MatchString(args))
	s.failing = failingTests(e.Observation)
	return s
}

// quiet says that a search found nothing or a test said no: status 1 and not a word is an answer.
func quiet(e Event) bool {
	return e.Exit == 1 && e.Error == "" && !e.Invalid && !e.Unknown && strings.TrimSpace(e.Observation) == ""
}

const (
	actionBytes = 256 // of a tool's name
	shownRunes  = 40
)

func shown(action string) string {
	if action == "" {
		return "an answer without a tool"
	}
	return clip(strings.ToValidUTF8(action, "\uFFFD"), shownRunes)
}

// clip cuts text after n runes.
func clip(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n]) + "…"
}

// hash mixes strings and bools; each part is framed, so that no two lists of parts read alike.
func hash(parts ...any) uint64 {
	h := fnv.New64a()
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			h.Write([]byte(v))
		case bool:
			if v {
				h.Write([]byte{1})
			}
		}
		h.Write([]byte{0xff}) // in no UTF-8 text
	}
	return h.Sum64()
}

var editorNames = lazy(`(?i)(edit|write|replace|patch|insert|create|append|update)`)

var editingCommands = lazy(`\bsed\s+(-[a-zA-Z]*\s+)*-[a-zA-Z]*i|<<-?\s*['"]?\w|\bgit\s+apply\b|\bapply_patch\b|\bpatch\s+-|\btee\s`)

var sleeperNames = lazy(`(?i)(^|[_.\- /])(sleep|wait|await|poll|watch)([_.\- ]|$)|^(?:wait|await|poll|watch|sleep)(?-i:[A-Z])`)

var sleeperCommands = lazy(`\bsleep\s+["']?[\d$.]|\s--(watch|wait)\b|\brollout\s+status\b|\bkubectl\s+wait\b|\bgh\s+run\s+watch\b`)

var pendingWords = lazy(`(?i)\b(in[ _-]progress|pending|queued|enqueued|(still|currently|is) (running|building|compiling|waiting|working|starting|installing|downloading)|` +
	`not (yet )?(ready|finished|complete|completed|done|up)|waiting for|please wait|no new output)\b|` +
	`\b\w+ing\b.{0,60}\belapsed\b|\b(state|status|conclusion)\W{1,4}(running|building|starting|waiting)\b|^\W*(running|building|compiling|starting|waiting)\W*$`)

var brokenWords = lazy(`(?i)\b(fail|fails|failed|failure|failures|error|errors|panic|exception|traceback)\b`)

const pendingBytes = 600

func isPending(observation string) bool {
	return len(observation) <= pendingBytes && pendingWords().MatchString(observation) && !brokenWords().MatchString(observation)
}

var unknownWords = lazy(`(?i)\b(unknown|unrecognized|unsupported|undefined|no such|nonexistent|non-existent|invalid) (tool|function|action)\b|` +
	`\b(tool|function)\b.{0,60}\b(does not exist|doesn't exist|not found|is not available|is unknown|is not defined)\b`)

var malformedWords = lazy(`(?i)\binvalid (arguments?|params?|parameters?|tool input|input for tool|json)\b|\binput ?validation ?error\b|` +
	`\bmissing required (argument|parameter|property|field)|\b(failed|unable|could not) to parse (the |your )?(tool |function )?(arguments?|input|action|response|call)\b|` +
	`\bdoes not match the (tool's )?(input )?schema\b|\bformat[_ ]?error\b|\bexactly one (action|command|tool call|code block)\b`)

const flawBytes = 1000

// badCall reads the words of a failed call: the logs of most agents have no flag for it.
func badCall(e Event, words *regexp.Regexp) bool {
	if e.Action == "" || e.Error == "" {
		return false
	}
	return words.MatchString(head(e.Error)) || e.Exit == 0 && words.MatchString(head(e.Observation))
}

var nothingTried = lazy(`(?i)\b(found 0|found no|no|without( a| any)?) (actions?|commands?|tool (calls?|use)|code blocks?)\b|\bdid(n't| not) (call|use)\b`)

// attempted says that an answer without a tool call meant to act: it holds a code block, or whoever reads it found too many.
func attempted(e Event) bool {
	if nothingTried().MatchString(head(e.Observation)) {
		return false
	}
	return strings.Contains(e.Text, "```") || malformedWords().MatchString(head(e.Observation))
}

func head(text string) string { return text[:min(len(text), flawBytes)] }

// lazy compiles a pattern when it is first needed.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
