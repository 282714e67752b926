package dependencies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
)

// members calls visit for every member of the JSON object that comes next, with the line of its key. visit must decode
// or skip the value.
func members(d *json.Decoder, lines *lineAt, visit func(key string, line int) error) error {
	token, err := d.Token()
	if err != nil {
		return jsonError(d, lines, err)
	}
	if token != json.Delim('{') {
		return atLine{lines.line(int(d.InputOffset())), fmt.Errorf("want an object, got %v", token)}
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return jsonError(d, lines, err)
		}
		key, _ := token.(string) // keys of objects are strings, or Token has failed
		if err := visit(key, lines.line(int(d.InputOffset()))); err != nil {
			return jsonError(d, lines, err)
		}
	}
	if _, err = d.Token(); err != nil {
		return jsonError(d, lines, err)
	}
	return nil
}

func jsonError(d *json.Decoder, lines *lineAt, err error) error {
	var at atLine
	if errors.As(err, &at) {
		return err
	}
	return atLine{lines.line(int(d.InputOffset())), err}
}

func skip(d *json.Decoder) error {
	var value json.RawMessage
	return d.Decode(&value)
}

// lockEntry is a package of package-lock.json, version 2 and 3.
type lockEntry struct {
	Name    string          `json:"name"`
	Version string          `json:"version"`
	License json.RawMessage `json:"license"`
	Link    bool            `json:"link"`
}

// packageLock reads package-lock.json of lockfileVersion 1 to 3. Versions 2 and 3 have "packages", which counts then.
func packageLock(text []byte) ([]Package, error) {
	d, lines := json.NewDecoder(bytes.NewReader(text)), &lineAt{text: text}
	var packages, old []Package
	modern := false
	err := members(d, lines, func(key string, _ int) error {
		switch key {
		case "packages":
			modern = true
			return members(d, lines, func(key string, line int) error { return lockPackage(d, key, line, &packages) })
		case "dependencies":
			return lockTree(d, lines, 0, &old)
		}
		return skip(d)
	})
	if !modern {
		packages = old
	}
	return packages, err
}

func lockPackage(d *json.Decoder, key string, line int, packages *[]Package) error {
	var e lockEntry
	if err := d.Decode(&e); err != nil {
		return err
	}
	at := strings.LastIndex(key, "node_modules/")
	if at < 0 || e.Link || e.Version == "" {
		return nil // the project itself, one of its workspaces, or a link to one
	}
	name := key[at+len("node_modules/"):]
	if e.Name != "" {
		name = e.Name // installed under another name
	}
	*packages = append(*packages, Package{Ecosystem: NPM, Name: name, Version: e.Version, License: licenseField(e.License), Line: line})
	return nil
}

// deepest is how far packages of version 1 may nest; npm itself stays far below.
const deepest = 100

// lockTree reads the packages of version 1, each of which holds those that are its own alone.
func lockTree(d *json.Decoder, lines *lineAt, depth int, packages *[]Package) error {
	if depth > deepest {
		return errors.New("dependencies are nested too deep")
	}
	return members(d, lines, func(name string, line int) error {
		at := len(*packages)
		*packages = append(*packages, Package{})
		version := ""
		err := members(d, lines, func(key string, _ int) error {
			switch key {
			case "version":
				return d.Decode(&version)
			case "dependencies":
				return lockTree(d, lines, depth+1, packages)
			}
			return skip(d)
		})
		(*packages)[at] = lockedV1(name, version, line)
		return err
	})
}

// lockedV1 is the zero Package for what comes from a folder, from git or from an address.
func lockedV1(name, version string, line int) Package {
	if alias, ok := strings.CutPrefix(version, "npm:"); ok {
		if at := strings.LastIndexByte(alias, '@'); at > 0 {
			name, version = alias[:at], alias[at+1:]
		}
	}
	if version == "" || strings.ContainsAny(version, ":/") {
		return Package{}
	}
	return Package{Ecosystem: NPM, Name: name, Version: version, Line: line}
}

// licenseField reads "license": a string, or the object that old packages have.
func licenseField(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var object struct{ Type string }
	if json.Unmarshal(raw, &object) == nil {
		return object.Type
	}
	return ""
}

