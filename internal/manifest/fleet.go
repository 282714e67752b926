package manifest

// Fleet bounds and steers the agents that the daemon runs (docs/tasks.md).
type Fleet struct {
	// MaxRunning is how many attempts of agents run at a time; default 4.
	MaxRunning int `json:"maxRunning,omitempty" min:"0" max:"256"`
	// PerRole is how many attempts of a role run at a time.
	PerRole map[string]int `json:"perRole,omitempty" keys:"coder,reviewer"`
	// DayUSD is what all agents together may spend in a day (UTC), such as "25" or "12.50"; empty = no limit. Nothing new starts above it.
	DayUSD string `json:"dayUSD,omitempty" format:"usd"`
	// Attempts is how many results may come back from gate and reviewers before a task is suspended; default 3.
	Attempts int `json:"attempts,omitempty" min:"0" max:"100"`
	// Review is the least level of changes of agents that a reviewing agent reads, or never; default low.
	Review string `json:"review,omitempty" enum:"never,trivial,low,medium,high,critical"`
	// Independent is how far a reviewer's model has to be from the coder's: another family, at least another model, or at least another
	// temperature; default temperature. Farther is always preferred, and what it was is on record.
	Independent string `json:"independent,omitempty" enum:"family,model,temperature"`
	// Squeeze has idle agents lower ratchet marks.
	Squeeze *Squeeze `json:"squeeze,omitempty"`
}

// Squeeze lets agents work off old violations while nothing else goes on.
type Squeeze struct {
	Agent string `json:"agent" format:"name"`
	// PerDay is how many such tasks are opened in a day (UTC); default 3.
	PerDay int `json:"perDay,omitempty" min:"0" max:"100"`
	// Rules are the rules whose marks are lowered; none = all.
	Rules []string `json:"rules,omitempty"`
	// MaxCount leaves alone what has more violations than that in one place; default 25.
	MaxCount int `json:"maxCount,omitempty" min:"0" max:"10000"`
}
