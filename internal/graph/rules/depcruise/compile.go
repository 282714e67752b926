package depcruise

import (
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/source/imports"
)

func (c *config) compile(l *loader) *rules.Set {
	set := &rules.Set{AllowedSeverity: severity(c.allowedSeverity)}
	for _, r := range c.forbidden {
		if rule, ok := l.rule(r, "a forbidden rule"); ok {
			set.Forbidden = append(set.Forbidden, rule)
		}
	}
	for _, r := range c.allowed {
		rule, _ := l.rule(r, "an allowed rule")
		set.Allowed = append(set.Allowed, rule)
	}
	if c.allowedSeverity == "ignore" {
		set.Allowed = nil
	}
	for _, r := range c.required {
		if rule, ok := l.required(r); ok {
			set.Required = append(set.Required, rule)
		}
	}
	l.options(set, c.options)
	return set
}

func ruleKeys() []string {
	return []string{"name", "comment", "severity", "scope", "from", "to", "module"}
}

func fromKeys() []string { return []string{"path", "pathNot", "orphan"} }

func toKeys() []string {
	return []string{"path", "pathNot", "couldNotResolve", "circular", "dynamic", "exoticallyRequired", "exoticRequire", "exoticRequireNot",
		"preCompilationOnly", "dependencyTypes", "dependencyTypesNot", "moreThanOneDependencyType", "license", "licenseNot", "via", "viaOnly",
		"viaNot", "viaSomeNot", "moreUnstable", "ancestor", "reachable"}
}

func moduleKeys() []string {
	return []string{"path", "pathNot", "numberOfDependentsLessThan", "numberOfDependentsMoreThan"}
}

// head reads what all rules share; false when the rule is switched off.
func (l *loader) head(r raw, what string) (rules.Rule, bool) {
	if r.object() == nil {
		l.report(r, "%s must be an object", what)
		return rules.Rule{}, false
	}
	l.keys(r, what, ruleKeys())
	for _, part := range []struct {
		name string
		keys []string
	}{{"from", fromKeys()}, {"to", toKeys()}, {"module", moduleKeys()}} {
		at := r.key(part.name)
		if at.value != nil && at.object() == nil {
			l.report(at, "%s must be an object", part.name)
		}
		l.keys(at, part.name, part.keys)
	}
	out := rules.Rule{Name: "unnamed", Severity: severity(r.key("severity").text()), Comment: r.key("comment").text()}
	if name := r.key("name").text(); name != "" {
		out.Name = name
	}
	if s := r.key("severity"); s.value != nil {
		l.oneOf(s, "error", "warn", "info", "ignore")
	}
	if s := r.key("scope"); s.value != nil {
		l.oneOf(s, "module", "folder")
		if s.text() == "folder" {
			out.Level = rules.LevelFolder
		}
	}
	return out, r.key("severity").text() != "ignore"
}

func (l *loader) rule(r raw, what string) (rules.Rule, bool) {
	out, on := l.head(r, what)
	from, to, module := r.key("from"), r.key("to"), r.key("module")
	out.From, out.To = l.where(from), l.target(to)
	for _, part := range []raw{from, module} {
		if p := l.pattern(part.key("path")); p != nil {
			out.Selects = append(out.Selects, rules.Selection{What: strings.TrimPrefix(part.at[strings.LastIndex(part.at, "/"):], "/") + ".path", Where: rules.Where{Path: p}})
		}
	}
	orphan := l.flag(from.key("orphan"))
	switch {
	case module.value != nil:
		out.Shape, out.Module = rules.FanIn, l.where(module)
		out.Less, out.More = l.number(module.key("numberOfDependentsLessThan")), l.number(module.key("numberOfDependentsMoreThan"))
		if out.Less == nil && out.More == nil {
			l.report(module, "module needs numberOfDependentsLessThan or numberOfDependentsMoreThan")
		}
	case orphan != nil:
		out.Shape, out.Orphan = rules.Orphans, *orphan
	case out.To.Reachable != nil:
		out.Shape = rules.Reaches
	case from.value == nil || to.value == nil:
		l.report(r, "%s needs from and to (they may be empty objects)", what)
	}
	return out, on
}

func (l *loader) required(r raw) (rules.Rule, bool) {
	out, on := l.head(r, "a required rule")
	out.Shape, out.Module, out.To = rules.Needs, l.where(r.key("module")), l.target(r.key("to"))
	if r.key("module").value == nil || r.key("to").value == nil {
		l.report(r, "a required rule needs module and to")
	}
	return out, on
}

