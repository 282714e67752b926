package document

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/document/kustomize"
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

// FormatKustomize is the format of what was rendered from a kustomization, or could not be.
const FormatKustomize = "kustomize"

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
	case kustomize.IsFile(base):
		return KindKustomization
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
	case strings.HasPrefix(api, "kustomize.config.k8s.io/"):
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
