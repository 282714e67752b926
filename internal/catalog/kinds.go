package catalog

// The kinds of entities that are understood, as tables: what Backstage's catalog model 1.10.1 demands of spec. JSON Schemas
// (adamant schema KIND) are made from the same tables.

// form is what a kind demands of its spec.
type form struct {
	kind     string
	specType string   // the spec.type this form is for; "" = every other
	versions []string // of group backstage.io
	texts    []field  // non-empty strings
	lists    []field  // lists of non-empty strings
	profile  bool     // may have spec.profile
	remotes  bool     // must have spec.remotes
}

// field is a member of spec.
type field struct {
	name     string
	required bool
	oneOf    []string // the values allowed; nil = any
	most     int      // characters; 0 = any
	about    string
}

var (
	bothVersions = []string{"v1alpha1", "v1beta1"}
	alphaOnly    = []string{"v1alpha1"}
)

func must(name, about string) field { return field{name: name, required: true, about: about} }
func may(name, about string) field  { return field{name: name, about: about} }

// The fields that many kinds share.
func owned(texts ...field) []field {
	return append([]field{
		must("type", "What the entity is, e.g. service, website, library."),
		must("lifecycle", "Where it is in its life: experimental, production or deprecated."),
		must("owner", "Who answers for it: a reference to a Group or User, or an agent persona."),
		may("system", "The System it is part of."),
	}, texts...)
}

func aiResource(specType string, texts, lists []field) form {
	all := owned(texts...)
	all[0].oneOf = []string{specType}
	return form{kind: "AiResource", specType: specType, versions: alphaOnly, texts: all, lists: lists}
}

// forms lists every kind; forms with a specType stand before the general one of their kind.
func forms() []form {
	return []form{
		{kind: "API", specType: "mcp-server", versions: bothVersions, texts: mcpServer(), remotes: true},
		{kind: "API", versions: bothVersions, texts: owned(must("definition", "The definition itself, e.g. an OpenAPI document."))},
		aiResource("skill", skillTexts(), []field{may("disciplines", "Disciplines it is for."), may("categories", "What it is about."),
			may("agents", "Tools it is made for."), may("dependsOn", "Other AiResources it needs.")}),
		aiResource("rule", []field{must("category", "What the rule is about, e.g. security."), must("rationale", "Why the rule exists.")},
			[]field{may("disciplines", "Disciplines it is for.")}),
		aiResource("plugin", []field{may("version", "Version of the plugin.")}, []field{must("skills", "The skills it brings.")}),
		aiResource("marketplace", []field{may("version", "Version of the marketplace.")}, []field{must("plugins", "The plugins on offer.")}),
		{kind: "AiResource", versions: alphaOnly, texts: owned()},
		{kind: "Component", versions: bothVersions, texts: owned(may("subcomponentOf", "The Component it is part of.")),
			lists: []field{may("providesApis", "APIs it serves."), may("consumesApis", "APIs it uses."), may("dependsOn", "Components and Resources it needs.")}},
		{kind: "Domain", versions: bothVersions, texts: []field{must("owner", "Who answers for it."),
			may("subdomainOf", "The Domain it is part of."), may("type", "What kind of domain it is.")}},
		{kind: "Group", versions: bothVersions, profile: true, texts: []field{must("type", "What kind of group it is, e.g. team."), may("parent", "The Group above it.")},
			lists: []field{must("children", "The Groups below it."), may("members", "Its Users.")}},
		{kind: "Location", versions: bothVersions, texts: []field{may("type", "How targets are read, e.g. file or url."), may("target", "Where entities are."),
			{name: "presence", oneOf: []string{"required", "optional"}, about: "Whether the targets must exist."}},
			lists: []field{may("targets", "Where entities are.")}},
		{kind: "Resource", versions: bothVersions, texts: []field{must("type", "What it is, e.g. database."), must("owner", "Who answers for it."), may("system", "The System it is part of.")},
			lists: []field{may("dependsOn", "Components and Resources it needs.")}},
		{kind: "System", versions: bothVersions, texts: []field{must("owner", "Who answers for it."), may("domain", "The Domain it is part of."), may("type", "What kind of system it is.")}},
		{kind: "User", versions: bothVersions, profile: true, lists: []field{must("memberOf", "The Groups the user is in.")}},
	}
}

func mcpServer() []field {
	texts := owned()
	texts[0].oneOf = []string{"mcp-server"}
	return texts
}

func skillTexts() []field {
	return []field{may("allowedTools", "Tools it may use without asking, separated by spaces."), may("license", "An SPDX identifier or free text."),
		{name: "compatibility", most: 500, about: "What it needs of its surroundings."}}
}

// formOf picks the form for an entity; false when the kind, or the kind in that version, is unknown.
func formOf(kind, apiVersion, specType string) (form, bool) {
	for _, f := range forms() {
		if f.kind != kind || f.specType != "" && f.specType != specType {
			continue
		}
		for _, v := range f.versions {
			if apiVersion == "backstage.io/"+v {
				return f, true
			}
		}
	}
	return form{}, false
}
