# METADATA
# title: What Kubernetes manifests run
package adamant.lib.kubernetes

# Lists, not sets: putting a document into a set costs reading all of it.

# pods are the pod specifications of all workloads: {doc, meta, spec, at}; at is a JSON pointer, meta the pod's metadata.
pods := array.concat(array.concat(bare, bare_templates), array.concat(templated, scheduled))

bare_templates := [{"doc": doc, "meta": object.get(doc.value, ["template", "metadata"], {}), "spec": doc.value.template.spec, "at": "/template/spec"} |
	some doc in input.byKind.kubernetes
	doc.value.kind == "PodTemplate"
]

bare := [{"doc": doc, "meta": object.get(doc.value, "metadata", {}), "spec": doc.value.spec, "at": "/spec"} |
	some doc in input.byKind.kubernetes
	doc.value.kind == "Pod"
]

templated := [{"doc": doc, "meta": object.get(doc.value, ["spec", "template", "metadata"], {}), "spec": doc.value.spec.template.spec, "at": "/spec/template/spec"} |
	some doc in input.byKind.kubernetes
	doc.value.kind != "CronJob"
]

scheduled := [{"doc": doc, "meta": object.get(doc.value, ["spec", "jobTemplate", "spec", "template", "metadata"], {}), "spec": doc.value.spec.jobTemplate.spec.template.spec, "at": "/spec/jobTemplate/spec/template/spec"} |
	some doc in input.byKind.kubernetes
	doc.value.kind == "CronJob"
]

# containers are the containers of all pods, init and ephemeral ones too: {doc, meta, pod, container, at, path, index, name}; name
# is how messages call it.
containers := [{
	"doc": pod.doc, "meta": pod.meta, "pod": pod.spec, "container": container, "at": sprintf("%s/%s/%d", [pod.at, kind, i]), "path": pod.doc.path, "index": pod.doc.index,
	"name": sprintf("container %v of %s", [object.get(container, "name", "?"), name(pod.doc)]),
} |
	some pod in pods
	some kind in ["containers", "initContainers", "ephemeralContainers"]
	some i, container in pod.spec[kind]
	is_object(container)
]

# name is how messages call a workload.
name(doc) := sprintf("%v %v", [doc.value.kind, object.get(doc.value, ["metadata", "name"], "without a name")])

# place is the part of a record that says where.
place(doc, pointer) := {"path": doc.path, "document": doc.index, "pointer": pointer}
