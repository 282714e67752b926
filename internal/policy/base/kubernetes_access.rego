# METADATA
# title: Who may reach and command a cluster
package adamant.base.access

import data.adamant.lib.kubernetes
import data.adamant.lib.secret

# METADATA
# title: Somebody becomes administrator of the cluster
# description: cluster-admin may do everything, read every secret and hand its power on.
# custom:
#   id: kubernetes/cluster-admin
#   severity: warning
#   fix: bind a role that lists what is needed, or approve the change yourself
#   failing: "roleRef: {kind: ClusterRole, name: cluster-admin}"
#   passing: "roleRef: {kind: ClusterRole, name: view}"
hold contains record(doc, "/roleRef", "hands out cluster-admin") if {
	some doc in bindings
	doc.value.roleRef.name == "cluster-admin"
}

# METADATA
# title: Everybody gets rights in the cluster
# description: These names stand for people who did not say who they are, or for every account there is.
# custom:
#   id: kubernetes/anonymous-access
#   severity: error
#   fix: name the accounts that need the role
#   failing: "subjects: [{kind: Group, name: system:unauthenticated}]"
#   passing: "subjects: [{kind: ServiceAccount, name: web, namespace: shop}]"
deny contains record(doc, sprintf("/subjects/%d", [i]), sprintf("gives rights to %s", [subject.name])) if {
	some doc in bindings
	some i, subject in doc.value.subjects
	subject.name in {"system:anonymous", "system:unauthenticated", "system:authenticated"}
}

# METADATA
# title: A role may do everything
# description: All verbs on all resources is cluster-admin under another name.
# custom:
#   id: kubernetes/rbac-wildcard
#   severity: warning
#   fix: list the verbs and resources that are needed, or approve the change yourself
#   failing: "rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]"
#   passing: "rules: [{apiGroups: [apps], resources: [deployments], verbs: [get, list]}]"
hold contains record(doc, sprintf("/rules/%d", [i]), "allows every verb on every resource") if {
	some [doc, i, rule] in rules
	everything(rule)
}

# METADATA
# title: A role allows more than it lists
# description: >-
#   A wildcard also covers what the cluster learns tomorrow, and escalate, bind and impersonate let an account make itself
#   mightier than it is.
# custom:
#   id: kubernetes/rbac-broad
#   severity: warning
#   fix: list the verbs and resources that are needed
#   failing: "rules: [{apiGroups: [''], resources: [secrets], verbs: ['*']}]"
#   passing: "rules: [{apiGroups: [''], resources: [configmaps], verbs: [get]}]"
warn contains record(doc, sprintf("/rules/%d", [i]), sprintf("allows %s", [what])) if {
	some [doc, i, rule] in rules
	some what in broad(rule)
}

# METADATA
# title: A service can be reached from outside
# description: A load balancer or a port on every machine opens the service to whoever can reach them, often the whole world.
# custom:
#   id: kubernetes/public-service
#   severity: warning
#   fix: "use type: ClusterIP behind an ingress, loadBalancerSourceRanges, or your cloud's annotation for an internal balancer"
#   failing: "kind: Service with type: LoadBalancer"
#   passing: "kind: Service with type: ClusterIP"
warn contains record(doc, "/spec/type", sprintf("can be reached from outside: %s", [doc.value.spec.type])) if {
	some doc in input.byKind.kubernetes
	doc.value.kind == "Service"
	doc.value.spec.type in {"LoadBalancer", "NodePort"}
	not inside(doc.value)
}

# METADATA
# title: A service takes addresses that are not its own
# description: Whoever may write externalIPs can take over the traffic of any address in the cluster (CVE-2020-8554).
# custom:
#   id: kubernetes/external-ips
#   severity: error
#   fix: "use type: LoadBalancer, or an ingress"
#   failing: "spec: {externalIPs: [203.0.113.7]}"
#   passing: "no externalIPs"
deny contains record(doc, "/spec/externalIPs", "takes addresses by externalIPs") if {
	some doc in input.byKind.kubernetes
	doc.value.kind == "Service"
	some _ in doc.value.spec.externalIPs
}

# METADATA
# title: A secret stands in a ConfigMap
# description: Everybody who may look at the namespace may read a ConfigMap, and git keeps it for ever.
# custom:
#   id: kubernetes/secret-config-map
#   severity: error
#   fix: put it into a Secret that is made outside of git, or sealed
#   failing: "kind: ConfigMap with data: {db-password: hunter2}"
#   passing: "kind: ConfigMap with data: {db-host: db.shop}"
deny contains record(doc, sprintf("/data/%s", [key]), sprintf("holds the secret %s", [key])) if {
	some doc in input.byKind.kubernetes
	doc.value.kind == "ConfigMap"
	some key, value in doc.value.data
	secret.named(key)
	secret.literal(value)
}

bindings := [doc |
	some doc in input.byKind.kubernetes
	doc.value.kind in {"ClusterRoleBinding", "RoleBinding"}
]

rules := [[doc, i, rule] |
	some doc in input.byKind.kubernetes
	doc.value.kind in {"ClusterRole", "Role"}
	some i, rule in doc.value.rules
]

everything(rule) if {
	"*" in rule.verbs
	"*" in rule.resources
}

broad(rule) := ["every verb"] if {
	"*" in rule.verbs
	not everything(rule)
} else := ["every resource"] if {
	"*" in rule.resources
	not everything(rule)
} else := [sprintf("accounts to %s", [verb]) |
	some verb in rule.verbs
	verb in {"bind", "escalate", "impersonate"}
]

# inside is true for a service whose balancer stays inside or lets only some in.
inside(value) if some _ in value.spec.loadBalancerSourceRanges

inside(value) if {
	some key, setting in value.metadata.annotations
	contains(lower(sprintf("%s %v", [key, setting])), "internal")
	not setting in {"false", false}
}

record(doc, pointer, what) := object.union(
	kubernetes.place(doc, pointer),
	{"message": sprintf("%s %s", [kubernetes.name(doc), what])},
)
