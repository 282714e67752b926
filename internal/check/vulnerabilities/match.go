package vulnerabilities

import (
	"context"
	"strings"

	"github.com/adamant-os/adamant/internal/check/dependencies"
)

// Records are a folder of OSV records, for those who look up packages that no lock file names: the parts of an artifact.
type Records struct{ db *database }

// OpenRecords reads the index of a folder of OSV records, and makes it first when it is missing or old. It fails with an error that
// wraps fs.ErrNotExist when there is no record at all.
func OpenRecords(ctx context.Context, folder string) (*Records, error) {
	db, err := openDatabase(ctx, folder)
	if err != nil {
		return nil, err
	}
	return &Records{db}, nil
}

// Digest is the SHA-256 of all records and their names, in hex.
func (r *Records) Digest() string { return r.db.head.Digest }

// Newest is when the latest record was modified (RFC 3339), empty when none says.
func (r *Records) Newest() string { return r.db.head.Newest }

// Count is the number of records, without withdrawn ones.
func (r *Records) Count() int { return r.db.head.Records }

// Covers tells whether there is any record of an ecosystem.
func (r *Records) Covers(ecosystem string) bool { return r.db.head.Ecosystems[ecosystem] > 0 }

// Match is a record that is about a version of a package, or may be.
type Match struct {
	ID       string
	Name     string // by which all databases know it: its CVE id, where it has one
	Aliases  []string
	Severity string // the database's word in lower case; may be empty
	Summary  string // in one line
	Fixed    string // the lowest version without it, empty when none is known
	Unknown  error  // why it cannot be told whether the version is affected; nil: it is
}

// Match looks a package up. A vulnerability that several records describe is listed once.
func (r *Records) Match(p dependencies.Package) ([]Match, error) { return r.db.match(p) }

func (db *database) match(p dependencies.Package) ([]Match, error) {
	records, err := db.records(p)
	if err != nil {
		return nil, err
	}
	var found []Match
	reported := map[string]bool{}
	for _, r := range records {
		hit, fixed, unknown := r.match(p)
		name := r.canonical()
		if !hit && unknown == nil || reported[name] {
			continue
		}
		reported[name] = true
		found = append(found, Match{ID: r.ID, Name: name, Aliases: r.Aliases, Severity: strings.ToLower(string(r.Database.Severity)),
			Summary: strings.Join(strings.Fields(r.Summary), " "), Fixed: fixed, Unknown: unknown})
	}
	return found, nil
}
