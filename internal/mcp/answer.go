package mcp

// Answer is what a tool says: Text to people and to models that read, Data to programs. Both say the same.
type Answer[T any] struct {
	Text string
	Data T
}

// Verdict is what the gate thinks of a change.
type Verdict struct {
	Decision string    `json:"decision" jsonschema:"allow, hold or deny"`
	Level    string    `json:"level" jsonschema:"risk: trivial, low, medium, high or critical"`
	Head     string    `json:"head" jsonschema:"commit that was judged"`
	Base     string    `json:"base" jsonschema:"commit it was judged against"`
	Findings []Finding `json:"findings" jsonschema:"what the change adds; only those that block stand between it and main"`
	Gates    []Gate    `json:"gates" jsonschema:"validations that the risk asks for, and where they stand"`
	Reasons  []Reason  `json:"reasons" jsonschema:"why it may not land yet, worst first; none for allow"`
}

// Finding is one violation.
type Finding struct {
	Rule     string `json:"rule" jsonschema:"id for explain_rule"`
	Severity string `json:"severity"`
	Blocks   bool   `json:"blocks" jsonschema:"whether the change is denied for it"`
	Path     string `json:"path,omitempty"`
	Line     int    `json:"line,omitempty" jsonschema:"1-based; absent: the whole file"`
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty" jsonschema:"what to do about it"`
}

// Gate is one validation that is asked for.
type Gate struct {
	Name   string   `json:"name"`
	State  string   `json:"state" jsonschema:"passed, failed, error, pending, unavailable, not-applicable, accepted or waiting"`
	Reason string   `json:"reason,omitempty"`
	Checks []string `json:"checks,omitempty" jsonschema:"declared checks that answer for it"`
}

// Reason is one thing that stands between a change and main.
type Reason struct {
	Code    string `json:"code"`
	Effect  string `json:"effect" jsonschema:"deny or hold"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty" jsonschema:"what to do about it"`
}

// Plan is what a change would have to pass.
type Plan struct {
	Level  string   `json:"level" jsonschema:"risk: trivial, low, medium, high or critical"`
	Why    []string `json:"why" jsonschema:"what puts it at this level"`
	Gates  []Gate   `json:"gates" jsonschema:"validations that the risk asks for"`
	Checks []Check  `json:"checks" jsonschema:"declared checks that would run"`
	Merge  string   `json:"merge" jsonschema:"how it would land: auto, soak, manual or manual-mfa"`
}

// Check is one declared check.
type Check struct {
	Name    string `json:"name"`
	Kind    string `json:"kind,omitempty"`
	Command string `json:"command,omitempty" jsonschema:"what it runs, in the repository's root"`
}

// Rule is a rule of the constitution.
type Rule struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Does        string `json:"does" jsonschema:"deny, hold, warn, require, ratchet or off"`
	Severity    string `json:"severity,omitempty"`
	Description string `json:"description"`
	Fix         string `json:"fix,omitempty" jsonschema:"what to do about it"`
	Failing     string `json:"failing,omitempty" jsonschema:"an example that it refuses"`
	Passing     string `json:"passing,omitempty" jsonschema:"an example that it lets pass"`
}

// Scope says what Affected looks at: the files at Paths, or the change from Base to Head.
type Scope struct {
	Paths []string `json:"paths,omitempty" jsonschema:"files or folders to ask about; absent asks about the change from base to head"`
	Base  string   `json:"base,omitempty" jsonschema:"commit or branch the change started from; absent: the branch it lands on"`
	Head  string   `json:"head,omitempty" jsonschema:"commit or branch to look at; absent: what you work on"`
}

// Impact is what needs something, directly or not.
type Impact struct {
	Changed    []string   `json:"changed" jsonschema:"the files that were asked about"`
	Files      []Affected `json:"files" jsonschema:"files that need them, nearest first"`
	Components []string   `json:"components" jsonschema:"components of the catalog that are affected"`
	Tests      []string   `json:"tests" jsonschema:"test files that are affected"`
	Open       []string   `json:"open" jsonschema:"files that compute what they import when they run, and may need anything"`
}

// Affected is a file and the way by which it needs what was asked about.
type Affected struct {
	Path string   `json:"path"`
	Why  []string `json:"why" jsonschema:"from this file to the one that was asked about, step by step"`
}

// Way is how one thing needs another.
type Way struct {
	Needs bool   `json:"needs" jsonschema:"whether there is a way at all"`
	Steps []Step `json:"steps" jsonschema:"the shortest way, import by import"`
}

// Step is one dependency.
type Step struct {
	From string `json:"from"`
	Line int    `json:"line,omitempty" jsonschema:"where in from it says so"`
	To   string `json:"to"`
	Kind string `json:"kind" jsonschema:"import, reference, ..."`
}

// Listing is entities of the catalog.
type Listing struct {
	Entities []Entity `json:"entities"`
}

// Entity is one entity of the catalog.
type Entity struct {
	Ref         string   `json:"ref" jsonschema:"kind:namespace/name"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Type        string   `json:"type,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	Lifecycle   string   `json:"lifecycle,omitempty"`
	Risk        string   `json:"risk,omitempty" jsonschema:"risk profile"`
	Data        string   `json:"data,omitempty" jsonschema:"classification of its data, such as pii"`
	Paths       []string `json:"paths,omitempty" jsonschema:"where it lives"`
	DependsOn   []string `json:"dependsOn,omitempty"`
	File        string   `json:"file" jsonschema:"where it is declared"`
}

// Hits are places in the repository.
type Hits struct {
	Hits []Hit `json:"hits"`
}

// Hit is one place.
type Hit struct {
	Path string `json:"path"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

// WaiverAsk is a wish for an exception.
type WaiverAsk struct {
	Rule   string `json:"rule" jsonschema:"id of the rule, as a finding names it"`
	Path   string `json:"path" jsonschema:"file or glob it is for; the narrower the better"`
	Reason string `json:"reason" jsonschema:"why the rule should not hold there, and what is done instead; 20 characters or more"`
	Days   int    `json:"days,omitempty" jsonschema:"how long, in days; absent: 30"`
}

// WaiverProposal is a waiver that somebody with the right to would have to put on main.
type WaiverProposal struct {
	Path    string `json:"path" jsonschema:"where the waiver would be"`
	Content string `json:"content" jsonschema:"what it would say"`
	Command string `json:"command" jsonschema:"what the operator runs to make it"`
	Granted bool   `json:"granted" jsonschema:"always false: only the operator grants"`
}

// Comment is a reviewer's finding on a line.
type Comment struct {
	Path     string `json:"path" jsonschema:"file, from the repository's root"`
	Line     int    `json:"line" jsonschema:"1-based"`
	Severity string `json:"severity" jsonschema:"error, warning or note; notes ask for nothing"`
	Text     string `json:"text" jsonschema:"what is wrong and what to do about it"`
}

// Finish ends an attempt.
type Finish struct {
	Summary string `json:"summary" jsonschema:"what was done, in a few sentences"`
	Verdict string `json:"verdict,omitempty" jsonschema:"reviewers: approve or request-changes; others: empty"`
}
