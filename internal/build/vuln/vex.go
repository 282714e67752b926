package vuln

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// document is an OpenVEX document (openvex.dev, v0.2.0), as far as it decides.
type document struct {
	Context    string      `json:"@context"`
	Timestamp  string      `json:"timestamp"`
	Statements []statement `json:"statements"`
}

// statement is what somebody says of vulnerabilities of products.
type statement struct {
	Vulnerability vulnerability `json:"vulnerability"`
	Timestamp     string        `json:"timestamp"`
	Products      []product     `json:"products"`
	Status        Status        `json:"status"`
	Justification string        `json:"justification"`
	Impact        string        `json:"impact_statement"`
	Action        string        `json:"action_statement"`

	at time.Time
}

type vulnerability struct {
	ID      string   `json:"@id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
}

// UnmarshalJSON takes the plain name of v0.0.1 too.
func (v *vulnerability) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &v.Name) == nil {
		return nil
	}
	type plain vulnerability
	return json.Unmarshal(text, (*plain)(v))
}

// product is an artifact or one of its parts.
type product struct {
	ID            string            `json:"@id"`
	Identifiers   map[string]string `json:"identifiers"`
	Hashes        map[string]string `json:"hashes"`
	Subcomponents []product         `json:"subcomponents"`
}

// UnmarshalJSON takes the plain identifier of v0.0.1 too.
func (p *product) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &p.ID) == nil {
		return nil
	}
	type plain product
	return json.Unmarshal(text, (*plain)(p))
}

// parse reads documents and returns their statements, the latest last.
func parse(documents [][]byte) ([]statement, error) {
	var all []statement
	for i, text := range documents {
		var d document
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, fmt.Errorf("read OpenVEX document %d: %w", i+1, err)
		}
		if !strings.HasPrefix(d.Context, "https://openvex.dev/ns") {
			return nil, fmt.Errorf("read OpenVEX document %d: @context is %q", i+1, d.Context)
		}
		for j, s := range d.Statements {
			if err := s.complete(d.Timestamp); err != nil {
				return nil, fmt.Errorf("read OpenVEX document %d, statement %d: %w", i+1, j+1, err)
			}
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b statement) int { return a.at.Compare(b.at) })
	return all, nil
}

// complete checks a statement, and gives it the document's time when it has none.
func (s *statement) complete(inherited string) error {
	var err error
	if s.at, err = time.Parse(time.RFC3339, cmp.Or(s.Timestamp, inherited)); err != nil {
		return fmt.Errorf("its time cannot be read: %w", err)
	}
	switch {
	case s.Status != Affected && s.Status != NotAffected && s.Status != Fixed && s.Status != UnderInvestigation:
		return fmt.Errorf("status %q is none", s.Status)
	case s.Status == NotAffected && s.Justification == "" && s.Impact == "":
		return errors.New("not_affected needs a justification or an impact_statement")
	case s.Vulnerability.Name == "" && s.Vulnerability.ID == "":
		return errors.New("it names no vulnerability")
	case len(s.Products) == 0:
		return errors.New("it names no product")
	}
	return nil
}

// Answer applies OpenVEX documents to findings, as Scan does: what was said later than the scan. The report itself stays as it is.
func (r Report) Answer(products []string, documents ...[]byte) (Report, error) {
	statements, err := parse(documents)
	if err != nil {
		return Report{}, err
	}
	r.Findings = slices.Clone(r.Findings)
	for i, f := range r.Findings {
		r.Findings[i] = answer(f, products, statements)
	}
	return r, nil
}

// answer applies the latest statement about a finding.
func answer(f Finding, products []string, statements []statement) Finding {
	for _, s := range statements {
		if !s.concerns(f, products) {
			continue
		}
		f.Status = s.Status
		f.Reason = strings.Join(slices.DeleteFunc([]string{s.Justification, s.Impact, s.Action}, func(t string) bool { return t == "" }), ": ")
	}
	return f
}

func (s statement) concerns(f Finding, products []string) bool {
	known := f.names()
	if !slices.ContainsFunc(append([]string{s.Vulnerability.Name, s.Vulnerability.ID}, s.Vulnerability.Aliases...), func(n string) bool { return n != "" && slices.Contains(known, n) }) {
		return false
	}
	return slices.ContainsFunc(s.Products, func(p product) bool {
		switch {
		case p.is(f.Package):
			return true
		case !slices.ContainsFunc(products, p.is):
			return false
		}
		return len(p.Subcomponents) == 0 || slices.ContainsFunc(p.Subcomponents, func(c product) bool { return c.is(f.Package) })
	})
}

// is tells whether a product is what a name means: a purl, which may leave the version out in the statement, or sha256:<hex>.
func (p product) is(name string) bool {
	if sum, ok := strings.CutPrefix(name, "sha256:"); ok {
		return strings.EqualFold(p.Hashes["sha-256"], sum) || p.ID == name
	}
	for _, id := range []string{p.ID, p.Identifiers["purl"]} {
		if id == name {
			return true
		}
		if base, _, found := strings.Cut(name, "@"); found && id != "" && id == base {
			return true
		}
	}
	return false
}
