package document

import (
	"path"
	"strings"
)

// The kinds of documents that policies know by name.
const (
	KindKubernetes    = "kubernetes"
	KindWorkflow      = "github-workflow"
	KindAction        = "github-action"
	KindCompose       = "compose"
	KindDockerfile    = "dockerfile"
	KindPackageJSON   = "package.json"
	KindTerraform     = "terraform"
	KindTerraformPlan = "terraform-plan"
	KindHCL           = "hcl"
	KindKustomization = "kustomization"
	KindCycloneDX     = "cyclonedx"
	KindSPDX          = "spdx"
	KindCatalog       = "catalog"
	KindAdamant       = "adamant"
)

// Kinds lists the kinds a document can have, sorted.
func Kinds() []string {
	return []string{KindAdamant, KindCatalog, KindCompose, KindCycloneDX, KindDockerfile, KindAction, KindWorkflow, KindHCL,
		KindKubernetes, KindKustomization, KindPackageJSON, KindSPDX, KindTerraform, KindTerraformPlan}
}

// kindOf tells what a document is, by its path first and its content then.
func kindOf(p string, d *Document) string {
	if kind := kindOfPath(p, d.Format); kind != "" {
		return kind
	}
	value, ok := d.Value.(map[string]any)
	if !ok {
		return ""
	}
	return kindOfValue(p, value)
}

func kindOfPath(p, format string) string {
	base, folder := path.Base(p), path.Dir(p)
	switch {
	case format == formatDockerfile:
		return KindDockerfile
	case format == formatHCL && isTerraformSource(base), format == formatJSON && isTerraformJSON(base):
		return KindTerraform
	case format == formatHCL:
		return KindHCL
	case base == "package.json":
		return KindPackageJSON
	case format != formatYAML:
		return ""
	case folder == ".github/workflows":
		return KindWorkflow
	case strings.HasPrefix(base, "docker-compose") || strings.HasPrefix(base, "compose."):
		return KindCompose
	}
	return ""
}

func isTerraformSource(base string) bool {
	ext := strings.ToLower(path.Ext(base))
	return ext == ".tf" || ext == ".tofu"
}

func isTerraformJSON(base string) bool {
	lower := strings.ToLower(base)
	return strings.HasSuffix(lower, ".tf.json") || strings.HasSuffix(lower, ".tofu.json")
}

func kindOfValue(p string, value map[string]any) string {
	api, _ := value["apiVersion"].(string)
	kind, _ := value["kind"].(string)
	base := path.Base(p)
	switch {
	case base == "kustomization.yaml", base == "kustomization.yml", base == "Kustomization",
		strings.HasPrefix(api, "kustomize.config.k8s.io/"):
		return KindKustomization
	case strings.HasPrefix(api, "adamant.dev/"):
		return KindAdamant
	case strings.HasPrefix(api, "backstage.io/"):
		return KindCatalog
	case api != "" && kind != "":
		return KindKubernetes
	case has(value, "format_version") && has(value, "resource_changes"):
		return KindTerraformPlan
	case value["bomFormat"] == "CycloneDX":
		return KindCycloneDX
	case has(value, "spdxVersion") && has(value, "SPDXID"):
		return KindSPDX
	case has(value, "runs") && (base == "action.yml" || base == "action.yaml"):
		return KindAction
	}
	return ""
}

func has(value map[string]any, key string) bool {
	_, ok := value[key]
	return ok
}

// expandLists replaces every Kubernetes List by its items, as kubectl does.
func expandLists(docs []Document) []Document {
	out := docs[:0:0]
	for i := range docs {
		out = append(out, expand(&docs[i], 0)...)
	}
	return out
}

// maxListDepth bounds Lists of Lists; kubectl itself reads one level.
const maxListDepth = 4

func expand(d *Document, depth int) []Document {
	items := listItems(d)
	if len(items) == 0 || depth == maxListDepth {
		return []Document{*d}
	}
	d.place()
	var out []Document
	for i, lines := range itemLines(d.Lines, len(items)) {
		item := Document{Path: d.Path, Format: d.Format, Value: items[i], Lines: lines}
		item.Kind = kindOf(d.Path, &item)
		out = append(out, expand(&item, depth+1)...)
	}
	return out
}

func listItems(d *Document) []any {
	value, ok := d.Value.(map[string]any)
	if !ok || d.Kind != KindKubernetes {
		return nil
	}
	if kind, _ := value["kind"].(string); !strings.HasSuffix(kind, "List") {
		return nil
	}
	items, _ := value["items"].([]any)
	return items
}
