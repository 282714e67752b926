package source

// The classes a file can have. Class decides which rules and floors look at it.
const (
	ClassSource           = "source"
	ClassTest             = "test"
	ClassDoc              = "doc"
	ClassConfig           = "config"
	ClassPolicy           = "policy"
	ClassInfra            = "infra"
	ClassLockfile         = "lockfile"
	ClassGenerated        = "generated"
	ClassAgentInstruction = "agent-instruction"
	ClassBinary           = "binary"
	ClassOther            = "other"
)

// The effects an edit can be proven to have, from none to all. Anything not proven is EffectCode.
const (
	EffectNone    = "none"    // content equal: pure rename
	EffectFormat  = "format"  // token streams equal, white space differs
	EffectComment = "comment" // token streams without comments equal
	EffectDoc     = "doc"     // prose that nothing executes
	EffectCode    = "code"    // anything else
)

// Delta is what changed in a source file beyond lines. Lists are sorted and hold only differences.
type Delta struct {
	ImportsAdded   []string `json:"importsAdded,omitempty"`
	ImportsRemoved []string `json:"importsRemoved,omitempty"`
	// Sensitive lists imports of the merged file, changed or not, that touch authentication, cryptography, IAM or billing.
	Sensitive         []string `json:"sensitive,omitempty"`
	ExportsAdded      []string `json:"exportsAdded,omitempty"`
	ExportsRemoved    []string `json:"exportsRemoved,omitempty"`
	ExportsChanged    []string `json:"exportsChanged,omitempty"`
	TestsBefore       int      `json:"testsBefore"`
	TestsAfter        int      `json:"testsAfter"`
	TestsRemoved      []string `json:"testsRemoved,omitempty"`
	TestsEmptied      []string `json:"testsEmptied,omitempty"`
	SkipsBefore       int      `json:"skipsBefore"`
	SkipsAfter        int      `json:"skipsAfter"`
	AssertsBefore     int      `json:"assertsBefore"`
	AssertsAfter      int      `json:"assertsAfter"`
	SuppressionsAdded []Mark   `json:"suppressionsAdded,omitempty"`
	SkipsAdded        []Mark   `json:"skipsAdded,omitempty"`
}

// Mark is a place in the merged file with the text that was found there.
type Mark struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}
