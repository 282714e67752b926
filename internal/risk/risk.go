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
	return Rating{Score: score, Factors: factors, Floor: floor}
}
