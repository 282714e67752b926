package manifest

import "maps"

// Defaults is the configuration of a repository that has no adamant.yaml.
func Defaults() Repository {
	return Repository{
		APIVersion: "adamant.dev/v1",
		Kind:       "Repository",
		Metadata:   Metadata{Name: "repository"},
		Spec: RepositorySpec{
			Phase: 1,
			Risk:  Risk{Bands: &Bands{Low: 100, Medium: 300, High: 600}, Matrix: defaultMatrix()},
			Limits: Limits{
				FileBytes:    5 << 20,
				ChangedFiles: 10_000,
				PolicyTime:   "10s",
			},
		},
	}
}

// defaultMatrix is the table of the design, section 4: what a level demands beyond the levels below it.
func defaultMatrix() map[string]MatrixRow {
	return map[string]MatrixRow{
		"trivial":  {Gates: []string{"lint", "spelling", "links"}, Merge: "auto"},
		"low":      {Gates: []string{"unit", "snapshot", "vulnerabilities"}, Merge: "soak", Soak: "1h"},
		"medium":   {Gates: []string{"integration", "regression", "policy", "quality"}, Merge: "auto", DiffCoverage: 95},
		"high":     {Gates: []string{"all-tests", "load", "pentest", "red-team", "approval"}, Merge: "manual"},
		"critical": {Gates: []string{"break-glass", "mfa-approval"}, Merge: "manual-mfa"},
	}
}

// WithDefaults completes what is left out. A level that is left out of the matrix keeps its default row; a row that is
// there keeps its own gates, and its default merge mode (with soak and diff coverage) when it names none.
func (r Repository) WithDefaults() Repository {
	d := Defaults()
	r.APIVersion, r.Kind = d.APIVersion, d.Kind
	r.Metadata.Name = or(r.Metadata.Name, d.Metadata.Name)
	s := &r.Spec
	s.Phase = or(s.Phase, d.Spec.Phase)
	if s.Risk.Bands == nil {
		s.Risk.Bands = d.Spec.Risk.Bands
	}
	s.Risk.Matrix = completeMatrix(s.Risk.Matrix, d.Spec.Risk.Matrix)
	s.Limits.FileBytes = or(s.Limits.FileBytes, d.Spec.Limits.FileBytes)
	s.Limits.ChangedFiles = or(s.Limits.ChangedFiles, d.Spec.Limits.ChangedFiles)
	s.Limits.PolicyTime = or(s.Limits.PolicyTime, d.Spec.Limits.PolicyTime)
	return r
}

func completeMatrix(own, defaults map[string]MatrixRow) map[string]MatrixRow {
	out := maps.Clone(defaults)
	for level, row := range own {
		d := defaults[level]
		if row.Gates == nil {
			row.Gates = d.Gates
		}
		if row.Merge == "" {
			row.Merge = d.Merge
			row.Soak = or(row.Soak, d.Soak)
			row.DiffCoverage = or(row.DiffCoverage, d.DiffCoverage)
		}
		out[level] = row
	}
	return out
}

// or is value unless it is zero.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
