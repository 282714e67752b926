package manifest

// Repository is .adamant/adamant.yaml: the kernel configuration of an operator's repository. The zero value, completed by
// Defaults, is what a repository without the file gets. It is always read at base, never from the change that is judged.
type Repository struct {
	APIVersion string         `json:"apiVersion" enum:"adamant.dev/v1"`
	Kind       string         `json:"kind" enum:"Repository"`
	Metadata   Metadata       `json:"metadata"`
	Spec       RepositorySpec `json:"spec"`
}

// Metadata names a document.
type Metadata struct {
	Name        string            `json:"name" format:"name"`
	Description string            `json:"description,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// RepositorySpec is the body of the kernel configuration.
type RepositorySpec struct {
	// Phase is the adoption phase: 1 observe, 2 guard, 3 automate, 4 delegate (docs/adoption.md). 0 means 1.
	Phase int `json:"phase,omitempty" min:"0" max:"4"`
	// Base is the protected branch. Empty: the remote's default branch, else main, else master.
	Base   string  `json:"base,omitempty" min:"1"`
	Checks []Check `json:"checks,omitempty"`
	// Builtin switches built-in checks: on (default) or off.
	Builtin map[string]string `json:"builtin,omitempty" keys:"policy,ratchet,architecture,api,catalog,versions,secrets,links,spelling,format,workflows,vulnerabilities,licenses,incidents" enum:"on,off"`
	// Licenses says which licences the built-in check refuses in dependencies.
	Licenses Licenses       `json:"licenses,omitzero"`
	Risk     Risk           `json:"risk,omitzero"`
	Policy   PolicySettings `json:"policy,omitzero"`
	// Accept lists required gates that the operator knows to be missing and lands without.
	Accept []Acceptance `json:"accept,omitempty"`
	Limits Limits       `json:"limits,omitzero"`
	Agents AgentLimits  `json:"agents,omitzero"`
	Sonar  *SonarQube   `json:"sonarqube,omitempty"`
	// Notify says how the operator is told what needs them.
	Notify []Hook `json:"notify,omitempty"`
	// Queue configures the life of changes and the merge queue.
	Queue Queue `json:"queue,omitzero"`
	// Mirror keeps a copy of the kernel elsewhere.
	Mirror *Mirror `json:"mirror,omitempty"`
	// Gateway is the way of agents to models.
	Gateway Gateway `json:"gateway,omitzero"`
	// Fleet bounds the agents that the daemon runs.
	Fleet Fleet `json:"fleet,omitzero"`
	// Build declares the artifacts of the repository and how they are made.
	Build []Build `json:"build,omitempty"`
	// Admission says which artifacts may run where.
	Admission Admission `json:"admission,omitzero"`
	// Trust says with what artifacts and statements are signed.
	Trust Trust `json:"trust,omitzero"`
}

// Queue configures the life of changes and the merge queue.
type Queue struct {
	Slots    int `json:"slots,omitempty" min:"0" max:"256"`    // runs of the gate at a time; default half the processors
	MaxDepth int `json:"maxDepth,omitempty" min:"0" max:"100"` // most runs that build on each other; default 3
	// Attempts is how many times a change may fail in the gate before it is suspended; default 3.
	Attempts int `json:"attempts,omitempty" min:"0" max:"100"`
	// Runs is how many runs of the gate may end without an answer, for one head and base, before it is suspended; default 5.
	Runs int `json:"runs,omitempty" min:"0" max:"100"`
	// Freeze lists windows in which nothing but hotfixes lands.
	Freeze []Freeze `json:"freeze,omitempty"`
	// ArchiveAfter is how many days after it was closed a change is folded into the archive; default 30.
	ArchiveAfter int `json:"archiveAfter,omitempty" min:"0" max:"3650"`
}

// Freeze is a window in which nothing but hotfixes lands: times of day, of the week, or dates.
type Freeze struct {
	Name string `json:"name" min:"1"`
	// Days are those on which a window by times of day starts; default all.
	Days []string `json:"days,omitempty" enum:"mon,tue,wed,thu,fri,sat,sun"`
	From string   `json:"from,omitempty"` // 18:00, fri 16:00, 2026-12-20 or 2026-12-20 18:00
	To   string   `json:"to,omitempty"`   // of the same form; a date is included
	Zone string   `json:"zone,omitempty"` // of the IANA database, such as Europe/Berlin; default UTC
}

// Mirror says where the daemon keeps a copy of the kernel.
type Mirror struct {
	Remote string `json:"remote" min:"1"` // URL, absolute path, or the name of a remote of the clone
	// Every is the least time between two pushes after landings; default 1m.
	Every string `json:"every,omitempty" format:"duration"`
}

// Licenses configures the built-in check for licences.
type Licenses struct {
	// Deny lists SPDX licence ids, or prefixes ending in *, that a dependency must not have.
	Deny []string `json:"deny,omitempty"`
}

// Check declares one validation that yields evidence.
type Check struct {
	Name string `json:"name" format:"name"`
	// Kind is what the check proves and the gate it answers for: lint, format, unit, snapshot, integration, regression, e2e, load, pentest, red-team, quality, coverage, build, custom.
	Kind string `json:"kind" enum:"lint,format,unit,snapshot,integration,regression,e2e,load,pentest,red-team,quality,coverage,build,custom"`
	// Command is argv. A single element is run by sh -c.
	Command []string `json:"command" min:"1"`
	// Directory is where Command runs, relative to the root of the checkout.
	Directory string `json:"directory,omitempty" format:"path"`
	// Setup are lines for sh, run in order before Command, with network; their effect is cached by the digest of SetupInputs
	// (dependency manifests and lock files when empty).
	Setup       []string          `json:"setup,omitempty"`
	SetupInputs []string          `json:"setupInputs,omitempty" format:"glob"`
	Services    []Service         `json:"services,omitempty"`
	Env         map[string]string `json:"env,omitempty"`
	// PassEnv names variables of adamant's own environment to pass through. Everything else is cleared.
	PassEnv []string `json:"passEnv,omitempty"`
	// Inputs are the path globs whose content decides the result; empty = the whole tree.
	Inputs []string `json:"inputs,omitempty" format:"glob"`
	// Select is all (default) or affected: run only what the change affects, by Inputs and the dependency graph. The word
	// {affected} in Command stands for the affected tests: packages of go test, files for others.
	Select string `json:"select,omitempty" enum:"all,affected"`
	// Reports are the files (or "stdout") the command writes and how to read them.
	Reports  []Report     `json:"reports,omitempty"`
	Coverage *CoverageMin `json:"coverage,omitempty"`
	// Timeout is a Go duration; default 10m.
	Timeout string `json:"timeout,omitempty" format:"duration"`
	// BaseTests runs base's tests against the merged source too (design, "Evidence"). Default: true for kind unit.
	BaseTests *bool `json:"baseTests,omitempty"`
	// AllowNoTests accepts a test report without a single test; without it such a run is an error.
	AllowNoTests bool `json:"allowNoTests,omitempty"`
}

// Service is a process that must be up while a check runs.
type Service struct {
	Name    string   `json:"name" format:"name"`
	Command []string `json:"command" min:"1"`
	// Ready is a command that exits 0 once the service can be used.
	Ready   []string          `json:"ready,omitempty"`
	Timeout string            `json:"timeout,omitempty" format:"duration"` // default 30s
	Env     map[string]string `json:"env,omitempty"`
}

// Report says where a check's output lies and what it is.
type Report struct {
	// Format is one of junit, gotest, jest (Vitest's json reporter too), tap, sarif, golangci-lint, eslint, ruff, govet,
	// staticcheck, go-cover, lcov, cobertura.
	Format string `json:"format" enum:"junit,gotest,jest,tap,sarif,golangci-lint,eslint,ruff,govet,staticcheck,go-cover,lcov,cobertura"`
	Path   string `json:"path" format:"glob"` // glob, relative to the checkout; "stdout" for the command's output
}

// CoverageMin is a coverage requirement.
type CoverageMin struct {
	Scope string `json:"scope" enum:"diff,total"`
	Min   int    `json:"min" min:"0" max:"100"` // percent
}

// Risk configures levels, matrix and governance table. Empty parts keep their defaults.
type Risk struct {
	// Bands are the least scores, in milli-units (0..1000), of low, medium and high.
	Bands *Bands `json:"bands,omitempty"`
	// Matrix maps a level to its gates and merge mode; levels left out keep the default row.
	Matrix map[string]MatrixRow `json:"matrix,omitempty" keys:"trivial,low,medium,high,critical"`
	// Governance adds rows to the governance table; it can raise defaults, never lower them below medium.
	Governance []GovernanceRow `json:"governance,omitempty"`
	// Sensitive adds path globs that count as authentication, encryption, IAM or billing.
	Sensitive []string `json:"sensitive,omitempty" format:"glob"`
	// NotSensitive lists path globs that the built-in name patterns hit by mistake.
	NotSensitive []string `json:"notSensitive,omitempty" format:"glob"`
}

// Bands are the lower ends of score bands in milli-units.
type Bands struct {
	Low    int `json:"low" min:"0" max:"1000"`
	Medium int `json:"medium" min:"0" max:"1000"`
	High   int `json:"high" min:"0" max:"1000"`
}

// MatrixRow says what a level demands. Rows are cumulative: a level's gates include those of the levels below.
type MatrixRow struct {
	Gates []string `json:"gates,omitempty"`
	Merge string   `json:"merge,omitempty" enum:"auto,soak,manual,manual-mfa"`
	Soak  string   `json:"soak,omitempty" format:"duration"` // Go duration, for merge: soak
	// DiffCoverage is the least diff coverage in percent that auto merge needs; 0 = none.
	DiffCoverage int `json:"diffCoverage,omitempty" min:"0" max:"100"`
}

// GovernanceRow gives paths a least level.
type GovernanceRow struct {
	Paths  []string `json:"paths" min:"1" format:"glob"`
	Level  string   `json:"level" enum:"medium,high,critical"`
	Reason string   `json:"reason" min:"1"`
}

// PolicySettings switches rules.
type PolicySettings struct {
	// Rules maps a rule id, or a prefix ending in *, to off, warn, deny or ratchet.
	Rules map[string]string `json:"rules,omitempty" enum:"off,warn,deny,ratchet"`
	// Registries are the image registries that containers may come from; empty = any that is named explicitly.
	Registries []string `json:"registries,omitempty"`
	// Providers are the model providers that components classified pii may call (docs/policies.md lists the names); empty = none.
	Providers []string `json:"providers,omitempty"`
	// PIIFields are names of fields that hold data about people, besides the usual ones, in every component classified pii.
	PIIFields []string `json:"piiFields,omitempty"`
	// Conftest says how policies written for conftest are used.
	Conftest Conftest `json:"conftest,omitzero"`
	// Gatekeeper are path globs of the YAML files whose ConstraintTemplates and Constraints judge; default: .adamant/policy/** and
	// policy/**, without the folders samples and testdata.
	Gatekeeper []string `json:"gatekeeper,omitempty" format:"glob"`
	// WaiverDays is how many days a waiver may be valid, counted from its creation or last renewal; default 90.
	WaiverDays int `json:"waiverDays,omitempty" min:"1" max:"366"`
}

// Conftest configures the policies under policy/ that are written for conftest (docs/formats/policy.md).
type Conftest struct {
	// Namespaces are the packages whose rules judge, as globs (*, ?, [...]); default: main and main.*.
	Namespaces []string `json:"namespaces,omitempty"`
	// Combine are the packages, as globs, that see all documents at once as a list of {path, contents}.
	Combine []string `json:"combine,omitempty"`
	// Files are path globs of the documents that are judged; empty = all.
	Files []string `json:"files,omitempty" format:"glob"`
	// Data are YAML and JSON files, and folders of them, that policies see as data.
	Data []string `json:"data,omitempty" format:"path"`
	// Ignore are path globs of modules that are left alone.
	Ignore []string `json:"ignore,omitempty" format:"glob"`
	// Strict makes an error of a built-in function fail the judgement. Without it the rule does not apply, as in conftest.
	Strict bool `json:"strict,omitempty"`
}

// Acceptance records the operator's decision to land without a gate that is not installed.
type Acceptance struct {
	Gate   string `json:"gate" min:"1"`
	Reason string `json:"reason" min:"1"`
	Until  string `json:"until,omitempty" format:"date"` // YYYY-MM-DD, inclusive, UTC
}

// Limits bound what is read and for how long.
type Limits struct {
	FileBytes    int64  `json:"fileBytes,omitempty" min:"0"`            // largest blob that is looked into; default 5 MiB
	ChangedFiles int    `json:"changedFiles,omitempty" min:"0"`         // more than this is denied; default 10,000
	PolicyTime   string `json:"policyTime,omitempty" format:"duration"` // deadline of one policy evaluation; default 10s
}

// AgentLimits bound every agent that has no persona of its own.
type AgentLimits struct {
	// Paths are globs an agent may write; empty = everything but governance paths.
	Paths  []string `json:"paths,omitempty" format:"glob"`
	Denied []string `json:"denied,omitempty" format:"glob"`
}

// Hook is one way to tell the operator: a command, or a webhook.
type Hook struct {
	Name string `json:"name" format:"name"`
	// Command is argv; the event is on its standard input as JSON. A single element is run by sh -c.
	Command []string `json:"command,omitempty"`
	// URL gets the event as JSON by POST, signed as Standard Webhooks says when SecretEnv is there.
	URL       string `json:"url,omitempty" format:"url"`
	SecretEnv string `json:"secretEnv,omitempty" min:"1"` // variable that holds the webhook's secret
	// PassEnv names variables of adamant's own environment to pass to Command. Everything else is cleared.
	PassEnv []string `json:"passEnv,omitempty"`
	// Level is the least level of changes that it is told about; default trivial: all.
	Level    string `json:"level,omitempty" enum:"trivial,low,medium,high,critical"`
	Timeout  string `json:"timeout,omitempty" format:"duration"` // of one attempt; default 10s
	Attempts int    `json:"attempts,omitempty" min:"0" max:"10"` // default 5
}

// SonarQube points at a server whose quality gate is asked over its web API.
type SonarQube struct {
	URL      string `json:"url" format:"url"`
	Project  string `json:"project" min:"1"`
	TokenEnv string `json:"tokenEnv" min:"1"` // variable that holds the token
	MaxAge   string `json:"maxAge,omitempty" format:"duration"`
}
