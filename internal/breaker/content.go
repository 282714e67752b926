package breaker

import (
	"fmt"
	"strings"
	"unicode"
)

const (
	contentKept    = 5000 // runes of what was said last
	contentChunk   = 50   // runes that are looked for again
	contentRepeats = 10
	contentApart   = 5 * contentChunk // runes between two of them, at most on average
	contentLetters = 10               // in a chunk: a ruler or a table is no sentence
	contentNudge   = 1                // answers that repeat themselves
	contentStop    = 2
)

// content sees a model say the same thing again and again where it should act. What stands in code blocks, tables, lists and
// quotations repeats by nature and is not looked at. A tool call ends what was said. One such answer is nudged, since models do
// recover from it; the next is a stop.
type content struct {
	said    []rune
	answers int // that repeated themselves, in a row
	once    once
}

func (c *content) step(e Event) Decision {
	text := e.Text
	if e.Action != "" {
		*c = content{}
		return Decision{}
	}
	if text == "" {
		text = e.Observation
	}
	c.said = append(c.said, []rune(prose(ends(text)))...)
	if repeats(c.said) {
		c.answers++
	}
	if extra := len(c.said) - contentKept; extra > 0 {
		c.said = append([]rune(nil), c.said[extra:]...)
	}
	kind := c.once.at(c.answers, contentNudge, contentStop)
	return Decision{Kind: kind, Rule: RuleContent, Reason: fmt.Sprintf("the same words were said %d times over", contentRepeats)}
}

// prose is text without code, tables, lists, headings and quotations, white space collapsed.
func prose(text string) string {
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if mark := fenceOf(line); mark != "" && (fence == "" || strings.HasPrefix(mark, fence)) {
			if fence == "" {
				fence = mark
			} else {
				fence = ""
			}
			continue
		}
		if fence == "" && !structured(line) {
			b.WriteString(line + " ")
		}
	}
	return spaces(b.String()) + " "
}

// fenceOf is the run of back-ticks or tildes that opens or closes a code block.
func fenceOf(line string) string {
	for _, mark := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, mark)); n >= 3 {
			return line[:n]
		}
	}
	return ""
}

func structured(line string) bool {
	return line == "" || strings.ContainsRune("|>#-*+=_", rune(line[0])) || line[0] >= '0' && line[0] <= '9'
}

// repeats looks for a chunk that comes again contentRepeats times close together with few different things between.
func repeats(said []rune) bool {
	at := map[string][]int{}
	for i := 0; i+contentChunk <= len(said); i++ {
		chunk := string(said[i : i+contentChunk])
		places := at[chunk]
		if n := len(places); n > 0 && i-places[n-1] < contentChunk {
			continue
		}
		places = append(places, i)
		at[chunk] = places
		if n := len(places); n >= contentRepeats && circling(said, places[n-contentRepeats:]) && worded(chunk) {
			return true
		}
	}
	return false
}

func circling(said []rune, places []int) bool {
	if places[len(places)-1]-places[0] > contentApart*(len(places)-1) {
		return false
	}
	gaps := map[string]bool{}
	for i := 1; i < len(places); i++ {
		gaps[string(said[places[i-1]:places[i]])] = true
	}
	return len(gaps) <= contentRepeats/2
}

func worded(chunk string) bool {
	letters := 0
	for _, r := range chunk {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters >= contentLetters
}
