package adamant.base.terraform_test

import data.adamant.base.terraform

source(value) := {"byKind": {"terraform": [{"path": "main.tf", "index": 0, "kind": "terraform", "value": {"resource": value}}], "terraform-plan": []}}

one(type, value) := source({type: {"x": [value]}})

plan(changes) := {"byKind": {"terraform": [], "terraform-plan": [{"path": "plan.json", "index": 0, "kind": "terraform-plan", "value": {"resource_changes": changes}}]}}

planned(type, actions, before, after) := plan([{"type": type, "address": sprintf("module.m.%s.x", [type]), "change": {"actions": actions, "before": before, "after": after}}])

at(type, pointer, message) := {"path": "main.tf", "document": 0, "pointer": sprintf("/resource/%s/x/0%s", [type, pointer]), "message": sprintf("%s.x %s", [type, message])}

test_destroy if {
	terraform.hold == {{
		"path": "plan.json", "document": 0, "pointer": "/resource_changes/0/change/actions", "message": "module.m.aws_db_instance.x would be destroyed with its data",
	}} with input as planned("aws_db_instance", ["delete"], {}, null)
	every actions in [["delete", "create"], ["create", "delete"]] {
		said(terraform.hold, "module.m.aws_s3_bucket.x would be replaced with its data") with input as planned("aws_s3_bucket", actions, {}, {})
	}
	every actions in [["create"], ["update"], ["no-op"], ["read"]] {
		count(terraform.hold) == 0 with input as planned("aws_db_instance", actions, {}, {})
	}
}

test_stateful if {
	every type in [
		"aws_db_instance", "aws_rds_cluster", "aws_s3_bucket", "aws_ebs_volume", "aws_kms_key", "aws_route53_zone", "aws_dynamodb_table",
		"aws_efs_file_system", "aws_elasticache_replication_group", "aws_opensearch_domain", "aws_ecr_repository", "aws_backup_vault",
		"google_sql_database_instance", "google_storage_bucket", "google_kms_crypto_key", "google_dns_managed_zone", "google_compute_disk",
		"google_bigquery_dataset", "google_spanner_instance", "google_redis_instance", "azurerm_storage_account", "azurerm_managed_disk",
		"azurerm_mssql_server", "azurerm_postgresql_flexible_server", "azurerm_key_vault", "azurerm_dns_zone", "azurerm_resource_group",
		"azurerm_cosmosdb_account", "kubernetes_persistent_volume_claim", "hcloud_volume", "digitalocean_database_cluster", "github_repository",
	] {
		count(terraform.hold) == 1 with input as planned(type, ["delete"], {}, null)
	}
	every type in [
		"aws_instance", "aws_route_table", "aws_s3_bucket_policy", "aws_volume_attachment", "aws_route53_record", "aws_iam_role", "aws_db_subnet_group",
		"google_compute_instance", "google_storage_bucket_iam_member", "azurerm_virtual_machine", "null_resource", "aws_iam_access_key",
	] {
		count(terraform.hold) == 0 with input as planned(type, ["delete"], {}, null)
	}
}

test_protection_removed if {
	every name in ["deletion_protection", "deletion_protection_enabled", "enable_deletion_protection", "purge_protection_enabled"] {
		terraform.hold == {{
			"path": "plan.json", "document": 0, "pointer": sprintf("/resource_changes/0/change/after/%s", [name]), "message": sprintf("module.m.x.x loses %s", [name]),
		}} with input as planned("x", ["update"], {name: true}, {name: false})
		count(terraform.hold) == 1 with input as planned("x", ["update"], {name: true}, {})
		count(terraform.hold) == 0 with input as planned("x", ["update"], {name: true}, {name: true})
		count(terraform.hold) == 0 with input as planned("x", ["update"], {name: false}, {name: false})
		count(terraform.hold) == 0 with input as planned("x", ["delete"], {name: true}, null)
	}
}

test_unprotected if {
	terraform.warn == {at("aws_s3_bucket", "", "is neither protected from deletion nor has prevent_destroy")} with input as one("aws_s3_bucket", {})
	count(terraform.warn) == 1 with input as one("google_sql_database_instance", {"deletion_protection": false, "lifecycle": [{"prevent_destroy": false}]})
	count(terraform.warn) == 0 with input as one("google_sql_database_instance", {"deletion_protection": true})
	count(terraform.warn) == 0 with input as one("google_sql_database_instance", {"deletion_protection": "${var.protected}"})
	count(terraform.warn) == 0 with input as one("aws_s3_bucket", {"lifecycle": [{"ignore_changes": []}, {"prevent_destroy": true}]})
	count(terraform.warn) == 0 with input as one("aws_s3_bucket", {"lifecycle": {"prevent_destroy": true}})
	count(terraform.warn) == 0 with input as one("aws_instance", {})
	count(terraform.warn) == 1 with input as one("aws_dynamodb_table", {"deletion_protection_enabled": "false"})
	count(terraform.warn) == 0 with input as planned("aws_s3_bucket", ["create"], null, {})
}

