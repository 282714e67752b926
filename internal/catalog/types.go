package catalog

// Governance is a touched component's governance fields at base.
type Governance struct {
	Ref                string `json:"ref"`
	Owner              string `json:"owner,omitempty"`
	Lifecycle          string `json:"lifecycle,omitempty"`
	RiskProfile        string `json:"riskProfile,omitempty"`
	DataClassification string `json:"dataClassification,omitempty"`
	// PIIFields names fields that hold data about people, besides the usual ones, with commas between (adamant.dev/pii-fields).
	PIIFields string `json:"piiFields,omitempty"`
}

// Change is one changed field of one entity between base and merged tree.
type Change struct {
	Ref   string `json:"ref"`
	Path  string `json:"path"`  // file
	Line  int    `json:"line"`  //
	Field string `json:"field"` // e.g. "spec.owner", "metadata.annotations.adamant.dev/risk-profile"; "" = whole entity
	Kind  string `json:"kind"`  // added, removed, changed
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
	// Governance says that the field decides who may do what: owner, lifecycle, type, system, governance annotations.
	Governance bool `json:"governance"`
}