// packageJSON reads the constraints of package.json. Peer dependencies are left out: they are the user's to choose.
func packageJSON(text []byte) ([]Package, error) {
	d, lines := json.NewDecoder(bytes.NewReader(text)), &lineAt{text: text}
	var packages []Package
	err := members(d, lines, func(key string, _ int) error {
		switch key {
		case "dependencies", "devDependencies", "optionalDependencies":
			return members(d, lines, func(name string, line int) error {
				var version string
				if err := d.Decode(&version); err != nil {
					return err
				}
				packages = append(packages, Package{Ecosystem: NPM, Name: name, Version: version, Line: line})
				return nil
			})
		}
		return skip(d)
	})
	return packages, err
}

// pnpmLock reads the keys of "packages": /name/1.0.0 up to version 5, /name@1.0.0 in 6, name@1.0.0 since 9, each with
// peers behind. pnpm writes the file, so its lines are read, not YAML.
func pnpmLock(text []byte) ([]Package, error) {
	var packages []Package
	inside, version := false, ""
	for line := range builtin.Lines(text) {
		body := bytes.TrimRight(line.Text, " ")
		if len(body) == 0 || body[0] == '#' {
			continue
		}
		if body[0] != ' ' {
			if value, ok := bytes.CutPrefix(body, []byte("lockfileVersion:")); ok {
				version = strings.Trim(string(value), ` '"`)
			}
			inside = string(body) == "packages:"
			continue
		}
		if !inside || len(body) < 4 || body[1] != ' ' || body[2] == ' ' {
			continue
		}
		key, _, ok := strings.Cut(string(body[2:])+" ", ": ")
		if p := pnpmKey(strings.Trim(key, `'"`), version); ok && p.Version != "" {
			p.Line = line.Number
			packages = append(packages, p)
		}
	}
	if version == "" {
		return nil, errors.New("no lockfileVersion")
	}
	return packages, nil
}

// pnpmKey is the zero Package for a file, a link or an address.
func pnpmKey(key, lockfile string) Package {
	key = strings.TrimPrefix(key, "/")
	mark := byte('@')
	if strings.HasPrefix(lockfile, "5") {
		mark = '/'
	}
	key, _, _ = strings.Cut(key, "(")
	at := strings.LastIndexByte(key, mark)
	if at <= 0 || strings.ContainsAny(key[at+1:], ":/") {
		return Package{}
	}
	version, _, _ := strings.Cut(key[at+1:], "_")
	return Package{Ecosystem: NPM, Name: key[:at], Version: version}
}

// yarnLock reads yarn.lock of version 1 and of Yarn 2 and later: entries whose head names what was asked for.
func yarnLock(text []byte) ([]Package, error) {
	var packages []Package
	name, at := "", 0
	for line := range builtin.Lines(text) {
		body := string(line.Text)
		switch {
		case body == "" || body[0] == '#':
		case body[0] != ' ':
			name, at = yarnName(body), line.Number
		case name != "" && strings.HasPrefix(body, "  version"):
			version := strings.Trim(strings.TrimLeft(strings.TrimPrefix(body, "  version"), ": "), `" `)
			if version != "" && version != "0.0.0-use.local" {
				packages = append(packages, Package{Ecosystem: NPM, Name: name, Version: version, Line: at})
			}
			name = ""
		}
	}
	if len(packages) == 0 && !bytes.Contains(text, []byte("# yarn lockfile")) && !bytes.Contains(text, []byte("__metadata:")) {
		return nil, errors.New("neither a yarn lock file of version 1 nor one of Yarn 2")
	}
	return packages, nil
}

// yarnName takes the package out of an entry's head, e.g. "@a/b@^1.0.0", "@a/b@npm:^1.0.0, @a/b@npm:^1.1.0": or a@npm:b@1:.
func yarnName(head string) string {
	head = strings.Trim(strings.TrimSuffix(strings.TrimSpace(head), ":"), `"`)
	head, _, _ = strings.Cut(head, ",")
	head = strings.Trim(head, `" `)
	if head == "" || head == "__metadata" {
		return ""
	}
	at := strings.IndexByte(head[1:], '@') + 1
	if at < 1 {
		return ""
	}
	name, want := head[:at], head[at+1:]
	if alias, ok := strings.CutPrefix(want, "npm:"); ok {
		if at := strings.LastIndexByte(alias, '@'); at > 0 {
			return alias[:at]
		}
	}
	for _, local := range []string{"workspace:", "link:", "portal:", "file:", "patch:"} {
		if strings.HasPrefix(want, local) {
			return ""
		}
	}
	return name
}
