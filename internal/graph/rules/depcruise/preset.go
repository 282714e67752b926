package depcruise

import (
	"embed"
	"encoding/json"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

//go:embed presets/*.json
var presets embed.FS

// preset loads one of the configurations that dependency-cruiser ships, as this package writes them. Reporter plugins hold no
// rules.
func (l *loader) preset(r raw, name string) *config {
	for _, suffix := range []string{".js", ".cjs", ".mjs", ".json"} {
		name = strings.TrimSuffix(name, suffix)
	}
	if strings.HasPrefix(name, "plugins/") {
		return &config{}
	}
	rule, single := strings.CutPrefix(name, "rules/")
	file := name
	if single {
		file = "recommended"
	}
	data, err := presets.ReadFile("presets/" + file + ".json")
	if err != nil {
		l.report(r, "dependency-cruiser/configs/%s is not known; known are recommended, recommended-strict, recommended-warn-only and rules/NAME", name)
		return &config{}
	}
	c := &config{}
	doc := manifest.ParseJSON("dependency-cruiser/configs/"+name, data)
	root := raw{value: doc.Value, doc: doc}
	if base := root.key("base").text(); base != "" { // ours: every rule of another preset with one severity
		c = l.preset(r, base)
		c.severity(root.key("severity").text())
		return c
	}
	c.forbidden = l.list(root.key("forbidden"), false)
	c.options = map[string]raw{}
	for key := range root.key("options").object() {
		c.options[key] = root.key("options").key(key)
	}
	if single {
		if rule == "no-duplicate-dependency-types" { // the file, whose rule has a shorter name
			rule = "no-duplicate-dep-types"
		}
		c.options = nil
		c.forbidden = slices.DeleteFunc(c.forbidden, func(one raw) bool { return one.key("name").text() != rule })
		if len(c.forbidden) == 0 {
			l.report(r, "dependency-cruiser/configs/%s is not known", name)
		}
	}
	return c
}

func (c *config) severity(word string) {
	for i := range c.forbidden {
		joined := map[string]any{}
		for k, v := range c.forbidden[i].object() {
			joined[k] = v
		}
		joined["severity"] = word
		c.forbidden[i].value = joined
	}
}

// Preset is a configuration that dependency-cruiser ships, with or without an extension, as JSON; false when there is none of
// that name.
func Preset(name string) ([]byte, bool) {
	var l loader
	c := l.preset(raw{doc: manifest.ParseJSON(name, []byte("{}"))}, name)
	if len(l.problems) > 0 {
		return nil, false
	}
	forbidden, options := make([]any, len(c.forbidden)), map[string]any{}
	for i, r := range c.forbidden {
		forbidden[i] = r.value
	}
	for key, r := range c.options {
		options[key] = r.value
	}
	data, err := json.Marshal(map[string]any{"forbidden": forbidden, "options": options})
	return data, err == nil
}
