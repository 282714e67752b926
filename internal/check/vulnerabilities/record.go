package vulnerabilities

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/dependencies"
)

// record is as much of an OSV record (ossf.github.io/osv-schema, version 1) as deciding takes.
type record struct {
	ID        string     `json:"id"`
	Modified  string     `json:"modified"`
	Withdrawn string     `json:"withdrawn"`
	Aliases   []string   `json:"aliases"`
	Summary   string     `json:"summary"`
	Affected  []affected `json:"affected"`
	Database  struct {
		Severity severity `json:"severity"`
	} `json:"database_specific"`
}

// severity is a word where the database gives one; other forms are left out.
type severity string

// UnmarshalJSON takes strings and passes over everything else: the field is the database's own.
func (s *severity) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*s = severity(text)
	}
	return nil
}

type affected struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Ranges   []versionRange `json:"ranges"`
	Versions []string       `json:"versions"`
}

type versionRange struct {
	Type   string  `json:"type"`
	Events []event `json:"events"`
}

type event struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
	Limit        string `json:"limit"`
}

// bound is the event's version.
func (e event) bound() string {
	for _, v := range []string{e.Introduced, e.Fixed, e.LastAffected, e.Limit} {
		if v != "" {
			return v
		}
	}
	return ""
}

// concerns reports whether an entry is about a package. Names of PyPI are compared in normal form.
func (a affected) concerns(p dependencies.Package) bool {
	return a.Package.Ecosystem == p.Ecosystem && packageName(p.Ecosystem, a.Package.Name) == p.Name
}

func packageName(ecosystem, name string) string {
	if ecosystem == dependencies.PyPI {
		return strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
	}
	return name
}

// match says whether a record affects a package, and the lowest fixed version above it, "" when there is none. An error
// says that some version of the record or of the package cannot be ordered, so that nothing is known.
func (r record) match(p dependencies.Package) (hit bool, fixed string, err error) {
	for _, a := range r.Affected {
		if !a.concerns(p) {
			continue
		}
		if slices.ContainsFunc(a.Versions, func(v string) bool { return sameVersion(p, v) }) {
			hit = true
		}
		for _, ranges := range a.Ranges {
			if ranges.Type == "GIT" {
				continue // its bounds are commits
			}
			in, fix, rangeErr := ranges.contains(p)
			if rangeErr != nil {
				err = rangeErr
				continue
			}
			hit = hit || in
			if in && fix != "" {
				fixed = fix
			}
		}
	}
	if hit {
		return true, fixed, nil
	}
	return false, "", err
}

func sameVersion(p dependencies.Package, version string) bool {
	if version == p.Version || p.Ecosystem == dependencies.Go && "v"+version == p.Version {
		return true
	}
	order, err := compareVersions(p.Ecosystem, p.Version, version)
	return err == nil && order == 0 && p.Ecosystem == dependencies.PyPI // 1.0 and 1.0.0 are one version there
}

// contains evaluates the events in the order of their versions, as the OSV schema defines it: introduced begins to
// affect, fixed and limit end before theirs, last_affected after it.
func (r versionRange) contains(p dependencies.Package) (bool, string, error) {
	events, err := sorted(p.Ecosystem, r.Events)
	if err != nil {
		return false, "", err
	}
	inside := false
	for _, e := range events {
		order := -1 // of the event's version against the package's: "0" comes before every version
		if e.Introduced != "0" {
			if order, err = compareVersions(p.Ecosystem, e.bound(), p.Version); err != nil {
				return false, "", err
			}
		} else if _, err := compareVersions(p.Ecosystem, p.Version, p.Version); err != nil {
			return false, "", err
		}
		switch {
		case e.Introduced != "" && order <= 0:
			inside = true
		case (e.Fixed != "" || e.Limit != "") && order <= 0, e.LastAffected != "" && order < 0:
			inside = false
		case inside && e.Fixed != "":
			return true, e.Fixed, nil
		}
	}
	return inside, "", nil
}

// sorted orders events by version; at the same version, one that begins comes after one that ends.
func sorted(ecosystem string, events []event) ([]event, error) {
	events = slices.DeleteFunc(slices.Clone(events), func(e event) bool { return e.bound() == "" || e.Limit == "*" })
	var failed error
	slices.SortStableFunc(events, func(a, b event) int {
		switch {
		case a.Introduced == "0" || b.Introduced == "0":
			return compareBool(b.Introduced == "0", a.Introduced == "0")
		}
		order, err := compareVersions(ecosystem, a.bound(), b.bound())
		if err != nil {
			failed = err
		}
		if order == 0 {
			order = compareBool(a.Introduced != "", b.Introduced != "")
		}
		return order
	})
	return events, failed
}

// canonical is the name by which a vulnerability is known across databases: its CVE id, else the first of all its names.
func (r record) canonical() string {
	names := append([]string{r.ID}, r.Aliases...)
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, "CVE-") {
			return name
		}
	}
	return names[0]
}
