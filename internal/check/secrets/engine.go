package secrets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/dlclark/regexp2"
)

// rule finds one credential format.
type rule struct {
	id, title string
	pattern   string   // Go regular expression; the first group that took part is the secret unless group says otherwise
	group     int      // 0: the first group that took part, else the whole match
	entropy   int      // least Shannon entropy of the secret, in thousandths of a bit for each byte; 0 = any
	keywords  []string // one of them must occur; none = the pattern is tried on every file
	window    int      // bytes after a keyword that the pattern sees, besides its line; 0 = the line alone, wholeText = everything
	path      string   // regular expression the path must match, "" = any
	allow     []*allowlist
	warn      bool // report as a warning
	foreign   bool // imported: no built-in placeholder list
	accept    func(match) verdict
	doubt     string // what a doubted verdict means

	compiled func() matcher
	paths    func() *regexp.Regexp
}

const wholeText = -1

// match is what a pattern matched: the text and the bounds of all groups, in the manner of regexp.FindSubmatchIndex.
type match struct {
	text   []byte
	bounds []int
	secret []byte
}

func (m match) group(n int) []byte {
	if 2*n+1 >= len(m.bounds) || m.bounds[2*n] < 0 {
		return nil
	}
	return m.text[m.bounds[2*n]:m.bounds[2*n+1]]
}

// verdict is what a rule's own test says about a match.
type verdict int

const (
	accepted verdict = iota
	rejected
	doubted
)

// hit is a credential at text[start:end].
type hit struct {
	rule       *rule
	start, end int
	doubtful   bool
	inSource   bool // the line carries the comment by which gitleaks is told to pass over it
}

// engine is a set of rules ready to scan. It is safe for concurrent use.
type engine struct {
	rules   []*rule
	always  []int // rules without keywords
	words   *automaton
	byWord  [][]int // keyword -> rules
	allowed []*allowlist
}

// builtinEngine is the engine of the built-in rules alone, built on first use.
var builtinEngine = sync.OnceValue(func() *engine { return newEngine(builtinRules(), nil) })

func newEngine(rules []*rule, allow []*allowlist) *engine {
	e := &engine{rules: rules, allowed: allow}
	index := map[string]int{}
	var words []string
	for i, r := range rules {
		r.compile()
		if len(r.keywords) == 0 {
			e.always = append(e.always, i)
		}
		for _, word := range r.keywords {
			word = strings.ToLower(word)
			at, ok := index[word]
			if !ok {
				at = len(words)
				index[word] = at
				words = append(words, word)
				e.byWord = append(e.byWord, nil)
			}
			e.byWord[at] = append(e.byWord[at], i)
		}
	}
	e.words = newAutomaton(words)
	return e
}

// maxLine bounds what a pattern sees before and after a keyword on its line, so that minified files cost no more than others.
const maxLine = 2048

// scan returns the credentials in a text, sorted by position, none inside another. Earlier rules win over later ones.
func (e *engine) scan(path string, text []byte) ([]hit, error) {
	if allowsPath(e.allowed, path) || !likelyText(text) {
		return nil, nil
	}
	s := scanner{engine: e, path: path, text: text, done: make([]int, len(e.rules))}
	for _, i := range e.always {
		s.queue = append(s.queue, [3]int{i, 0, len(text)})
	}
	last := make([]int, len(e.rules)) // end of the last window by rule
	e.words.find(text, func(word, end int) {
		for _, i := range e.byWord[word] {
			if end <= last[i] {
				continue
			}
			from, to := s.window(e.rules[i].window, end)
			last[i] = to
			s.queue = append(s.queue, [3]int{i, from, to})
		}
	})
	slices.SortStableFunc(s.queue, func(a, b [3]int) int { return a[0] - b[0] })
	for _, q := range s.queue {
		if err := s.try(q[0], q[1], q[2]); err != nil {
			return nil, fmt.Errorf("rule %s: %w", e.rules[q[0]].id, err)
		}
	}
	return s.hits, nil
}

type scanner struct {
	*engine
	path  string
	text  []byte
	queue [][3]int // rule, from, to
	done  []int    // 0 path not yet looked at, 1 wanted, 2 not
	hits  []hit
}

// window returns the part of the text that a rule sees for a keyword that ends at end.
func (s *scanner) window(size, end int) (from, to int) {
	if size == wholeText {
		return 0, len(s.text)
	}
	low := max(0, end-maxLine)
	from = low + bytes.LastIndexByte(s.text[low:end-1], '\n') + 1
	if size > 0 {
		return from, min(len(s.text), end+size)
	}
	to = min(len(s.text), end+maxLine)
	if at := bytes.IndexByte(s.text[end:to], '\n'); at >= 0 {
		to = end + at
	}
	return from, to
}

