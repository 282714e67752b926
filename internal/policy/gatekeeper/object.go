package gatekeeper

import "strings"

// object is one Kubernetes object. Its readers answer as Kubernetes' own do: a field of the wrong type is not there.
type object map[string]any

func asObject(value any) (object, bool) {
	o, ok := value.(map[string]any)
	return o, ok
}

func (o object) text(path ...string) string {
	var value any = map[string]any(o)
	for _, name := range path {
		fields, ok := value.(map[string]any)
		if !ok {
			return ""
		}
		value = fields[name]
	}
	text, _ := value.(string)
	return text
}

func (o object) name() string      { return o.text("metadata", "name") }
func (o object) namespace() string { return o.text("metadata", "namespace") }

// gvk is the object's group, version and kind.
type gvk struct{ group, version, kind string }

func (o object) gvk() gvk {
	group, version, ok := strings.Cut(o.text("apiVersion"), "/")
	switch {
	case !ok:
		group, version = "", group
	case strings.Contains(version, "/"):
		return gvk{}
	}
	return gvk{group, version, o.text("kind")}
}

func (o object) isNamespace() bool {
	g := o.gvk()
	return g.group == "" && g.kind == "Namespace"
}

// labels are the object's labels; none when one of them is no text.
func (o object) labels() map[string]string {
	metadata, _ := o["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	out := make(map[string]string, len(labels))
	for name, value := range labels {
		text, ok := value.(string)
		if !ok {
			return nil
		}
		out[name] = text
	}
	return out
}

func groupOf(value any) string {
	o, _ := asObject(value)
	return o.gvk().group
}
