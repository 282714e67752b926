// Package privacy finds what a file does with data about people: sensitive fields that are logged or sent to analytics,
// personal data that looks real, and calls of model providers. It promises to be a function of its arguments, to report
// only lines that it is asked about, and never to repeat the data it found. It sees one file, no types and no data flow: a
// field under another name goes by unseen, and it never decides anything.
package privacy

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source"
)

// The kinds of hits.
const (
	Logged    = "logged"    // What is the field
	Analytics = "analytics" // What is the field, or the product that a person is made known to
	Personal  = "personal"  // What is the sort of data, with a check digit or a fixed form: a card number, an IBAN ...
	Contact   = "contact"   // What is the sort of data: an e-mail address or a telephone number
	Provider  = "provider"  // What is the provider's name, as in spec.policy.providers
)

// Hit is a place that handles personal data.
type Hit struct {
	Kind string `json:"kind"`
	Line int    `json:"line"` // 1-based
	What string `json:"what"`
}

// File is what is looked at.
type File struct {
	Path, Class string
	Text        []byte
	Lines       []source.Range // that were added or changed, in order; others are not reported
	Fields      []string       // names of sensitive fields besides the usual ones: "patient_id" also finds patientId
}

// Find lists the hits of a file, sorted by line, kind and what.
func Find(f File) []Hit {
	if len(f.Lines) == 0 {
		return nil
	}
	s := scanner{File: f, lines: strings.Split(string(f.Text), "\n")}
	if f.Class == source.ClassSource {
		s.calls()
	}
	if f.Class != source.ClassLockfile && f.Class != source.ClassGenerated {
		s.data()
	}
	if runs(f) {
		s.providers()
	}
	slices.SortFunc(s.hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What))
	})
	return slices.Compact(s.hits)
}

// runs says whether what a file names is used when the program runs: source, configuration and dependency manifests are.
func runs(f File) bool {
	switch f.Class {
	case source.ClassSource, source.ClassConfig, source.ClassInfra:
		return true
	}
	return isManifest(f.Path)
}

func isManifest(name string) bool {
	base := path.Base(name)
	switch base {
	case "package.json", "go.mod", "pyproject.toml", "Pipfile", "Cargo.toml", "Gemfile", "composer.json", "pom.xml":
		return true
	}
	return strings.HasPrefix(base, "requirements") && strings.HasSuffix(base, ".txt")
}

type scanner struct {
	File
	lines  []string
	looked [4 * callLines]*argument // the last lines that were read as arguments
	hits   []Hit
}

// longest is how much of a line is looked at, in bytes: longer ones are minified code or data of machines.
const longest = 4096

// added says whether a line, counted from 0, is new. Ranges are in order and do not overlap.
func (s *scanner) added(i int) bool {
	at, _ := slices.BinarySearchFunc(s.Lines, i+1, func(r source.Range, line int) int { return cmp.Compare(r.To, line) })
	return at < len(s.Lines) && s.Lines[at].From <= i+1
}

// fresh calls look with every line that is new, counted from 0.
func (s *scanner) fresh(look func(i int, line string)) {
	for _, r := range s.Lines {
		for i := max(r.From-1, 0); i < min(r.To, len(s.lines)); i++ {
			if line := s.lines[i]; len(line) <= longest {
				look(i, line)
			}
		}
	}
}

func (s *scanner) hit(kind string, i int, what string) {
	s.hits = append(s.hits, Hit{Kind: kind, Line: i + 1, What: what})
}