func (s *scanner) try(i, from, to int) error {
	r := s.rules[i]
	if !s.wants(i) {
		return nil
	}
	text := s.text[from:to]
	found, err := r.compiled().find(text)
	for _, bounds := range found {
		m := match{text: text, bounds: bounds}
		start, end := r.secret(bounds)
		m.secret = text[start:end]
		if v := s.judge(r, m); v != rejected {
			s.add(hit{rule: r, start: from + start, end: from + end, doubtful: v == doubted})
		}
	}
	return err
}

func (s *scanner) wants(i int) bool {
	if s.done[i] == 0 {
		s.done[i] = 1
		r := s.rules[i]
		if r.path != "" && !r.paths().MatchString(s.path) || allowsPath(r.allow, s.path) {
			s.done[i] = 2
		}
	}
	return s.done[i] == 1
}

// secret picks the bounds of the secret out of a match.
func (r *rule) secret(bounds []int) (start, end int) {
	if r.group > 0 && 2*r.group+1 < len(bounds) && bounds[2*r.group] >= 0 {
		return bounds[2*r.group], bounds[2*r.group+1]
	}
	for i := 2; i+1 < len(bounds); i += 2 {
		if bounds[i] >= 0 {
			return bounds[i], bounds[i+1]
		}
	}
	return bounds[0], bounds[1]
}

func (s *scanner) judge(r *rule, m match) verdict {
	if len(m.secret) == 0 || r.entropy > 0 && entropy(m.secret) < r.entropy {
		return rejected
	}
	if !r.foreign && placeholder(m.secret) {
		return rejected
	}
	if allows(r.allow, s.path, m) || allows(s.allowed, s.path, m) {
		return rejected
	}
	if r.accept != nil {
		return r.accept(m)
	}
	return accepted
}

// add keeps a hit unless an earlier rule has one that overlaps it. Hits stay sorted by position.
func (s *scanner) add(h hit) {
	at, _ := slices.BinarySearchFunc(s.hits, h.start, func(other hit, start int) int { return other.end - start - 1 })
	if at < len(s.hits) && s.hits[at].start < h.end {
		return
	}
	line := s.text[h.end:min(len(s.text), h.end+maxLine)]
	if at := bytes.IndexByte(line, '\n'); at >= 0 {
		line = line[:at]
	}
	h.inSource = bytes.Contains(line, []byte("gitleaks:allow"))
	s.hits = slices.Insert(s.hits, at, h)
}

// digest names a secret without giving it away: 20 bits tell a new one from an old one and help nobody to guess it.
func digest(rule string, secret []byte) string {
	h := sha256.New()
	h.Write([]byte(rule))
	h.Write([]byte{0})
	h.Write(secret)
	return hex.EncodeToString(h.Sum(nil))[:5]
}

// matcher finds the bounds of all matches and their groups.
type matcher interface {
	find(text []byte) ([][]int, error)
}

type goMatcher struct{ *regexp.Regexp }

func (m goMatcher) find(text []byte) ([][]int, error) { return m.FindAllSubmatchIndex(text, -1), nil }

// lookMatcher is for patterns with look-around, which package regexp has not. Its time is bounded when it is made.
type lookMatcher struct{ *regexp2.Regexp }

// find matches bytes as if they were Latin-1, so that positions are byte offsets.
func (m lookMatcher) find(text []byte) ([][]int, error) {
	runes := make([]rune, len(text))
	for i, c := range text {
		runes[i] = rune(c)
	}
	var all [][]int
	found, err := m.FindRunesMatch(runes)
	for err == nil && found != nil {
		var bounds []int
		for _, g := range found.Groups() {
			if len(g.Captures) == 0 {
				bounds = append(bounds, -1, -1)
			} else {
				bounds = append(bounds, g.Index, g.Index+g.Length)
			}
		}
		all = append(all, bounds)
		found, err = m.FindNextMatch(found)
	}
	return all, err
}

func (r *rule) compile() {
	if r.compiled == nil {
		r.compiled = sync.OnceValue(func() matcher { return goMatcher{regexp.MustCompile(r.pattern)} })
	}
	if r.paths == nil {
		r.paths = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(r.path) })
	}
}

// likelyText is false for content with a NUL byte near its start, as git decides it.
func likelyText(text []byte) bool {
	return bytes.IndexByte(text[:min(len(text), 8000)], 0) < 0
}
