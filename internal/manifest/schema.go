package manifest

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed schemas/*.json
var schemas embed.FS

// Kinds lists the kinds of documents with a JSON Schema, sorted.
func Kinds() []string {
	entries, err := schemas.ReadDir("schemas")
	if err != nil {
		return nil // cannot happen: the folder is compiled in
	}
	var kinds []string
	for _, e := range entries {
		kinds = append(kinds, strings.TrimSuffix(e.Name(), ".json"))
	}
	return kinds
}

// Schema is the JSON Schema (draft 2020-12) of a kind, whatever its case, as it is written in this package's schemas folder.
func Schema(kind string) ([]byte, error) {
	for _, known := range Kinds() {
		if strings.EqualFold(kind, known) {
			return schemas.ReadFile("schemas/" + known + ".json")
		}
	}
	return nil, fmt.Errorf("no schema for kind %q%s", kind, suggestion(kind, Kinds()))
}
