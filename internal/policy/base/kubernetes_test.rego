package adamant.base.kubernetes_test

import data.adamant.base.kubernetes

good := {
	"name": "web",
	"image": "registry.example.com/app:1@sha256:00",
	"securityContext": {
		"runAsNonRoot": true, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
		"capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
	},
	"resources": {"limits": {"memory": "1Gi", "cpu": 1}},
}

cluster(docs) := {
	"byKind": {"kubernetes": [{"path": "k.yaml", "index": i, "value": value} | some i, value in docs]},
	"config": {"spec": {"policy": {"registries": ["registry.example.com"]}}},
}

pod(spec) := cluster([{"kind": "Pod", "metadata": {"name": "p"}, "spec": object.union({"automountServiceAccountToken": false}, spec)}])

# without is good, less what lies at some pointers.
without(pointers) := json.remove(good, pointers)

container(patch) := pod({"containers": [object.union(good, patch)]})

at(pointer, message) := {"path": "k.yaml", "document": 0, "pointer": sprintf("/spec%s", [pointer]), "message": message}

of_web(pointer, what) := at(sprintf("/containers/0%s", [pointer]), sprintf("container web of Pod p %s", [what]))

test_good if {
	count(kubernetes.deny) == 0 with input as container({})
	count(kubernetes.warn) == 0 with input as container({})
}

test_privileged if {
	kubernetes.deny == {of_web("/securityContext/privileged", "is privileged")} with input as container({"securityContext": {"privileged": true}})
	count(kubernetes.deny) == 0 with input as container({"securityContext": {"privileged": false}})
}

test_everywhere if {
	bad := {"securityContext": {"privileged": true}}
	template := {"template": {"spec": {"containers": [object.union(good, bad)]}}}
	kubernetes.deny == {{
		"path": "k.yaml", "document": 0, "pointer": "/spec/template/spec/containers/0/securityContext/privileged",
		"message": "container web of Deployment without a name is privileged",
	}} with input as cluster([{"kind": "Deployment", "spec": template}])
	kubernetes.deny == {{
		"path": "k.yaml", "document": 1, "pointer": "/spec/jobTemplate/spec/template/spec/containers/0/securityContext/privileged",
		"message": "container web of CronJob c is privileged",
	}} with input as cluster([{"kind": "Service"}, {"kind": "CronJob", "metadata": {"name": "c"}, "spec": {"jobTemplate": {"spec": template}}}])
	every kind in ["initContainers", "ephemeralContainers"] {
		count(kubernetes.deny) == 1 with input as pod({kind: [object.union(good, bad)]})
	}
	count(kubernetes.deny) == 0 with input as cluster([{"kind": "NotAPod", "spec": {"containers": [object.union(good, bad)]}}])
	count(kubernetes.deny) == 0 with input as cluster([{"kind": "CronJob", "spec": template}])
	count(kubernetes.deny) == 0 with input as cluster([{"kind": "Deployment", "spec": {"jobTemplate": {"spec": template}}}])
}

test_escalation if {
	kubernetes.deny == {of_web("/securityContext/allowPrivilegeEscalation", "may escalate its privileges")} with input as container({"securityContext": {"allowPrivilegeEscalation": true}})
	count(kubernetes.deny) == 0 with input as container({"securityContext": {"allowPrivilegeEscalation": false}})
}