func (l *loader) target(r raw) rules.Target {
	t := rules.Target{
		Where: l.where(r), CouldNotResolve: l.flag(r.key("couldNotResolve")), Circular: l.flag(r.key("circular")),
		Dynamic: l.flag(r.key("dynamic")), ExoticallyRequired: l.flag(r.key("exoticallyRequired")),
		PreCompilationOnly: l.flag(r.key("preCompilationOnly")), MoreThanOneType: l.flag(r.key("moreThanOneDependencyType")),
		MoreUnstable: l.flag(r.key("moreUnstable")), Ancestor: l.flag(r.key("ancestor")), Reachable: l.flag(r.key("reachable")),
		Types: l.types(r.key("dependencyTypes")), TypesNot: l.types(r.key("dependencyTypesNot")),
	}
	for _, u := range []struct{ key, what string }{{"license", "a licence"}, {"licenseNot", "a licence"},
		{"exoticRequire", "the name of a loader"}, {"exoticRequireNot", "the name of a loader"}} {
		if l.pattern(r.key(u.key)) != nil {
			t.Unknown = u.what
		}
	}
	if types := l.list(r.key("dependencyTypes"), false); len(types) > 0 && t.Types == imports.Deprecated {
		t.Unknown = "a deprecation"
	}
	t.Via, t.ViaOnly = l.via(r, "via", "viaSomeNot"), l.via(r, "viaOnly", "viaNot")
	return t
}

// via reads one of the attributes about the members of a cycle, or the older one that says the same with pathNot.
func (l *loader) via(r raw, name, old string) *rules.Via {
	var out *rules.Via
	if v := r.key(name); v.value != nil {
		out = &rules.Via{}
		if v.object() == nil {
			out.Path = l.pattern(v)
		} else {
			l.keys(v, name, []string{"path", "pathNot", "dependencyTypes", "dependencyTypesNot"})
			out.Where = l.where(v)
			out.Types, out.TypesNot = l.types(v.key("dependencyTypes")), l.types(v.key("dependencyTypesNot"))
		}
	}
	if v := r.key(old); v.value != nil {
		if out == nil {
			out = &rules.Via{}
		}
		out.Not = l.pattern(v)
	}
	return out
}

// judged are the options that change what is judged; known are the others, which change how dependency-cruiser finds or draws.
func judged() []string {
	return []string{"exclude", "includeOnly", "doNotFollow", "focus", "reaches", "tsPreCompilationDeps"}
}

func known() []string {
	return []string{"affected", "aliases", "baseDir", "babelConfig", "builtInModules", "cache", "collapse", "combinedDependencies",
		"detectJSDocImports", "detectProcessBuiltinModuleCalls", "enhancedResolveOptions", "exoticRequireStrings", "experimentalStats",
		"externalModuleResolutionStrategy", "extraExtensionsToScan", "forceDeriveDependents", "highlight", "knownViolations", "maxDepth",
		"metrics", "moduleSystems", "outputTo", "outputType", "parser", "prefix", "preserveSymlinks", "progress", "reporterOptions",
		"skipAnalysisNotInRules", "suffix", "tsConfig", "webpackConfig", "rulesFile", "validate", "ruleSet", "args"}
}

// options obeys the options that decide what is judged and notes the others.
func (l *loader) options(set *rules.Set, options map[string]raw) {
	set.Filter.NoTypes = true
	var names []string
	for name := range options {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		o := options[name]
		if slices.Contains(judged(), name) {
			l.option(set, name, o)
			continue
		}
		if !slices.Contains(known(), name) {
			l.report(o, "dependency-cruiser has no option %q that is known here", name)
			continue
		}
		set.Notes = append(set.Notes, "options."+name+" is not obeyed: adamant resolves and prints in its own way")
	}
}

func (l *loader) option(set *rules.Set, name string, o raw) {
	f := &set.Filter
	path := o
	if o.object() != nil {
		path = o.key("path")
	}
	switch name {
	case "exclude":
		f.Exclude = l.pattern(path)
		if o.object() != nil {
			f.ExcludeDynamic = l.flag(o.key("dynamic"))
		}
	case "includeOnly":
		f.IncludeOnly = l.pattern(path)
	case "doNotFollow":
		f.Leaves = l.pattern(path)
		if o.object() != nil {
			f.LeafTypes = l.types(o.key("dependencyTypes"))
		}
	case "focus":
		f.Focus = l.pattern(path)
		if o.object() != nil {
			if n := l.number(o.key("depth")); n != nil {
				f.FocusDepth = *n
			}
		}
	case "reaches":
		f.Reaches = l.pattern(path)
	case "tsPreCompilationDeps":
		on, _ := o.value.(bool)
		f.NoTypes = !on && o.text() != "specify"
	}
}
