package host

import (
	"fmt"
	"path"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/adamant-os/adamant/internal/document"
)

// Corpus lists the functions that public corpora of policies expect of the tool they were written for. Only tests of such
// corpora get them: their answers are meant for that tool. find looks for credentials in a text and describes the first; nil
// finds none.
//
//	result.new(message, cause)   a finding: where the cause lies, as its metadata says
//	isManaged(resource)          whether the metadata does not say that the resource is somebody else's
//	squealer.scan_string(text)   whether a text holds a credential
func Corpus(find func(text string) (description string, found bool)) []Function {
	scan := func(text string) (*ast.Term, error) {
		description, found := "", false
		if find != nil {
			description, found = find(text)
		}
		return ast.ObjectTerm(ast.Item(ast.StringTerm("transgressionFound"), boolean(found)), field("description", description)), nil
	}
	scanned := types.NewObject([]*types.StaticProperty{types.NewStaticProperty("transgressionFound", types.B),
		types.NewStaticProperty("description", types.S)}, nil)
	return []Function{
		binary("result.new", "makes a finding", types.S, types.A, types.A, func(message, cause *ast.Term) (*ast.Term, error) {
			return finding(message, cause, maxParents), nil
		}),
		unary("isManaged", "says whether a resource is the author's to change", types.A, types.B, func(resource *ast.Term) (*ast.Term, error) {
			return finding(nil, resource, 0).Get(ast.StringTerm("managed")), nil
		}),
		onText("squealer.scan_string", "says whether a text holds a credential", scanned, scan),
	}
}

// maxParents bounds how many causes above a cause are looked at.
const maxParents = 64

// finding is what the metadata of a cause say about its place, under the names that reports use.
func finding(message, cause *ast.Term, parents int) *ast.Term {
	from := cause.Get(ast.StringTerm("__defsec_metadata"))
	if from == nil {
		from = cause
	}
	out := ast.NewObject()
	for _, f := range []struct {
		name, other string
		absent      *ast.Term
	}{
		{"startline", "StartLine", ast.InternedTerm(0)},
		{"endline", "EndLine", ast.InternedTerm(0)},
		{"filepath", "Path", ast.StringTerm("")},
		{"sourceprefix", "", ast.StringTerm("")},
		{"explicit", "", boolean(false)},
		{"managed", "", boolean(true)},
		{"fskey", "", ast.StringTerm("")},
		{"resource", "", ast.StringTerm("")},
	} {
		value := f.absent
		for _, name := range []string{f.name, f.other} {
			if v := from.Get(ast.StringTerm(name)); v != nil && name != "" {
				value = v
			}
		}
		out.Insert(ast.StringTerm(f.name), value)
	}
	parent := ast.InternedNullTerm
	if above := from.Get(ast.StringTerm("parent")); above != nil && parents > 0 {
		parent = finding(nil, above, parents-1)
	}
	out.Insert(ast.StringTerm("parent"), parent)
	if message != nil {
		out.Insert(ast.StringTerm("msg"), message)
	}
	return ast.NewTerm(out)
}

// Config lists conftest's parse_config(parser, text): the text as the parser of that name gives it to policies. value makes
// a document's value what conftest would make of it.
func Config(value func(*document.Document) (*ast.Term, error)) []Function {
	return []Function{binary("parse_config", "parses a configuration file's text", types.S, types.S, types.A, func(parser, text *ast.Term) (*ast.Term, error) {
		name, ok := parser.Value.(ast.String)
		body, fine := text.Value.(ast.String)
		if !ok || !fine {
			return nil, fmt.Errorf("parse_config: parser and text must be texts")
		}
		return Parse(fileFor(string(name)), []byte(body), value)
	})}
}

// Parse gives a file's value to a policy: that of its document, or a list of those of several.
func Parse(file string, data []byte, value func(*document.Document) (*ast.Term, error)) (*ast.Term, error) {
	docs := document.Read(file, data)
	if docs == nil {
		return nil, fmt.Errorf("%s is in no format that adamant reads", path.Base(file))
	}
	terms := make([]*ast.Term, len(docs))
	for i := range docs {
		if docs[i].Error != "" {
			return nil, fmt.Errorf("%s:%d: %s", file, docs[i].Line, docs[i].Error)
		}
		term, err := value(&docs[i])
		if err != nil {
			return nil, err
		}
		terms[i] = term
	}
	if len(terms) == 1 {
		return terms[0], nil
	}
	return ast.ArrayTerm(terms...), nil
}

// fileFor is a name of a file that the parser reads.
func fileFor(parser string) string {
	switch parser {
	case "dockerfile":
		return "Dockerfile"
	case "dotenv":
		return ".env"
	case "hcl2":
		return "config.tf"
	}
	return "config." + parser
}

// Files lists conftest's functions that read files, for tests. Paths are relative to the folder of the module that calls; open
// reads a file, and may refuse to.
//
//	parse_config_file(path)            the file as its format gives it to policies
//	parse_combined_config_files(list)  the files as a list of {path, contents}
func Files(open func(path string) ([]byte, error), value func(*document.Document) (*ast.Term, error)) []Function {
	read := func(ctx rego.BuiltinContext, t *ast.Term) (*ast.Term, string, error) {
		name, ok := t.Value.(ast.String)
		if !ok || open == nil || ctx.Location == nil {
			return nil, "", fmt.Errorf("no file can be read here")
		}
		file := path.Join(path.Dir(ctx.Location.File), string(name))
		data, err := open(file)
		if err != nil {
			return nil, "", err
		}
		term, err := Parse(file, data, value)
		return term, file, err
	}
	one := &rego.Function{Name: "parse_config_file", Description: "parses a configuration file",
		Decl: types.NewFunction(types.Args(types.S), types.A)}
	several := &rego.Function{Name: "parse_combined_config_files", Description: "parses configuration files",
		Decl: types.NewFunction(types.Args(types.NewArray(nil, types.S)), types.A)}
	return []Function{
		{Decl: declaration(one), Func: rego.Function1(one, func(ctx rego.BuiltinContext, t *ast.Term) (*ast.Term, error) {
			term, _, err := read(ctx, t)
			return term, err
		})},
		{Decl: declaration(several), Func: rego.Function1(several, func(ctx rego.BuiltinContext, t *ast.Term) (*ast.Term, error) {
			paths, ok := t.Value.(*ast.Array)
			if !ok {
				return nil, fmt.Errorf("parse_combined_config_files: the argument must be a list")
			}
			return combine(paths, func(t *ast.Term) (*ast.Term, string, error) { return read(ctx, t) })
		})},
	}
}

func combine(paths *ast.Array, read func(*ast.Term) (*ast.Term, string, error)) (*ast.Term, error) {
	var out []*ast.Term
	var wrong error
	paths.Foreach(func(t *ast.Term) {
		term, file, err := read(t)
		if err != nil {
			wrong = err
			return
		}
		contents := []*ast.Term{term}
		if list, ok := term.Value.(*ast.Array); ok {
			contents = contents[:0]
			list.Foreach(func(t *ast.Term) { contents = append(contents, t) })
		}
		for _, c := range contents {
			out = append(out, ast.ObjectTerm(field("path", file), ast.Item(ast.StringTerm("contents"), c)))
		}
	})
	return ast.ArrayTerm(out...), wrong
}