test_capabilities if {
	every name in ["ALL", "sys_admin", "CAP_NET_ADMIN"] {
		kubernetes.deny == {of_web("/securityContext/capabilities/add", sprintf("has the capability %s", [name]))} with input as container({"securityContext": {"capabilities": {"add": [name]}}})
	}
	count(kubernetes.deny) == 0 with input as container({"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}}})
}

test_host_namespaces if {
	every name in ["hostNetwork", "hostPID", "hostIPC"] {
		kubernetes.deny == {at(sprintf("/%s", [name]), sprintf("Pod p has %s", [name]))} with input as pod({name: true})
		count(kubernetes.deny) == 0 with input as pod({name: false})
	}
}

test_host_path if {
	kubernetes.deny == {at("/volumes/1/hostPath", "Pod p mounts /var/run of the machine")} with input as pod({"volumes": [{"emptyDir": {}}, {"hostPath": {"path": "/var/run"}}]})
	kubernetes.deny == {at("/volumes/0/hostPath", "Pod p mounts a path of the machine")} with input as pod({"volumes": [{"hostPath": {}}]})
	count(kubernetes.deny) == 0 with input as pod({"volumes": [{"emptyDir": {}}]})
}

test_run_as_root if {
	kubernetes.deny == {of_web("/securityContext", "runs as user 0")} with input as container({"securityContext": {"runAsUser": 0}})
	count(kubernetes.deny) == 1 with input as pod({"securityContext": {"runAsUser": 0}, "containers": [good]})
	count(kubernetes.deny) == 0 with input as pod({"securityContext": {"runAsUser": 0}, "containers": [object.union(good, {"securityContext": {"runAsUser": 5}})]})
	count(kubernetes.deny) == 0 with input as container({"securityContext": {"runAsUser": 65532}})
}

test_run_as_non_root if {
	want := {of_web("/securityContext", "may run as root: runAsNonRoot is not true")}
	kubernetes.warn == want with input as container({"securityContext": {"runAsNonRoot": false}})
	kubernetes.warn == want with input as pod({"containers": [without(["securityContext/runAsNonRoot"])]})
	kubernetes.warn == want with input as pod({"securityContext": {"runAsNonRoot": true}, "containers": [object.union(good, {"securityContext": {"runAsNonRoot": false}})]})
	count(kubernetes.warn) == 0 with input as pod({"securityContext": {"runAsNonRoot": true}, "containers": [without(["securityContext/runAsNonRoot"])]})
}

test_image_latest if {
	every image in ["registry.example.com/app", "registry.example.com/app:latest"] {
		kubernetes.deny == {of_web("/image", sprintf("runs %s, which is another image tomorrow", [image]))} with input as container({"image": image})
	}
	count(kubernetes.warn) == 0 with input as container({"image": "registry.example.com/app"})
	count(kubernetes.deny) == 0 with input as container({"image": "registry.example.com/{{ .Values.image }}"})
}

test_image_digest if {
	kubernetes.warn == {of_web("/image", "runs registry.example.com/app:1, whose tag can be moved")} with input as container({"image": "registry.example.com/app:1"})
	count(kubernetes.deny) == 0 with input as container({"image": "registry.example.com/app:1"})
}

test_image_registry if {
	kubernetes.deny == {of_web("/image", "runs example.net/app:1@sha256:00, whose registry is not allowed")} with input as container({"image": "example.net/app:1@sha256:00"})
	input_without := json.patch(container({"image": "example.net/app:1@sha256:00"}), [{"op": "remove", "path": "/config"}])
	count(kubernetes.deny) == 0 with input as input_without
}

test_image_unnamed if {
	kubernetes.warn == {of_web("/image", "runs app:1@sha256:00, which names no registry")} with input as container({"image": "app:1@sha256:00"})
	kubernetes.warn == {of_web("/image", "runs team/app:1@sha256:00, which names no registry")} with input as container({"image": "team/app:1@sha256:00"})
	count(kubernetes.warn) == 0 with input as container({"image": "localhost/app:1@sha256:00"})
}

test_memory if {
	kubernetes.warn == {of_web("/resources", "has no memory limit")} with input as pod({"containers": [without(["resources/limits/memory"])]})
}

test_cpu if {
	kubernetes.warn == {of_web("/resources", "has neither a cpu request nor a cpu limit")} with input as pod({"containers": [without(["resources/limits/cpu"])]})
	count(kubernetes.warn) == 0 with input as pod({"containers": [object.union(without(["resources/limits/cpu"]), {"resources": {"requests": {"cpu": 1}}})]})
}

test_drop_all if {
	want := {of_web("/securityContext/capabilities", "does not drop all capabilities")}
	kubernetes.warn == want with input as container({"securityContext": {"capabilities": {"drop": ["NET_RAW", 5]}}})
	kubernetes.warn == want with input as pod({"containers": [without(["securityContext/capabilities"])]})
	count(kubernetes.warn) == 0 with input as container({"securityContext": {"capabilities": {"drop": ["x", "all"]}}})
}

test_escalation_unset if {
	kubernetes.warn == {of_web("/securityContext", "does not set allowPrivilegeEscalation: false")} with input as pod({"containers": [without(["securityContext/allowPrivilegeEscalation"])]})
	count(kubernetes.warn) == 0 with input as container({"securityContext": {"allowPrivilegeEscalation": true}})
}

test_read_only_root if {
	want := {of_web("/securityContext", "may write to its root filesystem")}
	kubernetes.warn == want with input as pod({"containers": [without(["securityContext/readOnlyRootFilesystem"])]})
	kubernetes.warn == want with input as container({"securityContext": {"readOnlyRootFilesystem": false}})
}

test_host_port if {
	kubernetes.deny == {of_web("/ports/1/hostPort", "takes port 80 of the machine")} with input as container({"ports": [{"containerPort": 80}, {"containerPort": 80, "hostPort": 80}]})
	count(kubernetes.deny) == 0 with input as container({"ports": [{"containerPort": 80, "hostPort": 0}]})
}

test_unconfined if {
	every name, value in {
		"seccompProfile": {"type": "Unconfined"}, "appArmorProfile": {"type": "Unconfined"}, "procMount": "Unmasked",
		"windowsOptions": {"hostProcess": true, "runAsUserName": "x"},
	} {
		kubernetes.deny == {of_web("/securityContext", sprintf("is not confined: %s", [name]))} with input as pod({"containers": [object.union(without([concat("/", ["securityContext", name])]), {"securityContext": {name: value}})]})
	}
	kubernetes.deny == {of_web("/securityContext", "is not confined: seccompProfile")} with input as pod({"containers": [without(["securityContext/seccompProfile"])], "securityContext": {"seccompProfile": {"type": "Unconfined"}}})
	count(kubernetes.deny) == 0 with input as pod({"containers": [good], "securityContext": {"seccompProfile": {"type": "Unconfined"}}})
	count(kubernetes.deny) == 0 with input as container({"securityContext": {"procMount": "Default", "windowsOptions": {"hostProcess": false}, "appArmorProfile": {"type": "RuntimeDefault"}}})
}

test_apparmor_annotation if {
	annotated("unconfined") == {of_web("/securityContext", "is not confined: AppArmor's annotation")}
	annotated("runtime/default") == set()
	records := kubernetes.deny with input as cluster([{"kind": "Deployment", "spec": {"template": {
		"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/web": "unconfined"}},
		"spec": {"containers": [good]},
	}}}])
	count(records) == 1
}

