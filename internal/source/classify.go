package source

import (
	"bytes"
	"strings"
)

// Classify gives the language and the class of the file at path (repository-relative, slashes). Head is the start of its
// content, nil when unknown. Attributes are those of the base tree: they can take a file out of doc or other, and call
// source what looks generated, but never the reverse. docs/formats/classes.md has the table.
func Classify(path string, head []byte, attrs Attributes) (language, class string) {
	f := newFile(path)
	return f.classify(head, attrs)
}

func (f *file) classify(head []byte, attrs Attributes) (language, class string) {
	language = f.language(head)
	class = f.class(language, head)
	if len(attrs) > 0 && rank(class) < 3 { // others stay what they are
		class = constrain(class, language, attrs.lookup(f.path))
	}
	return language, class
}

// Traits is what a path alone says about a file.
type Traits struct {
	Class    string // as Classify says without content
	Manifest bool   // IsManifest
	Workflow bool   // IsWorkflow
	Snapshot bool   // a test's recorded output
}

// TraitsOf answers for a path at once what is asked of every file of a tree.
func TraitsOf(path string, attrs Attributes) Traits {
	f := newFile(path)
	_, class := f.classify(nil, attrs)
	return Traits{
		Class: class, Manifest: f.manifest(), Workflow: f.workflow() || f.pipeline(),
		Snapshot: strings.Contains(path, "__snapshots__/") || strings.HasSuffix(path, ".snap"),
	}
}

// file is a path prepared for many questions; all but path is in lower case.
type file struct {
	path      string // as given
	lower     string
	name      string
	extension string // behind the last dot of name
	padded    string // "/" + folders + "/", to look for whole folder names
	initials  uint64 // of the folders: a bit for each first byte, modulo 64
}

func newFile(path string) file {
	lower := strings.ToLower(path)
	slash := strings.LastIndexByte(lower, '/')
	f := file{path: path, lower: lower, name: lower[slash+1:], padded: "/" + lower[:slash+1]}
	if dot := strings.LastIndexByte(f.name, '.'); dot >= 0 {
		f.extension = f.name[dot+1:]
	}
	for i := 0; i < slash+1; i++ {
		if f.padded[i] == '/' {
			f.initials |= initial(f.padded[i+1])
		}
	}
	return f
}

func initial(c byte) uint64 { return 1 << (c % 64) }

// in reports whether a folder of the path, or several joined by slashes, has this name.
func (f *file) in(folders ...string) bool {
	if len(f.padded) < 2 {
		return false
	}
	for _, folder := range folders {
		if f.initials&initial(folder[0]) == 0 { // most are none of these: three times as fast
			continue
		}
		i := strings.Index(f.padded, folder)
		for i > 0 {
			end := i + len(folder)
			if f.padded[i-1] == '/' && f.padded[end] == '/' {
				return true
			}
			next := strings.Index(f.padded[i+1:], folder)
			if next < 0 {
				break
			}
			i += 1 + next
		}
	}
	return false
}

// under reports whether the path begins with folder, which ends in a slash.
func (f *file) under(folder string) bool { return strings.HasPrefix(f.lower, folder) }

func (f *file) language(head []byte) string {
	switch {
	case f.workflow():
		return "github-workflow"
	case f.extension == "sql" && f.migration():
		return "sql-migration"
	case f.extension == "yaml" && f.in("templates") && !f.in("docs"), f.extension == "yml" && f.in("templates") && !f.in("docs"):
		if bytes.Contains(head, []byte("{{")) {
			return "template"
		}
	case f.lockName() && languageOfName(f.name) == "" && languageOfData(f.extension) == "":
		return ""
	}
	if l := languageOfName(f.name); l != "" {
		return l
	}
	if l := languageOfPattern(f.lower, f.name); l != "" {
		return l
	}
	if l := languageOfExtension(f.extension); l != "" {
		return l
	}
	return languageOfShebang(head)
}

// class applies the rules in order: the first that knows the file decides.
func (f *file) class(language string, head []byte) string {
	switch {
	case f.agentInstruction():
		return ClassAgentInstruction
	case f.policy(language):
		return ClassPolicy
	case f.lockName() && !f.fixture():
		return ClassLockfile
	case f.binaryName() || bytes.IndexByte(head, 0) >= 0 && (language == "" || proseLanguage(language)):
		return ClassBinary
	case f.fixture():
		return ClassTest
	case f.infra(language):
		return ClassInfra
	case f.manifest() || f.runnerConfig():
		return ClassConfig
	case f.vendored() || generatedName(f) || generatedHead(head):
		return ClassGenerated
	case f.test(language):
		return ClassTest
	}
	return f.plainClass(language)
}

func (f *file) plainClass(language string) string {
	switch {
	case f.linterConfig(language):
		return ClassConfig
	case proseLanguage(language):
		return f.prose(language)
	case dataLanguage(language):
		return ClassConfig
	case language != "":
		return ClassSource
	case f.name == ".gitignore" || f.name == ".gitattributes" || f.name == ".gitmodules" || strings.HasSuffix(f.name, "ignore") || strings.HasSuffix(f.name, "rc") && f.name[0] == '.':
		return ClassConfig
	}
	return ClassOther
}

// prose is doc, but a .txt file may be data of a program: it is doc by its name or in a folder of documents only.
func (f *file) prose(language string) string {
	switch {
	case f.extension != "txt" && f.extension != "text":
		return ClassDoc
	case f.in("docs", "doc", "documentation", "license", "licenses"):
		return ClassDoc
	}
	base, _, _ := strings.Cut(f.name, ".")
	if base == "" {
		return ClassOther
	}
	base, _, _ = strings.Cut(base, "-")
	if languageOfName(base) == "text" && base != "text" {
		return ClassDoc
	}
	return ClassOther
}

// rank orders the classes that attributes may move a file between, from least looked at to most.
func rank(class string) int {
	switch class {
	case ClassDoc:
		return 0
	case ClassOther, ClassBinary:
		return 1
	case ClassGenerated:
		return 2
	}
	return 3
}

// constrain lets attributes move a file up the order doc < other, binary < generated < source, and never down: whoever wants
// code read as prose must rename it where everybody sees it.
func constrain(class, language string, attrs map[string]string) string {
	raise := func(to string) {
		if rank(to) > rank(class) {
			class = to
		}
	}
	if len(attrs) == 0 || rank(class) == 3 {
		return class
	}
	if attrs["binary"] == "true" || attrs["text"] == "false" && attrs["diff"] == "false" {
		raise(ClassBinary)
	}
	if truth(attrs["linguist-documentation"]) == "false" {
		raise(ClassOther)
	}
	if truth(attrs["linguist-generated"]) == "true" || truth(attrs["linguist-vendored"]) == "true" {
		raise(ClassGenerated)
	}
	denied := truth(attrs["linguist-generated"]) == "false" || truth(attrs["linguist-vendored"]) == "false"
	if class == ClassGenerated && denied || class == ClassOther && codeName(attrs["linguist-language"]) {
		raise(ClassSource)
	}
	return class
}

func truth(value string) string {
	switch strings.ToLower(value) {
	case "true", "1", "set":
		return "true"
	case "false", "0":
		return "false"
	}
	return ""
}

// codeName reports whether a language named by an attribute is none of prose. The name itself is not used: cutting a file by
// the rules of a wrong language would prove falsehoods.
func codeName(name string) bool {
	switch strings.ToLower(name) {
	case "", "true", "false", "text", "markdown", "restructuredtext", "asciidoc":
		return false
	}
	return true
}