test_force_destroy if {
	every name in ["force_delete", "force_destroy", "skip_final_snapshot"] {
		terraform.warn == {at("x", sprintf("/%s", [name]), sprintf("has %s, so nothing is left of it", [name]))} with input as one("x", {name: true})
		count(terraform.warn) == 0 with input as one("x", {name: false})
	}
}

said(records, message) if {r.message | some r in records} == {message}

test_ingress_aws if {
	ssh := {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"]}
	terraform.deny == {at("aws_security_group", "/ingress/1", "lets the whole world reach port 22")} with input as one("aws_security_group", {"ingress": [{}, ssh]})
	terraform.deny == {at("aws_security_group_rule", "", "lets the whole world reach port 22")} with input as one("aws_security_group_rule", object.union(ssh, {"type": "ingress"}))
	count(terraform.deny) == 0 with input as one("aws_security_group_rule", object.union(ssh, {"type": "egress"}))
	count(terraform.deny) == 0 with input as one("other", object.union(ssh, {"ingress": [ssh], "type": "ingress"}))
	count(terraform.deny) == 0 with input as one("aws_security_group", {"ingress": [object.union(ssh, {"cidr_blocks": ["10.0.0.0/8"]})]})
	count(terraform.deny) == 1 with input as one("aws_security_group", {"ingress": [object.union(ssh, {"cidr_blocks": [], "ipv6_cidr_blocks": ["::/0"]})]})
	count(terraform.deny) == 1 with input as one("aws_vpc_security_group_ingress_rule", {"cidr_ipv4": "0.0.0.0/0", "ip_protocol": "tcp", "from_port": 22, "to_port": 22})
}

group(rule) := one("aws_security_group", {"ingress": [object.union({"cidr_blocks": ["0.0.0.0/0"]}, rule)]})

test_ports_aws if {
	every port in [80, 443] {
		count(terraform.deny) == 0 with input as group({"from_port": port, "to_port": port})
	}
	every protocol in ["icmp", "icmpv6", "1", 58] {
		count(terraform.deny) == 0 with input as group({"protocol": protocol, "from_port": 8, "to_port": 0})
	}
	said(terraform.deny, "aws_security_group.x lets the whole world reach ports 0 to 443") with input as group({"from_port": 0, "to_port": 443})
	said(terraform.deny, "aws_security_group.x lets the whole world reach every port") with input as group({"protocol": -1, "from_port": 0, "to_port": 0})
	count(terraform.deny) == 0 with input as group({"from_port": "${var.port}", "to_port": "${var.port}"})
	count(terraform.deny) == 0 with input as group({})
}

pointers(records) := {r.pointer | some r in records}

firewall(patch) := one("google_compute_firewall", object.union({"source_ranges": ["0.0.0.0/0"]}, patch))

test_ingress_google if {
	terraform.deny == {at("google_compute_firewall", "/allow/1", "lets the whole world reach 22")} with input as firewall({"allow": [{"protocol": "tcp", "ports": ["443"]}, {"protocol": "tcp", "ports": ["22"]}]})
	said(terraform.deny, "google_compute_firewall.x lets the whole world reach every port") with input as firewall({"allow": [{"protocol": "tcp"}]})
	count(terraform.deny) == 0 with input as firewall({"allow": [{"protocol": "icmp"}]})
	count(terraform.deny) == 0 with input as firewall({"direction": "EGRESS", "allow": [{"protocol": "all"}]})
	count(terraform.deny) == 0 with input as firewall({"source_ranges": ["10.0.0.0/8"], "allow": [{"protocol": "all"}]})
	count(terraform.deny) == 0 with input as one("other", {"source_ranges": ["0.0.0.0/0"], "allow": [{"protocol": "all"}]})
}

azure(patch) := one("azurerm_network_security_rule", object.union({"access": "Allow", "direction": "Inbound", "source_address_prefix": "*", "destination_port_range": "22"}, patch))

test_ingress_azure if {
	terraform.deny == {at("azurerm_network_security_rule", "", "lets the whole world reach 22")} with input as azure({})
	said(terraform.deny, "azurerm_network_security_rule.x lets the whole world reach every port") with input as azure({"destination_port_range": "*"})
	count(terraform.deny) == 1 with input as azure({"source_address_prefix": "", "source_address_prefixes": ["Internet"], "destination_port_ranges": ["443", "3389"]})
	count(terraform.deny) == 0 with input as azure({"access": "Deny"})
	count(terraform.deny) == 0 with input as azure({"protocol": "Icmp"})
	count(terraform.deny) == 0 with input as azure({"direction": "Outbound"})
	count(terraform.deny) == 0 with input as azure({"source_address_prefix": "10.0.0.0/8"})
	rule := {"access": "Allow", "direction": "Inbound", "source_address_prefix": "*", "destination_port_range": "22"}
	terraform.deny == {at("azurerm_network_security_group", "/security_rule/1", "lets the whole world reach 22")} with input as one("azurerm_network_security_group", {"security_rule": [{}, rule]})
	count(terraform.deny) == 0 with input as one("other", {"security_rule": [rule]})
}

test_public_storage if {
	terraform.deny == {at("aws_s3_bucket", "/acl", "is open to the world: acl is public-read")} with input as one("aws_s3_bucket", {"acl": "public-read", "lifecycle": []})
	count(terraform.deny) == 0 with input as one("aws_s3_bucket", {"acl": "private"})
	count(terraform.deny) == 0 with input as one("other", {"acl": "public-read"})
	count(terraform.deny) == 2 with input as one("aws_s3_bucket_public_access_block", {"block_public_acls": false, "block_public_policy": true, "restrict_public_buckets": true})
	count(terraform.deny) == 1 with input as one("azurerm_storage_container", {"container_access_type": "blob"})
	count(terraform.deny) == 1 with input as planned("aws_s3_bucket", ["create"], null, {"acl": "public-read"})
	count(terraform.deny) == 0 with input as planned("aws_s3_bucket", ["no-op"], {}, {"acl": "public-read"})
}

test_public_member if {
	terraform.deny == {at("google_storage_bucket_iam_member", "", "is given to allUsers")} with input as one("google_storage_bucket_iam_member", {"member": "allUsers"})
	said(terraform.deny, "google_x.x is given to allAuthenticatedUsers") with input as one("google_x", {"members": ["user:a@example.com", "allAuthenticatedUsers"]})
	said(terraform.deny, "google_x.x is given to allUsers") with input as one("google_x", {"role_entity": ["READER:allUsers"]})
	count(terraform.deny) == 1 with input as one("google_x", {"entity": "allUsers"})
	count(terraform.deny) == 0 with input as one("google_x", {"member": "user:a@example.com"})
	count(terraform.deny) == 0 with input as one("other", {"member": "allUsers"})
	count(terraform.deny) == 0 with input as one("google_x", {"member": 5})
}

test_public_database if {
	terraform.deny == {at("aws_db_instance", "/publicly_accessible", "can be reached from the internet")} with input as one("aws_db_instance", {"publicly_accessible": true, "storage_encrypted": true})
	count(terraform.deny) == 0 with input as one("aws_db_instance", {"publicly_accessible": false, "storage_encrypted": true})
	pointers(terraform.deny) == {"/resource/google_sql_database_instance/x/0/settings/0/ip_configuration/0/authorized_networks/1"} with input as one("google_sql_database_instance", {"settings": [{"ip_configuration": [{"authorized_networks": [{"value": "10.0.0.0/8"}, {"value": "0.0.0.0/0"}]}]}]})
	count(terraform.deny) == 0 with input as one("other", {"settings": [{"ip_configuration": [{"authorized_networks": [{"value": "0.0.0.0/0"}]}]}]})
	count(terraform.deny) == 1 with input as one("azurerm_mssql_firewall_rule", {"start_ip_address": "0.0.0.0", "end_ip_address": "255.255.255.255"})
	count(terraform.deny) == 0 with input as one("azurerm_mssql_firewall_rule", {"start_ip_address": "192.0.2.1", "end_ip_address": "255.255.255.255"})
	count(terraform.deny) == 0 with input as one("azurerm_mssql_firewall_rule", {"start_ip_address": "0.0.0.0", "end_ip_address": "0.0.0.0"})
	count(terraform.deny) == 0 with input as one("other", {"start_ip_address": "0.0.0.0", "end_ip_address": "255.255.255.255"})
}

test_unencrypted if {
	want := {at("aws_ebs_volume", "/encrypted", "is not encrypted: encrypted is not true")}
	every value in [{}, {"encrypted": false}, {"encrypted": null}, {"snapshot_id": null}] {
		terraform.deny == want with input as one("aws_ebs_volume", value)
	}
	every value in [{"encrypted": true}, {"encrypted": "${var.encrypted}"}, {"snapshot_id": "snap-1"}] {
		count(terraform.deny) == 0 with input as one("aws_ebs_volume", value)
	}
	count(terraform.deny) == 0 with input as one("other", {})
	unknown := [{"type": "aws_ebs_volume", "address": "x", "change": {"actions": ["create"], "after": {}, "after_unknown": {"encrypted": true}}}]
	count(terraform.deny) == 0 with input as plan(unknown)
}

test_secret if {
	terraform.deny == {at("x", "/password", "has password as plain text")} with input as one("x", {"password": "hunter2"})
	count(terraform.deny) == 0 with input as one("x", {"password": "${var.password}"})
	count(terraform.deny) == 0 with input as one("x", {"user": "hunter2"})
	count(terraform.deny) == 0 with input as one("x", {"password": 5})
	count(terraform.deny) == 0 with input as planned("x", ["create"], null, {"password": "hunter2"})
}
