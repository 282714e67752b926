# METADATA
# title: Kubernetes workloads
package adamant.base.kubernetes

import data.adamant.lib.image
import data.adamant.lib.kubernetes

# METADATA
# title: A container is privileged
# description: A privileged container is root on the machine it runs on.
# custom:
#   id: kubernetes/privileged
#   severity: error
#   fix: take privileged away and add the one capability the program needs
#   failing: "securityContext: {privileged: true}"
#   passing: "securityContext: {privileged: false}"
deny contains record(c, "/securityContext/privileged", "is privileged") if {
	some c in kubernetes.containers
	c.container.securityContext.privileged == true
}

# METADATA
# title: A container may become root
# description: allowPrivilegeEscalation lets a program gain more rights than it was started with.
# custom:
#   id: kubernetes/privilege-escalation
#   severity: error
#   fix: "set allowPrivilegeEscalation: false"
#   failing: "securityContext: {allowPrivilegeEscalation: true}"
#   passing: "securityContext: {allowPrivilegeEscalation: false}"
deny contains record(c, "/securityContext/allowPrivilegeEscalation", "may escalate its privileges") if {
	some c in kubernetes.containers
	c.container.securityContext.allowPrivilegeEscalation == true
}

# METADATA
# title: A container has dangerous capabilities
# description: These capabilities are as good as root on the machine, or let a container listen to its neighbours.
# custom:
#   id: kubernetes/capabilities
#   severity: error
#   fix: "drop ALL and add only what the program needs, for example NET_BIND_SERVICE"
#   failing: "capabilities: {add: [SYS_ADMIN]}"
#   passing: "capabilities: {drop: [ALL]}"
deny contains record(c, "/securityContext/capabilities/add", sprintf("has the capability %s", [name])) if {
	some c in kubernetes.containers
	some name in c.container.securityContext.capabilities.add
	is_string(name)
	trim_prefix(upper(name), "CAP_") in {
		"ALL", "BPF", "DAC_READ_SEARCH", "MAC_ADMIN", "MAC_OVERRIDE", "NET_ADMIN", "NET_RAW", "PERFMON", "SYS_ADMIN", "SYS_BOOT",
		"SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_TIME",
	}
}

# METADATA
# title: A pod shares the machine's namespaces
# description: hostNetwork, hostPID and hostIPC take the wall between the pod and the machine away.
# custom:
#   id: kubernetes/host-namespaces
#   severity: error
#   fix: delete the line
#   failing: "hostNetwork: true"
#   passing: "hostNetwork: false, or no such line"
deny contains pod_record(p, sprintf("/%s", [name]), sprintf("has %s", [name])) if {
	some p in kubernetes.pods
	some name in ["hostNetwork", "hostPID", "hostIPC"]
	p.spec[name] == true
}

# METADATA
# title: A pod mounts a path of the machine
# description: hostPath shows files of the machine to the pod, with all their secrets, and lets it change them.
# custom:
#   id: kubernetes/host-path
#   severity: error
#   fix: use a volume claim, a config map or an empty directory
#   failing: "volumes: [{name: d, hostPath: {path: /var/run}}]"
#   passing: "volumes: [{name: d, emptyDir: {}}]"
deny contains pod_record(p, sprintf("/volumes/%d/hostPath", [i]), sprintf("mounts %v of the machine", [host_path(volume)])) if {
	some p in kubernetes.pods
	some i, volume in p.spec.volumes
	host_path(volume)
}

# METADATA
# title: A container runs as root
# description: User 0 in the container is user 0 on the machine once the wall between them has a hole.
# custom:
#   id: kubernetes/run-as-root
#   severity: error
#   fix: "set runAsUser to an unprivileged id and runAsNonRoot: true"
#   failing: "securityContext: {runAsUser: 0}"
#   passing: "securityContext: {runAsUser: 65532, runAsNonRoot: true}"
deny contains record(c, "/securityContext", "runs as user 0") if {
	some c in kubernetes.containers
	setting(c, "runAsUser") == 0
}

