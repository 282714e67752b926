# METADATA
# title: Kubernetes workloads
package adamant.base.kubernetes

import data.adamant.lib.image
import data.adamant.lib.kubernetes
import data.adamant.lib.secret

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

# METADATA
# title: A container asks for no processor time
# description: A container without a cpu request is the first to starve when the machine is busy.
# custom:
#   id: kubernetes/cpu-request
#   severity: note
#   fix: "set resources: {requests: {cpu: 100m}}"
#   failing: "neither resources.requests.cpu nor resources.limits.cpu"
#   passing: "resources: {requests: {cpu: 100m}}"
warn contains record(c, "/resources", "has neither a cpu request nor a cpu limit") if {
	some c in kubernetes.containers
	not c.container.resources.requests.cpu
	not c.container.resources.limits.cpu
}

# METADATA
# title: A container keeps capabilities it may not need
# description: Without drop ALL a container may change owners, bind low ports and send raw packets, needed or not.
# custom:
#   id: kubernetes/drop-all
#   severity: note
#   fix: "set capabilities: {drop: [ALL]} and add back what the program needs"
#   failing: "capabilities: {drop: [NET_RAW]}"
#   passing: "capabilities: {drop: [ALL]}"
warn contains record(c, "/securityContext/capabilities", "does not drop all capabilities") if {
	some c in kubernetes.containers
	not drops_all(c)
}

# METADATA
# title: Nothing keeps a container from gaining rights
# description: Unless allowPrivilegeEscalation is false, a setuid program of the image can become root.
# custom:
#   id: kubernetes/privilege-escalation-unset
#   severity: note
#   fix: "set allowPrivilegeEscalation: false"
#   failing: "no allowPrivilegeEscalation"
#   passing: "securityContext: {allowPrivilegeEscalation: false}"
warn contains record(c, "/securityContext", "does not set allowPrivilegeEscalation: false") if {
	some c in kubernetes.containers
	object.get(c.container, ["securityContext", "allowPrivilegeEscalation"], null) == null
}

# METADATA
# title: A container may change its own files
# description: Whoever takes the program over can replace it. A read-only root filesystem stays as it was built.
# custom:
#   id: kubernetes/read-only-root
#   severity: note
#   fix: "set readOnlyRootFilesystem: true and mount an empty directory where the program writes"
#   failing: "no readOnlyRootFilesystem"
#   passing: "securityContext: {readOnlyRootFilesystem: true}"
warn contains record(c, "/securityContext", "may write to its root filesystem") if {
	some c in kubernetes.containers
	not c.container.securityContext.readOnlyRootFilesystem == true
}

# METADATA
# title: A container takes a port of the machine
# description: A hostPort goes around services and network policies, and only one pod of a machine can have it.
# custom:
#   id: kubernetes/host-port
#   severity: error
#   fix: take hostPort away and put a Service before the pod
#   failing: "ports: [{containerPort: 8080, hostPort: 80}]"
#   passing: "ports: [{containerPort: 8080}]"
deny contains record(c, sprintf("/ports/%d/hostPort", [i]), sprintf("takes port %v of the machine", [port.hostPort])) if {
	some c in kubernetes.containers
	some i, port in c.container.ports
	port.hostPort != 0
}

# METADATA
# title: A container's walls are taken down
# description: >-
#   seccomp and AppArmor keep a program from calling what it never needs of the kernel; an unmasked /proc shows the machine,
#   and a host process of Windows runs outside of any container.
# custom:
#   id: kubernetes/unconfined
#   severity: error
#   fix: "delete the line, or name the profile RuntimeDefault"
#   failing: "seccompProfile: {type: Unconfined}"
#   passing: "seccompProfile: {type: RuntimeDefault}"
deny contains record(c, "/securityContext", sprintf("is not confined: %s", [name])) if {
	some c in kubernetes.containers
	some name in unconfined(c)
}

# METADATA
# title: A container has no seccomp profile
# description: Without a profile a program may make every call to the kernel, also those that no program of its kind makes.
# custom:
#   id: kubernetes/seccomp
#   severity: note
#   fix: "set seccompProfile: {type: RuntimeDefault} on the pod"
#   failing: "no seccompProfile"
#   passing: "securityContext: {seccompProfile: {type: RuntimeDefault}}"
warn contains record(c, "/securityContext", "has no seccomp profile") if {
	some c in kubernetes.containers
	not setting(c, "seccompProfile")
}

