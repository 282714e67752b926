package risk

import (
	"cmp"
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/source"
)

// terraform finds the resources and module calls that base has and the change takes away. Moving one to another file of its
// folder is no destruction, nor is renaming it with a moved block or letting go of it with a removed block that says so.
// Lines that are gone without a resource are high: only a plan shows what they destroy.
func (f *floor) terraform() {
	classes := classesAtBase(f.in.Files)
	now, then := f.declaredNow(), map[string]bool{}
	for i := range f.in.Before {
		doc := &f.in.Before[i]
		if !declares(doc) || classes[doc.Path] == source.ClassTest {
			continue
		}
		then[doc.Path] = true
		called(doc, now.callsThen)
	}
	now.resolve()
	for i := range f.in.Before {
		if doc := &f.in.Before[i]; then[doc.Path] {
			f.destroyed(doc, now)
		}
	}
	for i := range f.in.Files {
		f.terraformFile(&f.in.Files[i], then)
	}
}

func declares(doc *document.Document) bool {
	return doc.Kind == document.KindTerraform && doc.Error == ""
}

// classesAtBase maps the paths of changed files at base to what they were.
func classesAtBase(files []facts.File) map[string]string {
	out := map[string]string{}
	for i := range files {
		out[pathAtBase(&files[i])] = classAtBase(&files[i])
	}
	return out
}

func pathAtBase(file *facts.File) string { return cmp.Or(file.OldPath, file.Path) }

func classAtBase(file *facts.File) string { return cmp.Or(file.OldClass, file.Class) }

// declaredNow reads the merged side. What was moved into tests is not declared any more.
func (f *floor) declaredNow() *estate {
	test := map[string]bool{}
	for i := range f.in.Files {
		test[f.in.Files[i].Path] = f.in.Files[i].Class == source.ClassTest
	}
	e := newEstate()
	for i := range f.in.Documents {
		if doc := &f.in.Documents[i]; declares(doc) && !test[doc.Path] {
			e.add(doc)
		}
	}
	return e
}

// destroyed names what a document of base declared and no document declares now.
func (f *floor) destroyed(doc *document.Document, now *estate) {
	here := f.path(doc.Path)
	for _, address := range addresses(doc) {
		if !now.keeps(place{path.Dir(doc.Path), address}) && !now.keeps(place{path.Dir(here), address}) {
			f.add(Critical, "infrastructure/destroyed", here, 0, "takes %s away", address)
		}
	}
}

// terraformFile looks at what documents do not tell: files that were not read, and lines that are gone.
func (f *floor) terraformFile(file *facts.File, read map[string]bool) {
	old := pathAtBase(file)
	switch {
	case file.Status == "added" || !isTerraform(old) || classAtBase(file) == source.ClassTest:
	case !read[old] && (file.Status == "deleted" || !isTerraform(file.Path)):
		f.add(Critical, "infrastructure/destroyed", file.Path, 0, "takes Terraform away that could not be read")
	case file.Deleted > 0 && file.Effect == source.EffectCode:
		f.add(High, "infrastructure/removed", file.Path, 0, "removes lines of Terraform; only a plan shows what that destroys")
	}
}

func isTerraform(file string) bool {
	lower := strings.ToLower(file)
	ext := path.Ext(lower)
	return ext == ".tf" || ext == ".tofu" || strings.HasSuffix(lower, ".tf.json") || strings.HasSuffix(lower, ".tofu.json")
}
