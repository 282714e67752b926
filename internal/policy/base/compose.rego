# METADATA
# title: Compose files
package adamant.base.compose

import data.adamant.lib.image

# METADATA
# title: A service is privileged
# description: A privileged container is root on the machine it runs on.
# custom:
#   id: compose/privileged
#   severity: error
#   fix: take privileged away and add the one capability the program needs with cap_add
#   failing: "privileged: true"
#   passing: "cap_add: [NET_BIND_SERVICE]"
deny contains record(doc, name, switch.pointer, switch.message) if {
	some doc in input.byKind.compose
	some name, service in doc.value.services
	some switch in switches(service)
	on(switch.value)
}

# switches make a service, its build or one of its hooks privileged.
switches(service) := array.concat(
	[
		{"pointer": "/privileged", "message": "is privileged", "value": object.get(service, "privileged", false)},
		{"pointer": "/build/privileged", "message": "is built privileged", "value": object.get(service, ["build", "privileged"], false)},
	],
	[{"pointer": sprintf("/%s/%d/privileged", [hook, i]), "message": sprintf("runs its %s hook privileged", [hook]), "value": value} |
		some hook in ["post_start", "pre_stop"]
		some i, step in service[hook]
		value := step.privileged
	],
) if {
	is_object(service)
}

# on reads a switch as compose does: quoted words count in any case, those of YAML 1.1 too. What a variable decides may be on.
on(value) if value == true

on(value) if {
	is_string(value)
	lower(value) in {"true", "y", "yes", "on"}
}

on(value) if {
	is_string(value)
	contains(value, "$")
}

# METADATA
# title: A service holds the container engine's socket
# description: Whoever can write to the engine's socket can start a privileged container, and so is root on the machine.
# custom:
#   id: compose/engine-socket
#   severity: error
#   fix: take the volume away, or put a proxy that filters requests before the socket
#   failing: "volumes: [/var/run/docker.sock:/var/run/docker.sock]"
#   passing: "volumes: [data:/var/lib/app]"
deny contains record(doc, name, sprintf("/volumes/%d", [i]), "holds the socket of the container engine") if {
	some doc in input.byKind.compose
	some name, service in doc.value.services
	some i, volume in service.volumes
	regex.match(`(docker|podman|containerd)\.sock(:|$)`, source(volume))
}

# METADATA
# title: A service's image can change under you
# description: No tag, or latest, is another image after the next pull.
# custom:
#   id: compose/image-latest
#   severity: error
#   fix: "name a version and its digest: app:1.4.2@sha256:..."
#   failing: "image: redis"
#   passing: "image: docker.io/library/redis:8.0@sha256:..."
deny contains record(doc, name, "/image", sprintf("runs %s, which is another image tomorrow", [service.image])) if {
	some doc in input.byKind.compose
	some name, service in doc.value.services
	not service.build
	is_string(service.image)
	not contains(service.image, "$")
	image.mutable(service.image)
}

source(volume) := volume if is_string(volume)

source(volume) := volume.source if is_string(volume.source)

record(doc, name, pointer, what) := {
	"path": doc.path, "document": doc.index, "pointer": sprintf("/services/%v%s", [name, pointer]),
	"message": sprintf("service %v %s", [name, what]),
}
