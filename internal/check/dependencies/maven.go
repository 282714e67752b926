package dependencies

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// pom reads the direct dependencies of a pom.xml whose version is written in it, as such or as a property of the same
// file. What a parent, a BOM or a range decides cannot be told offline.
func pom(text []byte) ([]Package, error) {
	r := pomReader{d: xml.NewDecoder(bytes.NewReader(text)), lines: lineAt{text: text}, properties: map[string]string{}}
	r.d.Strict = true
	if err := r.read(); err != nil {
		return nil, atLine{r.lines.line(int(r.d.InputOffset())), err}
	}
	var packages []Package
	for _, p := range r.packages {
		p.Version = r.expand(p.Version)
		p.Name = r.expand(p.Name)
		if p.Version == "" || strings.ContainsAny(p.Version+p.Name, "${}[](),") {
			continue
		}
		packages = append(packages, p)
	}
	return packages, nil
}

// pomReader walks a pom.xml. Versions under dependencyManagement count too: they are what the project fixes.
type pomReader struct {
	d          *xml.Decoder
	lines      lineAt
	path       []string
	current    map[string]string
	line       int
	properties map[string]string
	packages   []Package
}

const deepestXML = 64

func (r *pomReader) read() error {
	for {
		token, err := r.d.Token()
		if errors.Is(err, io.EOF) {
			if len(r.path) > 0 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if r.path = append(r.path, t.Name.Local); len(r.path) > deepestXML {
				return errors.New("elements are nested too deep")
			}
			if len(r.path) == 1 && t.Name.Local != "project" {
				return errors.New("the root element is not project")
			}
			if r.inDependency() == 0 {
				r.current, r.line = map[string]string{}, r.lines.line(int(r.d.InputOffset()))
			}
		case xml.CharData:
			r.text(strings.TrimSpace(string(t)))
		case xml.EndElement:
			if r.inDependency() == 0 {
				r.add()
			}
			r.path = r.path[:len(r.path)-1]
		}
	}
}

// inDependency is how many elements the reader is below a dependency of the project; -1 outside.
func (r *pomReader) inDependency() int {
	for i, name := range r.path {
		if name == "dependency" && i >= 2 && r.path[i-1] == "dependencies" && (r.path[i-2] == "project" || r.path[i-2] == "dependencyManagement") {
			return len(r.path) - 1 - i
		}
	}
	return -1
}

func (r *pomReader) text(value string) {
	if value == "" || len(r.path) == 0 {
		return
	}
	name := r.path[len(r.path)-1]
	switch {
	case r.inDependency() == 1:
		r.current[name] += value
	case len(r.path) == 3 && r.path[1] == "properties":
		r.properties[name] += value
	case len(r.path) == 2 && (name == "version" || name == "groupId"):
		r.properties["project."+name] += value
	}
}

func (r *pomReader) add() {
	if c := r.current; c["groupId"] != "" && c["artifactId"] != "" {
		r.packages = append(r.packages, Package{Ecosystem: Maven, Name: c["groupId"] + ":" + c["artifactId"], Version: c["version"], Line: r.line})
	}
}

// expand replaces ${name} by the file's properties, some levels deep.
func (r *pomReader) expand(value string) string {
	for range 5 {
		start := strings.Index(value, "${")
		end := strings.IndexByte(value, '}')
		if start < 0 || end < start {
			break
		}
		property, ok := r.properties[value[start+2:end]]
		if !ok {
			break
		}
		value = value[:start] + property + value[end+1:]
	}
	return value
}