# METADATA
# title: A pod uses kernel settings that reach beyond it
# description: Only a few kernel settings belong to one pod alone. The others change the machine for all its neighbours.
# custom:
#   id: kubernetes/sysctls
#   severity: error
#   fix: set it on the machine, or do without
#   failing: "sysctls: [{name: kernel.msgmax, value: '65536'}]"
#   passing: "sysctls: [{name: net.ipv4.tcp_syncookies, value: '1'}]"
deny contains pod_record(p, sprintf("/securityContext/sysctls/%d", [i]), sprintf("sets %v, which is not the pod's alone", [sysctl.name])) if {
	some p in kubernetes.pods
	some i, sysctl in p.spec.securityContext.sysctls
	not sysctl.name in {
		"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range",
		"net.ipv4.tcp_syncookies", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
		"net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
	}
}

# METADATA
# title: A pod gets a token of the cluster
# description: Whoever takes the program over can talk to the cluster with it. Most programs never do.
# custom:
#   id: kubernetes/service-account-token
#   severity: note
#   fix: "set automountServiceAccountToken: false on the pod"
#   failing: "no automountServiceAccountToken"
#   passing: "automountServiceAccountToken: false"
warn contains pod_record(p, "", "does not set automountServiceAccountToken: false") if {
	some p in kubernetes.pods
	not p.spec.automountServiceAccountToken == false
}

# METADATA
# title: Nothing tells the cluster whether a container works
# description: Without a probe a hung program stays up and keeps getting requests.
# custom:
#   id: kubernetes/probes
#   severity: note
#   fix: add a readinessProbe, and a livenessProbe if a restart mends what can break
#   failing: "a Deployment's container without probes"
#   passing: "readinessProbe: {httpGet: {path: /healthz, port: 8080}}"
warn contains record(c, "", "has no probe") if {
	some c in kubernetes.containers
	c.doc.value.kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"}
	contains(c.at, "/containers/")
	not c.container.readinessProbe
	not c.container.livenessProbe
}

# METADATA
# title: A secret stands in a manifest
# description: The value is readable for everybody who may read the pod, and in git for ever.
# custom:
#   id: kubernetes/secret-env
#   severity: error
#   fix: "read it from a Secret: valueFrom: {secretKeyRef: {name: db, key: password}}"
#   failing: "env: [{name: DB_PASSWORD, value: hunter2}]"
#   passing: "env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]"
deny contains record(c, sprintf("/env/%d", [i]), sprintf("has the secret %s as a plain value", [variable.name])) if {
	some c in kubernetes.containers
	some i, variable in c.container.env
	secret.named(variable.name)
	secret.literal(variable.value)
}

never_root(c) if setting(c, "runAsNonRoot") == true

drops_all(c) if {
	some name in c.container.securityContext.capabilities.drop
	is_string(name)
	lower(name) == "all"
}

# unconfined names what takes a container's walls away. AppArmor's annotation is older than its field and still obeyed.
unconfined(c) := {name |
	some name in ["appArmorProfile", "procMount", "seccompProfile", "windowsOptions"]
	open(setting(c, name))
} | {"AppArmor's annotation" |
	c.meta.annotations[sprintf("container.apparmor.security.beta.kubernetes.io/%v", [c.container.name])] == "unconfined"
}

# open is true for a setting that takes a wall away.
open("Unmasked")

open(profile) if profile.type == "Unconfined"

open(options) if options.hostProcess == true

host_path(volume) := path if {
	path := volume.hostPath.path
} else := "a path" if volume.hostPath

# setting is a security setting of a container: its own, else the pod's.
setting(c, name) := value if {
	value := c.container.securityContext[name]
} else := c.pod.securityContext[name]

record(c, pointer, what) := {
	"path": c.path, "document": c.index, "pointer": concat("", [c.at, pointer]), "message": concat(" ", [c.name, what]),
}

pod_record(p, pointer, what) := object.union(
	kubernetes.place(p.doc, sprintf("%s%s", [p.at, pointer])),
	{"message": sprintf("%s %s", [kubernetes.name(p.doc), what])},
)
