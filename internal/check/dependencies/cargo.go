package dependencies

import (
	"maps"
	"slices"

	"github.com/pelletier/go-toml/v2"
)

// cargoTables are the dependencies of a Cargo.toml, of one of its targets, or of its workspace.
type cargoTables struct {
	Dependencies      map[string]any `toml:"dependencies"`
	DevDependencies   map[string]any `toml:"dev-dependencies"`
	BuildDependencies map[string]any `toml:"build-dependencies"`
}

// cargoTOML reads the constraints of Cargo.toml.
func cargoTOML(text []byte) ([]Package, error) {
	var file struct {
		cargoTables
		Target    map[string]cargoTables `toml:"target"`
		Workspace cargoTables            `toml:"workspace"`
	}
	if err := toml.Unmarshal(text, &file); err != nil {
		return nil, tomlError(err)
	}
	groups := []cargoTables{file.cargoTables, file.Workspace}
	for _, target := range slices.Sorted(maps.Keys(file.Target)) {
		groups = append(groups, file.Target[target])
	}
	var packages []Package
	for _, group := range groups {
		for _, table := range []map[string]any{group.Dependencies, group.DevDependencies, group.BuildDependencies} {
			packages = append(packages, tomlTable(text, Cargo, table)...)
		}
	}
	return packages, nil
}
