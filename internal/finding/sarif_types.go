package finding

// The parts of SARIF 2.1.0 that adamant reads and writes; names are the standard's.

type sarifLog struct {
	Version string      `json:"version"`
	Schema  string      `json:"$schema,omitempty"`
	Runs    *[]sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool               sarifTool                `json:"tool"`
	Invocations        []sarifInvocation        `json:"invocations,omitempty"`
	ColumnKind         string                   `json:"columnKind,omitempty"`
	OriginalURIBaseIDs map[string]sarifArtifact `json:"originalUriBaseIds,omitempty"`
	Artifacts          []sarifFile              `json:"artifacts,omitempty"`
	LogicalLocations   []sarifLogical           `json:"logicalLocations,omitempty"`
	Results            *[]sarifResult           `json:"results"`
	ExternalReferences *sarifExternal           `json:"externalPropertyFileReferences,omitempty"`
}

type sarifExternal struct {
	Results []struct{} `json:"results"`
}

type sarifTool struct {
	Driver     sarifComponent   `json:"driver"`
	Extensions []sarifComponent `json:"extensions,omitempty"`
}

type sarifComponent struct {
	Name           string               `json:"name"`
	GUID           string               `json:"guid,omitempty"`
	Version        string               `json:"version,omitempty"`
	InformationURI string               `json:"informationUri,omitempty"`
	Rules          []sarifRule          `json:"rules,omitempty"`
	GlobalStrings  map[string]sarifText `json:"globalMessageStrings,omitempty"`
}

type sarifRule struct {
	ID               string               `json:"id"`
	ShortDescription *sarifText           `json:"shortDescription,omitempty"`
	FullDescription  *sarifText           `json:"fullDescription,omitempty"`
	Help             *sarifText           `json:"help,omitempty"`
	MessageStrings   map[string]sarifText `json:"messageStrings,omitempty"`
	Default          *sarifConfiguration  `json:"defaultConfiguration,omitempty"`
}

type sarifConfiguration struct {
	Level string `json:"level,omitempty"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	Successful     *bool           `json:"executionSuccessful"`
	StartFailure   string          `json:"processStartFailureMessage,omitempty"`
	Overrides      []sarifOverride `json:"ruleConfigurationOverrides,omitempty"`
	Notifications  []sarifNotice   `json:"toolExecutionNotifications,omitempty"`
	Configurations []sarifNotice   `json:"toolConfigurationNotifications,omitempty"`
}

type sarifOverride struct {
	Descriptor    sarifRuleRef       `json:"descriptor"`
	Configuration sarifConfiguration `json:"configuration"`
}

type sarifNotice struct {
	Level     string          `json:"level"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifResult struct {
	RuleID              string             `json:"ruleId,omitempty"`
	RuleIndex           *int               `json:"ruleIndex,omitempty"`
	Rule                *sarifRuleRef      `json:"rule,omitempty"`
	Kind                string             `json:"kind,omitempty"`
	Level               string             `json:"level,omitempty"`
	Message             sarifMessage       `json:"message"`
	Locations           []sarifLocation    `json:"locations,omitempty"`
	PartialFingerprints map[string]string  `json:"partialFingerprints,omitempty"`
	BaselineState       string             `json:"baselineState,omitempty"`
	Suppressions        []sarifSuppression `json:"suppressions"` // null = not known
	Provenance          *sarifProvenance   `json:"provenance,omitempty"`
	Properties          *sarifProperties   `json:"properties,omitempty"`
}

type sarifProvenance struct {
	InvocationIndex *int `json:"invocationIndex"`
}

type sarifRuleRef struct {
	ID        string             `json:"id,omitempty"`
	Index     *int               `json:"index,omitempty"`
	Component *sarifComponentRef `json:"toolComponent,omitempty"`
}

type sarifComponentRef struct {
	Name  string `json:"name,omitempty"`
	Index *int   `json:"index,omitempty"`
	GUID  string `json:"guid,omitempty"`
}

type sarifMessage struct {
	Text      string   `json:"text,omitempty"`
	Markdown  string   `json:"markdown,omitempty"`
	ID        string   `json:"id,omitempty"`
	Arguments []string `json:"arguments,omitempty"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact *sarifArtifact `json:"artifactLocation,omitempty"`
	Region   *sarifRegion   `json:"region,omitempty"`
}

type sarifFile struct {
	Location *sarifArtifact `json:"location,omitempty"`
}

type sarifArtifact struct {
	URI         string     `json:"uri,omitempty"`
	URIBaseID   string     `json:"uriBaseId,omitempty"`
	Index       *int       `json:"index,omitempty"`
	Description *sarifText `json:"description,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine,omitempty"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
}

type sarifLogical struct {
	Index *int   `json:"index,omitempty"`
	Name  string `json:"name,omitempty"`
	Full  string `json:"fullyQualifiedName,omitempty"`
}

type sarifSuppression struct {
	Kind          string           `json:"kind"`
	Status        string           `json:"status,omitempty"`
	Justification string           `json:"justification,omitempty"`
	Properties    *sarifProperties `json:"properties,omitempty"`
}

// sarifProperties is adamant's property bag on results and suppressions.
type sarifProperties struct {
	Fix      string `json:"adamant/fix,omitempty"`
	Tool     string `json:"adamant/tool,omitempty"`
	Waiver   string `json:"adamant/waiver,omitempty"`
	Expires  string `json:"adamant/expires,omitempty"`
	Pathless bool   `json:"adamant/pathless,omitempty"`
}
