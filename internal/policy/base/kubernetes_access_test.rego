package adamant.base.access_test

import data.adamant.base.access

cluster(doc) := {"byKind": {"kubernetes": [{"path": "k.yaml", "index": 0, "value": object.union({"metadata": {"name": "x"}}, doc)}]}}

at(pointer, message) := {"path": "k.yaml", "document": 0, "pointer": pointer, "message": message}

test_cluster_admin if {
	every kind in ["ClusterRoleBinding", "RoleBinding"] {
		access.hold == {at("/roleRef", sprintf("%s x hands out cluster-admin", [kind]))} with input as cluster({"kind": kind, "roleRef": {"name": "cluster-admin"}})
		count(access.hold) == 0 with input as cluster({"kind": kind, "roleRef": {"name": "view"}})
	}
	count(access.hold) == 0 with input as cluster({"kind": "Thing", "roleRef": {"name": "cluster-admin"}})
}

test_anonymous if {
	every name in ["system:anonymous", "system:unauthenticated", "system:authenticated"] {
		access.deny == {at("/subjects/1", sprintf("RoleBinding x gives rights to %s", [name]))} with input as cluster({"kind": "RoleBinding", "subjects": [{"name": "web"}, {"name": name}]})
	}
}

role(rules) := cluster({"kind": "Role", "rules": rules})

test_wildcard if {
	access.hold == {at("/rules/1", "ClusterRole x allows every verb on every resource")} with input as cluster({"kind": "ClusterRole", "rules": [{}, {"verbs": ["*"], "resources": ["a", "*"]}]})
	count(access.warn) == 0 with input as role([{"verbs": ["*"], "resources": ["*"]}])
	count(access.hold) == 0 with input as role([{"verbs": ["*"], "resources": ["pods"]}])
	count(access.hold) == 0 with input as role([{"verbs": ["get"], "resources": ["*"]}])
	count(access.hold) == 0 with input as cluster({"kind": "Thing", "rules": [{"verbs": ["*"], "resources": ["*"]}]})
}

test_broad if {
	access.warn == {at("/rules/0", "Role x allows every verb")} with input as role([{"verbs": ["*"], "resources": ["pods"]}])
	access.warn == {at("/rules/0", "Role x allows every verb")} with input as role([{"verbs": ["*"], "nonResourceURLs": ["/x"]}])
	access.warn == {at("/rules/0", "Role x allows every resource")} with input as role([{"verbs": ["get"], "resources": ["*"]}])
	every verb in ["bind", "escalate", "impersonate"] {
		access.warn == {at("/rules/0", sprintf("Role x allows accounts to %s", [verb]))} with input as role([{"verbs": ["get", verb], "resources": ["roles"]}])
	}
	count(access.warn) == 0 with input as role([{"verbs": ["get", "list"], "resources": ["pods"]}])
}

service(spec) := cluster({"kind": "Service", "spec": spec})

test_public_service if {
	every type in ["LoadBalancer", "NodePort"] {
		access.warn == {at("/spec/type", sprintf("Service x can be reached from outside: %s", [type]))} with input as service({"type": type})
		count(access.warn) == 0 with input as cluster({"kind": "Other", "spec": {"type": type}})
	}
	count(access.warn) == 0 with input as service({"type": "ClusterIP"})
	count(access.warn) == 0 with input as service({"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]})
	count(access.warn) == 1 with input as service({"type": "LoadBalancer", "loadBalancerSourceRanges": []})
}

balancer(annotations) := {"kind": "Service", "metadata": {"annotations": annotations}, "spec": {"type": "LoadBalancer"}}

test_internal_balancer if {
	count(access.warn) == 0 with input as cluster(balancer({"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}))
	count(access.warn) == 0 with input as cluster(balancer({"networking.gke.io/load-balancer-type": "Internal"}))
	count(access.warn) == 1 with input as cluster(balancer({"service.beta.kubernetes.io/azure-load-balancer-internal": "false"}))
	count(access.warn) == 1 with input as cluster(balancer({"team": "web"}))
}

test_external_ips if {
	access.deny == {at("/spec/externalIPs", "Service x takes addresses by externalIPs")} with input as service({"externalIPs": ["203.0.113.7"]})
	count(access.deny) == 0 with input as service({"externalIPs": []})
	count(access.deny) == 0 with input as cluster({"kind": "Other", "spec": {"externalIPs": ["203.0.113.7"]}})
}

test_config_map if {
	access.deny == {at("/data/db-password", "ConfigMap x holds the secret db-password")} with input as cluster({"kind": "ConfigMap", "data": {"db-password": "hunter2", "db-host": "db"}})
	count(access.deny) == 0 with input as cluster({"kind": "ConfigMap", "data": {"db-password": "${DB}"}})
	count(access.deny) == 0 with input as cluster({"kind": "Secret", "data": {"db-password": "hunter2"}})
}
