package risk

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/document/kustomize"
)

func splitKey(key string) iter.Seq[string] { return strings.SplitSeq(key, ".") }

// infrastructure finds running things that the change would destroy: Terraform resources and planned deletions, and Kubernetes
// objects that are in no document any more. Moving one to another file is no destruction.
func (f *floor) infrastructure() {
	f.terraform()
	here, unknown := map[string]bool{}, f.unrendered()
	for i := range f.in.Documents {
		here[object(&f.in.Documents[i])] = true
	}
	for i := range f.in.Before {
		doc := &f.in.Before[i]
		switch name := object(doc); {
		case name == "" || here[name]:
		case doc.Format == document.FormatKustomize && unknown[doc.Path]:
			f.add(High, "infrastructure/unrendered", f.path(doc.Path), 0, "is not rendered any more: what it deploys is not known")
		default:
			f.add(Critical, "infrastructure/destroyed", f.path(doc.Path), 0, "takes %s away", name)
		}
	}
	for i := range f.in.Documents {
		f.plan(&f.in.Documents[i])
	}
	f.blind(unknown)
}

// blind finds edits of kustomizations, and of lists of patches, where nobody sees what comes of them.
func (f *floor) blind(unrendered map[string]bool) {
	patches := map[string]bool{} // JSON patches are lists; other patches are objects, which are judged as they are
	for i := range f.in.Documents {
		if _, list := f.in.Documents[i].Value.([]any); list {
			patches[f.in.Documents[i].Path] = true
		}
	}
	for _, file := range f.in.Files {
		if !patches[file.Path] && !kustomize.IsFile(file.Path) {
			continue
		}
		for _, root := range slices.Sorted(maps.Keys(unrendered)) {
			f.add(High, "infrastructure/unrendered", root, 0, "is not rendered, and %s changes what it deploys", file.Path)
		}
		return
	}
}

// unrendered are the kustomizations whose objects are not known.
func (f *floor) unrendered() map[string]bool {
	out := map[string]bool{}
	for i := range f.in.Documents {
		if doc := &f.in.Documents[i]; doc.Kind == document.KindKustomization && (doc.Format == document.FormatKustomize || doc.Error != "") {
			out[doc.Path] = true
		}
	}
	return out
}

// path is where a file of base is now.
func (f *floor) path(old string) string {
	for i := range f.in.Files {
		if f.in.Files[i].OldPath == old {
			return f.in.Files[i].Path
		}
	}
	return old
}

// object names a Kubernetes object; "" for everything else.
func object(doc *document.Document) string {
	if doc.Kind != "kubernetes" {
		return ""
	}
	root, _ := doc.Value.(map[string]any)
	meta, _ := root["metadata"].(map[string]any)
	name := text(meta, "name")
	if name == "" {
		return ""
	}
	return fmt.Sprintf("%s %s/%s", text(root, "kind"), cmp.Or(text(meta, "namespace"), "default"), name)
}

func text(object map[string]any, key string) string {
	s, _ := object[key].(string)
	return s
}

// plan reads the deletions of a Terraform plan in JSON.
func (f *floor) plan(doc *document.Document) {
	root, _ := doc.Value.(map[string]any)
	changes, _ := root["resource_changes"].([]any)
	if doc.Kind != "terraform-plan" {
		return
	}
	for _, c := range changes {
		resource, _ := c.(map[string]any)
		change, _ := resource["change"].(map[string]any)
		actions, _ := change["actions"].([]any)
		for _, a := range actions {
			if a == "delete" {
				f.add(Critical, "infrastructure/destroyed", doc.Path, 0, "the plan destroys %s", text(resource, "address"))
			}
		}
	}
}
