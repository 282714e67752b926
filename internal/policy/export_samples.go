package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// sample is one object of the rules' tests.
type sample struct {
	value  map[string]any
	text   string          // canonical JSON
	leaves map[string]bool // "pointer=value" of each
}

// testObjects runs the built-in tests and collects the Kubernetes objects they show to rules, completed to what a cluster
// would take. Sorted by size.
func testObjects(ctx context.Context, rules, tests []facts.Module) ([]sample, error) {
	watch := &watcher{seen: map[*ast.Term]bool{}}
	if _, err := trial(ctx, rules, tests, watch); err != nil {
		return nil, fmt.Errorf("running the tests of the built-in rules: %w", err)
	}
	found := map[string]sample{}
	for _, x := range watch.examples {
		for _, value := range kubernetesValues(x.value) {
			s, err := complete(value)
			if err != nil {
				return nil, err
			}
			if s.value != nil {
				found[s.text] = s
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b sample) int {
		return cmp.Or(cmp.Compare(len(a.text), len(b.text)), cmp.Compare(a.text, b.text))
	}), nil
}

// kubernetesValues are the values of input.byKind.kubernetes.
func kubernetesValues(input ast.Value) []ast.Value {
	docs, err := input.Find(ast.Ref{ast.StringTerm("byKind"), ast.StringTerm("kubernetes")})
	list, ok := docs.(*ast.Array)
	if err != nil || !ok {
		return nil
	}
	var out []ast.Value
	for i := range list.Len() {
		if value, err := list.Elem(i).Value.Find(ast.Ref{ast.StringTerm("value")}); err == nil {
			out = append(out, value)
		}
	}
	return out
}

// apiVersionOf is where Kubernetes keeps a kind; empty for a kind that is not its own.
func apiVersionOf(kind string) string {
	switch kind {
	case "Pod", "PodTemplate", "Service", "ConfigMap", "Secret", "Namespace", "ServiceAccount", "ReplicationController",
		"PersistentVolume", "PersistentVolumeClaim", "Endpoints":
		return "v1"
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		return "apps/v1"
	case "Job", "CronJob":
		return "batch/v1"
	case "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding":
		return "rbac.authorization.k8s.io/v1"
	case "Ingress", "NetworkPolicy", "IngressClass":
		return "networking.k8s.io/v1"
	case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
		return "admissionregistration.k8s.io/v1"
	case "HorizontalPodAutoscaler":
		return "autoscaling/v2"
	case "PodDisruptionBudget":
		return "policy/v1"
	case "StorageClass":
		return "storage.k8s.io/v1"
	}
	return ""
}

// complete gives an object of a test, which says no more than it must, what a cluster wants to know; nothing for what no
// cluster takes.
func complete(value ast.Value) (sample, error) {
	plain, err := ast.JSON(value)
	if err != nil {
		return sample{}, fmt.Errorf("reading an object of a test: %w", err)
	}
	object, ok := plain.(map[string]any)
	if !ok {
		return sample{}, nil
	}
	object = maps.Clone(object)
	kind, _ := object["kind"].(string)
	if version, _ := object["apiVersion"].(string); version == "" {
		object["apiVersion"] = apiVersionOf(kind)
	}
	if object["apiVersion"] == "" || kind == "" {
		return sample{}, nil
	}
	metadata, _ := object["metadata"].(map[string]any)
	if metadata = maps.Clone(metadata); metadata == nil {
		metadata = map[string]any{}
	}
	if name, _ := metadata["name"].(string); name == "" {
		metadata["name"] = "example"
	}
	object["metadata"] = metadata
	text, err := manifest.CanonicalJSON(object)
	return sample{object, string(text), leavesOf(object)}, err
}

// contrast is an object that a rule reports, what it says, and an object that it does not report.
type contrast struct {
	failing, passing sample
	message          string
}

// samples finds the two objects that are most alike of which a rule reports one.
func (x *exporter) samples(ctx context.Context, id string) (contrast, error) {
	query, err := x.engine.prepare(ctx, x.entries[id])
	if err != nil {
		return contrast{}, err
	}
	var reported []contrast
	var others []sample
	for _, s := range x.objects {
		said, err := x.ask(ctx, query, id, s)
		if err != nil {
			return contrast{}, err
		}
		if said == "" {
			others = append(others, s)
		} else {
			reported = append(reported, contrast{failing: s, message: said})
		}
	}
	if len(reported) == 0 || len(others) == 0 {
		return contrast{}, cannotExport("is shown no object in adamant's tests that it reports, and one that it does not, on their own")
	}
	best, least := contrast{}, -1
	for _, p := range reported {
		for _, s := range others {
			if n := unlike(p.failing, s); least < 0 || n < least {
				best, least = contrast{p.failing, s, p.message}, n
			}
		}
	}
	return best, nil
}

// ask is the first message of a rule about one object on its own; empty when it says nothing, or fails because the object is
// made to be wrong.
func (x *exporter) ask(ctx context.Context, query rego.PreparedEvalQuery, id string, s sample) (string, error) {
	term, err := (&planner{}).any(map[string]any{"byKind": map[string]any{"kubernetes": []any{
		map[string]any{"path": "object", "index": int64(0), "value": s.value}}}})
	if err != nil {
		return "", err
	}
	sets, err := x.engine.run(ctx, query, term.Value, compareAt())
	var failed *EvalError
	switch {
	case errors.As(err, &failed):
		return "", nil
	case err != nil:
		return "", err
	}
	return firstMessage(sets, x.entries[id]), nil
}

// firstMessage is the first message of the records of several entries; empty when there is none.
func firstMessage(sets *ast.Array, entries []*entry) string {
	for i, e := range entries {
		set, ok := sets.Elem(i).Value.(ast.Set)
		if !ok || set.Len() == 0 {
			continue
		}
		if r, err := e.read(set.Slice()[0]); err == nil {
			return r.message
		}
	}
	return ""
}

// unlike counts the leaves that only one of two objects has; another kind counts for many.
func unlike(a, b sample) int {
	n := len(a.leaves) + len(b.leaves)
	for leaf := range a.leaves {
		if b.leaves[leaf] {
			n -= 2
		}
	}
	if a.value["kind"] != b.value["kind"] {
		n += 1000
	}
	return n
}

func leavesOf(value any) map[string]bool {
	out := map[string]bool{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, below := range v {
				walk(at+"/"+key, below)
			}
		case []any:
			for i, below := range v {
				walk(fmt.Sprintf("%s/%d", at, i), below)
			}
		default:
			out[fmt.Sprintf("%s=%v", at, v)] = true
		}
	}
	walk("", value)
	return out
}
