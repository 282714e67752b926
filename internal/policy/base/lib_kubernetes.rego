# METADATA
# title: What Kubernetes manifests run
package adamant.lib.kubernetes

# pods are the pod specifications of all workloads: {doc, name, spec, at}; at is a JSON pointer.
pods contains {"doc": doc, "spec": doc.value.spec, "at": "/spec"} if {
	some doc in input.byKind.kubernetes
	doc.value.kind == "Pod"
}

pods contains {"doc": doc, "spec": doc.value.spec.template.spec, "at": "/spec/template/spec"} if {
	some doc in input.byKind.kubernetes
	doc.value.kind != "CronJob"
}

pods contains {"doc": doc, "spec": doc.value.spec.jobTemplate.spec.template.spec, "at": "/spec/jobTemplate/spec/template/spec"} if {
	some doc in input.byKind.kubernetes
	doc.value.kind == "CronJob"
}

# containers are the containers of all pods, init and ephemeral ones too: {doc, pod, container, at}.
containers contains {"doc": pod.doc, "pod": pod.spec, "container": container, "at": sprintf("%s/%s/%d", [pod.at, kind, i])} if {
	some pod in pods
	some kind in ["containers", "initContainers", "ephemeralContainers"]
	some i, container in pod.spec[kind]
	is_object(container)
}

# name is how messages call a workload.
name(doc) := sprintf("%v %v", [doc.value.kind, object.get(doc.value, ["metadata", "name"], "without a name")])

# place is the part of a record that says where.
place(doc, pointer) := {"path": doc.path, "document": doc.index, "pointer": pointer}