annotated(profile) := records if {
	records := kubernetes.deny with input as cluster([{
		"kind": "Pod", "metadata": {"name": "p", "annotations": {"container.apparmor.security.beta.kubernetes.io/web": profile}},
		"spec": {"containers": [good]},
	}])
}

test_seccomp if {
	kubernetes.warn == {of_web("/securityContext", "has no seccomp profile")} with input as pod({"containers": [without(["securityContext/seccompProfile"])]})
	count(kubernetes.warn) == 0 with input as pod({"containers": [without(["securityContext/seccompProfile"])], "securityContext": {"seccompProfile": {"type": "Localhost"}}})
}

test_sysctls if {
	kubernetes.deny == {at("/securityContext/sysctls/1", "Pod p sets kernel.msgmax, which is not the pod's alone")} with input as pod({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies"}, {"name": "kernel.msgmax"}]}})
}

test_service_account_token if {
	want := {at("", "Pod p does not set automountServiceAccountToken: false")}
	kubernetes.warn == want with input as pod({"automountServiceAccountToken": true})
	kubernetes.warn == want with input as cluster([{"kind": "Pod", "metadata": {"name": "p"}, "spec": {}}])
}

test_probes if {
	every kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"] {
		records := kubernetes.warn with input as workload(kind, {"containers": [good]})
		{r.pointer | some r in records} == {"/spec/template/spec/containers/0"}
		count(kubernetes.warn) == 0 with input as workload(kind, {"containers": [object.union(good, {"readinessProbe": {}})]})
		count(kubernetes.warn) == 0 with input as workload(kind, {"containers": [object.union(good, {"livenessProbe": {}})]})
		count(kubernetes.warn) == 0 with input as workload(kind, {"initContainers": [good]})
	}
	count(kubernetes.warn) == 0 with input as workload("Job", {"containers": [good]})
}

workload(kind, spec) := cluster([{"kind": kind, "spec": {"template": {"spec": object.union({"automountServiceAccountToken": false}, spec)}}}])

test_secret_env if {
	every name in ["DB_PASSWORD", "token", "API_KEY", "clientSecret", "aws-secret-access-key", "x.credentials"] {
		kubernetes.deny == {of_web("/env/1", sprintf("has the secret %s as a plain value", [name]))} with input as container({"env": [{"name": "A", "value": "hunter2"}, {"name": name, "value": "hunter2"}]})
	}
	every name in ["PASSWORD_FILE", "TOKEN_URL", "MONKEY", "SECRETARY", 5] {
		count(kubernetes.deny) == 0 with input as container({"env": [{"name": name, "value": "hunter2"}]})
	}
	every value in ["", "$(DB_PASSWORD)", "${X}", "a${X}", "{{ .password }}", "<password>", "/run/secrets/db", "../db", "true", "8080", 5] {
		count(kubernetes.deny) == 0 with input as container({"env": [{"name": "DB_PASSWORD", "value": value}]})
	}
	count(kubernetes.deny) == 0 with input as container({"env": [{"name": "DB_PASSWORD", "valueFrom": {}}]})
}

test_pod_template if {
	records := kubernetes.deny with input as cluster([{"kind": "PodTemplate", "template": {"spec": {"hostPID": true}}}])
	{r.pointer | some r in records} == {"/template/spec/hostPID"}
	count(kubernetes.deny) == 0 with input as cluster([{"kind": "Sandbox", "template": {"spec": {"hostPID": true}}}])
}

test_no_name if {
	records := kubernetes.deny with input as pod({"containers": [object.union(object.remove(good, ["name"]), {"securityContext": {"privileged": true}})]})
	{r.message | some r in records} == {"container ? of Pod p is privileged"}
}
