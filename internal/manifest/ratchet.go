package manifest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Ratchet is .adamant/ratchets/<rule>.json: the high water mark of one rule, written by the gate. Its name is the rule's id. It
// is read at base, never from the change that is judged.
type Ratchet struct {
	APIVersion string       `json:"apiVersion" enum:"adamant.dev/v1"`
	Kind       string       `json:"kind" enum:"Ratchet"`
	Metadata   RatchetNames `json:"metadata"`
	Spec       RatchetSpec  `json:"spec"`
}

// RatchetNames names the rule.
type RatchetNames struct {
	Name string `json:"name" min:"1" max:"500"`
}

// RatchetSpec is the body of a mark.
type RatchetSpec struct {
	// Version names the rule as it was when its violations were counted.
	Version string `json:"version" min:"1"`
	// Reason says why the operator raised the mark, when that happened.
	Reason string `json:"reason,omitempty" min:"1"`
	// Scopes maps a scope (a component's ref, or a folder ending in "/") to fingerprints and how often each occurs.
	Scopes map[string]map[string]int `json:"scopes"`
}

// LoadRatchet reads a mark as it is written. With any Diagnostic the result must not be used: half a mark is a lower one, and
// none is a higher one.
func LoadRatchet(path string, data []byte) (*Ratchet, []Diagnostic) {
	if line := conflictMarker(data); line > 0 {
		return nil, []Diagnostic{{Path: path, Line: line, Column: 1,
			Message: "a merge left its conflict markers here; take one side's file whole, then run: adamant ratchet merge"}}
	}
	doc := ParseJSON(path, data)
	if doc.Err != nil {
		return nil, []Diagnostic{*doc.Err}
	}
	mark := &Ratchet{}
	problems := Decode(doc, mark)
	if len(problems) == 0 {
		problems = checkUnits(doc, mark.Spec.Scopes)
	}
	return mark, problems
}

// conflictMarker is the first line that git left of a conflict, 0 when there is none.
func conflictMarker(data []byte) int {
	number := 0
	for line := range bytes.Lines(data) {
		number++
		for _, marker := range []string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"} {
			if bytes.HasPrefix(line, []byte(marker)) {
				return number
			}
		}
	}
	return 0
}

var fingerprintForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{16,64}$`) })

// maxUnits bounds one count, so that sums of them cannot overflow.
const maxUnits = 1_000_000

// checkUnits checks what the tags cannot say: the form of fingerprints and their counts.
func checkUnits(doc *YAMLDocument, scopes map[string]map[string]int) []Diagnostic {
	var problems []Diagnostic
	for scope, units := range scopes {
		at := "/spec/scopes/" + EscapePointer(scope)
		if scope == "" {
			problems = append(problems, doc.Diagnose(at, "a scope without a name"))
		}
		for fingerprint, n := range units {
			at := at + "/" + EscapePointer(fingerprint)
			switch {
			case !fingerprintForm().MatchString(fingerprint):
				problems = append(problems, doc.Diagnose(at, fmt.Sprintf("%q is no fingerprint: 16 to 64 hex digits, lower case", clip(fingerprint))))
			case n < 1 || n > maxUnits:
				problems = append(problems, doc.Diagnose(at, fmt.Sprintf("a fingerprint occurs 1 to %d times, not %d", maxUnits, n)))
			}
		}
	}
	slices.SortFunc(problems, func(a, b Diagnostic) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Message, b.Message)
	})
	return problems
}
