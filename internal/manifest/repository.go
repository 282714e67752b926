package manifest

// Repository is .adamant/adamant.yaml: the kernel configuration of an operator's repository. The zero value, completed by
// Defaults, is what a repository without the file gets. It is always read at base, never from the change that is judged.
type Repository struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"` // Repository
	Metadata   Metadata       `json:"metadata"`
	Spec       RepositorySpec `json:"spec"`
}

// Metadata names a document.
type Metadata struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// RepositorySpec is the body of the kernel configuration.
type RepositorySpec struct {
	// Phase is the adoption phase: 1 observe, 2 guard, 3 automate, 4 delegate (docs/adoption.md). 0 means 1.
	Phase int `json:"phase,omitempty"`
	// Base is the protected branch. Empty: the remote's default branch, else main, else master.
	Base   string  `json:"base,omitempty"`
	Checks []Check `json:"checks,omitempty"`
	// Builtin switches built-in checks: on (default) or off.
	Builtin map[string]string `json:"builtin,omitempty"`
	Risk    Risk              `json:"risk,omitzero"`
	Policy  PolicySettings    `json:"policy,omitzero"`
	// Accept lists required gates that the operator knows to be missing and lands without.
	Accept []Acceptance `json:"accept,omitempty"`
	Limits Limits       `json:"limits,omitzero"`
	Agents AgentLimits  `json:"agents,omitzero"`
	Sonar  *SonarQube   `json:"sonarqube,omitempty"`
}

// Check declares one validation that yields evidence.
type Check struct {
	Name string `json:"name"`
	// Kind is what the check proves and the gate it answers for: lint, format, unit, snapshot, integration, regression, e2e, load, pentest, red-team, quality, coverage, build, custom.
	Kind string `json:"kind"`
	// Command is argv. A single element is run by sh -c.
	Command []string `json:"command"`
	// Directory is where Command runs, relative to the root of the checkout.
	Directory string `json:"directory,omitempty"`
	// Setup runs before Command, with network; its effect is cached by the digest of SetupInputs (lock files when empty).
	Setup       []string          `json:"setup,omitempty"`
	SetupInputs []string          `json:"setupInputs,omitempty"`
	Services    []Service         `json:"services,omitempty"`
	Env         map[string]string `json:"env,omitempty"`
	// PassEnv names variables of adamant's own environment to pass through. Everything else is cleared.
	PassEnv []string `json:"passEnv,omitempty"`
	// Inputs are the path globs whose content decides the result; empty = the whole tree.
	Inputs []string `json:"inputs,omitempty"`
	// Select is all (default) or affected: run only when a changed file matches Inputs.
	Select string `json:"select,omitempty"`
	// Reports are the files (or "stdout") the command writes and how to read them.
	Reports  []Report     `json:"reports,omitempty"`
	Coverage *CoverageMin `json:"coverage,omitempty"`
	// Timeout is a Go duration; default 10m.
	Timeout string `json:"timeout,omitempty"`
	// BaseTests runs base's tests against the merged source too (design, "Evidence"). Default: true for kind unit.
	BaseTests *bool `json:"baseTests,omitempty"`
	// AllowNoTests accepts a test report without a single test; without it such a run is an error.
	AllowNoTests bool `json:"allowNoTests,omitempty"`
}

// Service is a process that must be up while a check runs.
type Service struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
	// Ready is a command that exits 0 once the service can be used.
	Ready   []string          `json:"ready,omitempty"`
	Timeout string            `json:"timeout,omitempty"` // default 30s
	Env     map[string]string `json:"env,omitempty"`
}

// Report says where a check's output lies and what it is.
type Report struct {
	// Format is one of junit, gotest, sarif, golangci-lint, eslint, ruff, govet, go-cover, lcov, cobertura.
	Format string `json:"format"`
	Path   string `json:"path"` // glob, relative to the checkout; "stdout" for the command's output
}

// CoverageMin is a coverage requirement.
type CoverageMin struct {
	Scope string `json:"scope"` // diff or total
	Min   int    `json:"min"`   // percent
}

// Risk configures levels, matrix and governance table. Empty parts keep their defaults.
type Risk struct {
	// Bands are the least scores, in milli-units (0..1000), of low, medium and high.
	Bands *Bands `json:"bands,omitempty"`
	// Matrix maps a level to its gates and merge mode; levels left out keep the default row.
	Matrix map[string]MatrixRow `json:"matrix,omitempty"`
	// Governance adds rows to the governance table; it can raise defaults, never lower them below medium.
	Governance []GovernanceRow `json:"governance,omitempty"`
	// Sensitive adds path globs that count as authentication, encryption, IAM or billing.
	Sensitive []string `json:"sensitive,omitempty"`
	// NotSensitive lists path globs that the built-in name patterns hit by mistake.
	NotSensitive []string `json:"notSensitive,omitempty"`
}

// Bands are the lower ends of score bands in milli-units.
type Bands struct {
	Low    int `json:"low"`
	Medium int `json:"medium"`
	High   int `json:"high"`
}

// MatrixRow says what a level demands. Rows are cumulative: a level's gates include those of the levels below.
type MatrixRow struct {
	Gates []string `json:"gates,omitempty"`
	Merge string   `json:"merge,omitempty"` // auto, soak, manual, manual-mfa
	Soak  string   `json:"soak,omitempty"`  // Go duration, for merge: soak
	// DiffCoverage is the least diff coverage in percent that auto merge needs; 0 = none.
	DiffCoverage int `json:"diffCoverage,omitempty"`
}

// GovernanceRow gives paths a least level.
type GovernanceRow struct {
	Paths  []string `json:"paths"`
	Level  string   `json:"level"`
	Reason string   `json:"reason"`
}

// PolicySettings switches rules.
type PolicySettings struct {
	// Rules maps a rule id, or a prefix ending in *, to off, warn, deny or ratchet.
	Rules map[string]string `json:"rules,omitempty"`
	// Registries are the image registries that containers may come from; empty = any that is named explicitly.
	Registries []string `json:"registries,omitempty"`
}

// Acceptance records the operator's decision to land without a gate that is not installed.
type Acceptance struct {
	Gate   string `json:"gate"`
	Reason string `json:"reason"`
	Until  string `json:"until,omitempty"` // YYYY-MM-DD, inclusive, UTC
}

// Limits bound what is read and for how long.
type Limits struct {
	FileBytes    int64  `json:"fileBytes,omitempty"`    // largest blob that is looked into; default 5 MiB
	ChangedFiles int    `json:"changedFiles,omitempty"` // more than this is denied; default 10,000
	PolicyTime   string `json:"policyTime,omitempty"`   // deadline of one policy evaluation; default 10s
}

// AgentLimits bound every agent that has no persona of its own.
type AgentLimits struct {
	// Paths are globs an agent may write; empty = everything but governance paths.
	Paths  []string `json:"paths,omitempty"`
	Denied []string `json:"denied,omitempty"`
}

// SonarQube points at a server whose quality gate is asked over its web API.
type SonarQube struct {
	URL      string `json:"url"`
	Project  string `json:"project"`
	TokenEnv string `json:"tokenEnv"` // variable that holds the token
	MaxAge   string `json:"maxAge,omitempty"`
}
