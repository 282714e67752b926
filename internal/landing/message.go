package landing

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/adamant-os/adamant/internal/git"
)

const (
	titleRunes = 120       // of a commit's first line
	bodyBytes  = 32 << 10  // of a commit's description
	valueRunes = 500       // of a trailer
	noName     = "unknown" // of an author who has none
)

// trailerKeys are the trailers of a landing commit, in order.
var trailerKeys = [...]string{"Change-Id", "Task", "Agent", "Model", "Assessment", "Feature"}

// message is the text of a landing commit: title, description and trailers, the trailers in a paragraph of their own.
func message(item Item, assessment string) string {
	var b strings.Builder
	title := line(item.Title, titleRunes)
	if title == "" || isTrailer(title) || strings.HasPrefix(title, "---") {
		title = strings.TrimSpace("change " + line(item.Change, 16) + ": " + title)
	}
	b.WriteString(title + "\n\n")
	if body := description(item.Body); body != "" {
		b.WriteString(body + "\n\n")
	}
	values := [...]string{item.Change, item.Task, item.Agent, item.Model, assessment, item.Feature}
	for i, key := range trailerKeys {
		if value := line(values[i], valueRunes); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", key, value)
		}
	}
	return b.String()
}

// line makes one printable line of any text.
func line(text string, most int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), unprintable), " ")
	if runes := []rune(text); len(runes) > most {
		text = strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return text
}

// unprintable are characters that end or bend a line: white space, controls, and what reorders or hides text.
func unprintable(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsGraphic(r) || unicode.Is(unicode.Bidi_Control, r)
}

// description is a text of many lines of which none can be taken for a trailer or for the end of the message.
func description(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > bodyBytes {
		text = strings.ToValidUTF8(text[:bodyBytes], "") + "…"
	}
	var lines []string
	for l := range strings.Lines(text) {
		lines = append(lines, harmless(l))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// harmless takes out of one line what is not printable, and quotes it when it reads as one of our trailers, as git's
// usual ones, or as the line that ends a message.
func harmless(text string) string {
	text = strings.TrimRightFunc(strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r != ' ' && unprintable(r) {
			return -1
		}
		return r
	}, text), unicode.IsSpace)
	if isTrailer(text) || strings.HasPrefix(strings.TrimSpace(text), "---") {
		return "> " + text
	}
	return text
}

// isTrailer says that a reader may take a line for a statement about the commit.
func isTrailer(text string) bool {
	key, _, found := strings.Cut(text, ":")
	if !found {
		return strings.HasPrefix(strings.TrimSpace(text), "(cherry picked from")
	}
	key = strings.ToLower(strings.TrimLeft(strings.TrimSpace(key), "#*-> "))
	return slices.ContainsFunc(trailerKeys[:], func(k string) bool { return strings.EqualFold(k, key) }) || strings.HasSuffix(key, "-by") || strings.HasSuffix(key, "-id")
}

// ReadTrailers reads the trailers of a landing commit: those of its last paragraph, and only when each line of it is one. The
// map is empty for any other commit.
func ReadTrailers(message string) map[string]string {
	text := strings.TrimRight(message, "\n")
	block := text[strings.LastIndex(text, "\n\n")+1:]
	out := map[string]string{}
	for l := range strings.Lines(strings.TrimLeft(block, "\n")) {
		key, value, found := strings.Cut(strings.TrimSuffix(l, "\n"), ": ")
		if _, twice := out[key]; !found || twice || !slices.Contains(trailerKeys[:], key) {
			return map[string]string{}
		}
		out[key] = value
	}
	return out
}

// author is who wrote a change, in a form that git takes.
func author(who, committer git.Signature) git.Signature {
	clean := func(text string) string {
		return strings.TrimSpace(strings.Map(func(r rune) rune {
			if r == '<' || r == '>' {
				return -1
			}
			return r
		}, line(text, titleRunes)))
	}
	who.Name, who.Email = clean(who.Name), clean(who.Email)
	if who.Name == "" {
		who.Name = noName
	}
	if who.When.Unix() <= 0 || who.When.Year() > 9000 {
		who.When = committer.When
	}
	return who
}
