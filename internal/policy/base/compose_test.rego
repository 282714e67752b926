package adamant.base.compose_test

import data.adamant.base.compose

service(value) := {"byKind": {"compose": [{"path": "compose.yaml", "index": 0, "value": {"services": {"db": value}}}]}}

at(pointer, what) := {"path": "compose.yaml", "document": 0, "pointer": sprintf("/services/db%s", [pointer]), "message": sprintf("service db %s", [what])}

test_privileged if {
	compose.deny == {at("/privileged", "is privileged")} with input as service({"privileged": true})
	count(compose.deny) == 0 with input as service({"privileged": false})
}

test_privileged_in_words if {
	every value in ["true", "True", "yes", "Y", "on", "${PRIVILEGED}", "${PRIVILEGED:-false}"] {
		compose.deny == {at("/privileged", "is privileged")} with input as service({"privileged": value})
	}
	every value in ["false", "no", "n", "OFF", "", 1, null, ["true"], {"true": true}] {
		count(compose.deny) == 0 with input as service({"privileged": value})
	}
}

test_privileged_elsewhere if {
	compose.deny == {at("/build/privileged", "is built privileged")} with input as service({"build": {"privileged": "yes"}})
	compose.deny == {at("/pre_stop/1/privileged", "runs its pre_stop hook privileged")} with input as service({"pre_stop": [{}, {"privileged": true}]})
	every value in [{"build": "."}, {"build": null}, {"post_start": "x"}, {"post_start": [1]}, "x", null] {
		count(compose.deny) == 0 with input as service(value)
	}
}

test_socket if {
	every volume in ["/var/run/docker.sock:/var/run/docker.sock:ro", {"type": "bind", "source": "/run/podman/podman.sock", "target": "/s"}] {
		compose.deny == {at("/volumes/1", "holds the socket of the container engine")} with input as service({"volumes": ["a:/b", volume]})
	}
	count(compose.deny) == 0 with input as service({"volumes": ["data:/x", {"type": "volume", "target": "/y"}]})
}

test_latest if {
	every image in ["redis", "redis:latest"] {
		compose.deny == {at("/image", sprintf("runs %s, which is another image tomorrow", [image]))} with input as service({"image": image})
	}
	every value in [{"image": "redis:8"}, {"image": "redis", "build": "."}, {"image": "${IMAGE}"}, {"build": "."}] {
		count(compose.deny) == 0 with input as service(value)
	}
}