# METADATA
# title: Nothing keeps a container from running as root
# description: "With runAsNonRoot: true the cluster refuses to start a container whose image runs as root."
# custom:
#   id: kubernetes/run-as-non-root
#   severity: warning
#   fix: "set securityContext: {runAsNonRoot: true} on the pod"
#   failing: "no securityContext"
#   passing: "securityContext: {runAsNonRoot: true}"
warn contains record(c, "/securityContext", "may run as root: runAsNonRoot is not true") if {
	some c in kubernetes.containers
	not never_root(c)
}

# METADATA
# title: A container's image can change under you
# description: No tag, or latest, is another image after the next restart, on some machines and not on others.
# custom:
#   id: kubernetes/image-latest
#   severity: error
#   fix: "name a version and its digest: app:1.4.2@sha256:..."
#   failing: "image: app:latest"
#   passing: "image: registry.example.com/app:1.4.2@sha256:..."
deny contains record(c, "/image", sprintf("runs %v, which is another image tomorrow", [c.container.image])) if {
	some c in kubernetes.containers
	image.mutable(c.container.image)
}

# METADATA
# title: A container's image is not pinned by digest
# description: A tag can be moved to another image; a digest cannot.
# custom:
#   id: kubernetes/image-digest
#   severity: warning
#   fix: "add the digest: app:1.4.2@sha256:..."
#   failing: "image: registry.example.com/app:1.4.2"
#   passing: "image: registry.example.com/app:1.4.2@sha256:..."
warn contains record(c, "/image", sprintf("runs %v, whose tag can be moved", [c.container.image])) if {
	some c in kubernetes.containers
	not image.mutable(c.container.image)
	not image.digest(c.container.image)
}

# METADATA
# title: A container's image comes from a registry you did not allow
# description: spec.policy.registries in adamant.yaml lists where images may come from.
# custom:
#   id: kubernetes/image-registry
#   severity: error
#   fix: use an image of an allowed registry, or add the registry to spec.policy.registries
#   failing: "image: example.net/app:1 with registries [registry.example.com]"
#   passing: "image: registry.example.com/app:1"
deny contains record(c, "/image", sprintf("runs %v, whose registry is not allowed", [c.container.image])) if {
	some c in kubernetes.containers
	not image.allowed(c.container.image)
}

# METADATA
# title: A container's image names no registry
# description: Without a registry each machine decides where the image comes from.
# custom:
#   id: kubernetes/image-unnamed-registry
#   severity: warning
#   fix: "write the registry: docker.io/library/nginx:1.29"
#   failing: "image: nginx:1.29"
#   passing: "image: docker.io/library/nginx:1.29"
warn contains record(c, "/image", sprintf("runs %v, which names no registry", [c.container.image])) if {
	some c in kubernetes.containers
	not image.named(c.container.image)
}

# METADATA
# title: A container has no memory limit
# description: One leaking program can then take the memory of everything else on the machine.
# custom:
#   id: kubernetes/memory-limit
#   severity: warning
#   fix: "set resources: {limits: {memory: 256Mi}}"
#   failing: "no resources.limits.memory"
#   passing: "resources: {limits: {memory: 256Mi}}"
warn contains record(c, "/resources", "has no memory limit") if {
	some c in kubernetes.containers
	not c.container.resources.limits.memory
}

never_root(c) if setting(c, "runAsNonRoot") == true

host_path(volume) := path if {
	path := volume.hostPath.path
} else := "a path" if volume.hostPath

# setting is a security setting of a container: its own, else the pod's.
setting(c, name) := value if {
	value := c.container.securityContext[name]
} else := c.pod.securityContext[name]

record(c, pointer, what) := object.union(
	kubernetes.place(c.doc, sprintf("%s%s", [c.at, pointer])),
	{"message": sprintf("container %v of %s %s", [object.get(c.container, "name", "?"), kubernetes.name(c.doc), what])},
)

pod_record(p, pointer, what) := object.union(
	kubernetes.place(p.doc, sprintf("%s%s", [p.at, pointer])),
	{"message": sprintf("%s %s", [kubernetes.name(p.doc), what])},
)
