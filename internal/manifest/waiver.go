package manifest

import (
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"
)

// Waiver is .adamant/waivers/<id>.yaml: a time-bound exception from a rule. Its name is its id and the file's name. It is read
// at base, never from the change that needs it.
type Waiver struct {
	APIVersion string     `json:"apiVersion" enum:"adamant.dev/v1"`
	Kind       string     `json:"kind" enum:"Waiver"`
	Metadata   Metadata   `json:"metadata"`
	Spec       WaiverSpec `json:"spec"`
}

// WaiverSpec is the body of a waiver.
type WaiverSpec struct {
	// Rule is the id of the rule that is waived, or a prefix of ids that ends in *.
	Rule string `json:"rule" min:"1"`
	// Resource is a path glob: findings in these files are covered. "**" also covers findings about no file.
	Resource string `json:"resource" format:"glob"`
	// Justification says why the exception is right. One of justification and reason is required.
	Justification string `json:"justification,omitempty" min:"20"`
	// Reason is another name for justification.
	Reason string `json:"reason,omitempty" min:"20"`
	// Owner is who gets rid of it.
	Owner string `json:"owner" min:"1"`
	// ApprovedBy is who took the risk on. It may be the owner.
	ApprovedBy string `json:"approvedBy" min:"1"`
	// Created is the first day (UTC) or instant it is valid at.
	Created string `json:"created" format:"moment"`
	// Expires is the last day (UTC, included) it is valid at, or the first instant it is not.
	Expires string `json:"expires" format:"moment"`
	// MaxFindings is how many findings it covers at most. Left out: all of them.
	MaxFindings int    `json:"maxFindings,omitempty" min:"1"`
	Ticket      string `json:"ticket,omitempty" min:"1"`
	// Renewals lists how often and why it was extended, oldest first.
	Renewals []Renewal `json:"renewals,omitempty"`
}

// Renewal is one extension of a waiver.
type Renewal struct {
	// On is the first day (UTC) or instant of the extension. The longest validity is counted from the last one.
	On string `json:"on" format:"moment"`
	// Reason says why the exception is still right.
	Reason string `json:"reason" min:"20"`
	By     string `json:"by" min:"1"`
	// Expired is the date that the extension replaced.
	Expired string `json:"expired" format:"moment"`
}

// LoadWaiver reads a waiver as it is written (JSON when path ends in .json), and the document for the places of further
// problems. The document is nil when the file is no single document. What concerns more than one field is not checked here.
func LoadWaiver(path string, data []byte) (*Waiver, *YAMLDocument, []Diagnostic) {
	doc, problem := single(path, data)
	if problem != nil {
		return &Waiver{}, nil, []Diagnostic{*problem}
	}
	w := &Waiver{}
	return w, doc, Decode(doc, w)
}

var errMoment = errors.New("want a date as YYYY-MM-DD, or an instant as RFC 3339 with its zone, of the years 2000 to 2199")

var instant = sync.OnceValue(func() *regexp.Regexp {
	const clock = `([01][0-9]|2[0-3]):[0-5][0-9]`
	return regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T` + clock + `:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]` + clock + `)$`)
})

// ParseMoment reads a date or an RFC 3339 instant and says which it was. A date is midnight UTC. Years out of 2000 to 2199
// are refused: nobody means them, and computing with them overflows elsewhere.
func ParseMoment(text string) (at time.Time, day bool, err error) {
	if at, err = time.Parse(time.DateOnly, text); err == nil {
		day = true
	} else if instant().MatchString(text) { // time.Parse takes more than the standard has
		at, err = time.Parse(time.RFC3339, text)
	}
	at = at.UTC()
	if err != nil || at.Year() < 2000 || at.Year() > 2199 {
		return time.Time{}, false, fmt.Errorf("%q; %w", clip(text), errMoment)
	}
	return at, day, nil
}
