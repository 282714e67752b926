package risk

import (
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Reason is one rule of the floor that a change met.
type Reason struct {
	Level   Level  `json:"level"`
	Rule    string `json:"rule"` // stable id, e.g. "governance/policy"
	Path    string `json:"path,omitempty"`
	Line    int    `json:"line,omitempty"` // 1-based; 0 = whole file
	Message string `json:"message"`
}

// Factor is one printable part of a score. The sum of all factors' Milli is the score before it is clamped to 0..1000.
type Factor struct {
	Name  string `json:"name"`  // stable id, e.g. "linesAdded"
	Value int    `json:"value"` // the measured value, in the factor's own unit
	Milli int    `json:"milli"` // contribution in milli-units; may be negative
	Text  string `json:"text"`  // for people, e.g. "lines added 212: +143"
}

// Rating is what risk has to say about a change.
type Rating struct {
	Level   Level    `json:"level"` // max(floor, band)
	Band    Level    `json:"band"`  // by the score alone; at most High
	Score   int      `json:"score"` // milli-units, 0..1000
	Floor   []Reason `json:"floor"` // worst first
	Factors []Factor `json:"factors"`
}

// Rate judges a change by its input document under the configuration at base.
func Rate(in *facts.Input, cfg manifest.Repository) Rating {
	score, factors := Score(Measure(in))
	floor := Floor(in, cfg)
	rating := Rating{Score: score, Factors: factors, Floor: floor, Band: relax(in, band(score, cfg.Spec.Risk.Bands))}
	rating.Level = rating.Band
	for _, r := range floor {
		rating.Level = max(rating.Level, r.Level)
	}
	return rating
}

// band is the level of a score. No score alone is critical.
func band(score int, bands *manifest.Bands) Level {
	if bands == nil {
		bands = manifest.Defaults().Spec.Risk.Bands
	}
	switch {
	case score >= bands.High:
		return High
	case score >= bands.Medium:
		return Medium
	case score >= bands.Low:
		return Low
	}
	return Trivial
}

// relax lowers the band by one where everything that was scored belongs to experimental components. It never touches the floor.
func relax(in *facts.Input, level Level) Level {
	experimental := map[string]bool{}
	for _, c := range in.Catalog.Components {
		experimental[c.Ref] = c.Lifecycle == "experimental"
	}
	for _, file := range in.Files {
		if file.Growth != nil && (!experimental[file.Component] || file.OldComponent != "" && !experimental[file.OldComponent]) {
			return level
		}
	}
	return max(level-1, min(level, Low))
}
