package dependencies

import (
	"errors"

	"golang.org/x/mod/modfile"
)

// goMod reads the required modules of a go.mod, as replaced. Since Go 1.17 that is the whole build list but for test
// dependencies of dependencies; go.sum also has versions that no build uses, so it is not read.
func goMod(text []byte) ([]Package, error) {
	file, err := modfile.Parse("go.mod", text, nil)
	if err != nil { // perhaps a directive of a later Go
		file, err = modfile.ParseLax("go.mod", text, nil)
	}
	if err != nil {
		var list modfile.ErrorList
		if errors.As(err, &list) && len(list) > 0 {
			return nil, atLine{list[0].Pos.Line, list[0].Err}
		}
		return nil, err
	}
	var packages []Package
	for _, r := range file.Require {
		p := Package{Ecosystem: Go, Name: r.Mod.Path, Version: r.Mod.Version, Indirect: r.Indirect}
		if r.Syntax != nil {
			p.Line = r.Syntax.Start.Line
		}
		for _, by := range file.Replace {
			if by.Old.Path == r.Mod.Path && (by.Old.Version == "" || by.Old.Version == r.Mod.Version) {
				p.Name, p.Version = by.New.Path, by.New.Version
			}
		}
		if p.Version != "" { // "" after a replacement by a folder
			packages = append(packages, p)
		}
	}
	return packages, nil
}
