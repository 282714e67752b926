package thought

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The bounds of an entry's texts, in bytes.
const (
	limitObservation  = 4 << 10
	limitObservations = 16 << 10 // together
	limitReasoning    = 16 << 10
	limitDecision     = 4 << 10
	limitArgs         = 8 << 10
	limitValue        = 2 << 10 // of one text in arguments
	limitWord         = 200     // of names, ids and the like
	limitPath         = 300
	limitPaths        = 20
	limitSteps        = 32
	limitRead         = 8 << 20  // of one text that is looked at; what is beyond is neither read nor kept
	limitEdge         = 64 << 10 // before that end, which is not kept either
)

// writer makes texts fit to be written and remembers what that took.
type writer struct {
	redactor *Redactor
	sorts    []string
	cuts     []Cut
	err      error
}

// text redacts and then cuts: the other way round, half of a credential would stay.
func (w *writer) text(field, text string, limit int) string {
	return w.cut(field, w.redact(text), limit)
}

// word is text for what should be short and stands in one line.
func (w *writer) word(field, text string) string { return w.text(field, text, limitWord) }

func (w *writer) redact(text string) string {
	if text == "" || w.err != nil {
		return ""
	}
	all := len(text)
	if all > limitRead {
		text = text[:limitRead]
	}
	out, err := w.redactor.Redact(text)
	if err != nil {
		w.err = err
		return ""
	}
	w.sorts = append(w.sorts, out.Sorts...)
	if all > limitRead { // what stands at its end may be half of something
		kept := out.Text[:max(0, len(out.Text)-limitEdge)]
		return fmt.Sprintf("%s\n[%d bytes more were not looked at]", strings.ToValidUTF8(kept, ""), all-len(kept))
	}
	return out.Text
}

// cut leaves out the middle of a text that is too long, and says so.
func (w *writer) cut(field, text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	head, tail := limit*3/4, limit/4
	for head > 0 && !utf8.RuneStart(text[head]) {
		head--
	}
	from := len(text) - tail
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	gone := text[head:from]
	sum := sha256.Sum256([]byte(gone))
	w.cuts = append(w.cuts, Cut{Field: field, Bytes: len(gone), SHA256: hex.EncodeToString(sum[:])})
	return fmt.Sprintf("%s\n[%d bytes left out]\n%s", text[:head], len(gone), text[from:])
}
