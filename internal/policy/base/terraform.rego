# METADATA
# title: Terraform source and plans
package adamant.base.terraform

import data.adamant.lib.secret
import data.adamant.lib.terraform

# METADATA
# title: A plan destroys data
# description: Databases, buckets, disks, keys and zones cannot be made again as they were. A replacement destroys the old one too.
# custom:
#   id: terraform/destroy
#   severity: warning
#   fix: take the deletion out of the plan (moved, import, ignore_changes), or approve the change yourself
#   failing: "resource_changes: [{type: aws_db_instance, change: {actions: [delete, create]}}]"
#   passing: "resource_changes: [{type: aws_db_instance, change: {actions: [update]}}]"
hold contains terraform.record(c, "/actions", sprintf("would be %s with its data", [deed(c.actions)])) if {
	some c in terraform.changes
	"delete" in c.actions
	stateful(c.type)
}

# METADATA
# title: A plan takes protection away
# description: Without deletion protection the next plan may destroy what this one only changes.
# custom:
#   id: terraform/protection-removed
#   severity: warning
#   fix: leave the protection on, or approve the change yourself
#   failing: "before: {deletion_protection: true}, after: {deletion_protection: false}"
#   passing: "after: {deletion_protection: true}"
hold contains terraform.record(c, sprintf("/after/%s", [name]), sprintf("loses %s", [name])) if {
	some c in terraform.changes
	is_object(c.change.after)
	some name in protections
	c.change.before[name] == true
	not c.after[name] == true
}

# METADATA
# title: Data can be destroyed by the next plan
# description: >-
#   Neither deletion protection nor prevent_destroy stands between this resource and a plan that replaces it. Taking
#   prevent_destroy out of a resource is reported as new.
# custom:
#   id: terraform/unprotected
#   severity: note
#   fix: "add lifecycle { prevent_destroy = true }, or deletion_protection = true where the resource knows it"
#   failing: "resource \"aws_db_instance\" \"main\" without either"
#   passing: "lifecycle { prevent_destroy = true }"
warn contains terraform.record(r, "", "is neither protected from deletion nor has prevent_destroy") if {
	some r in terraform.resources
	r.doc.kind == "terraform"
	precious(r.type)
	not protected(r.value)
}

# METADATA
# title: A resource is destroyed with all it holds
# description: force_destroy empties a bucket before it is deleted; skip_final_snapshot and zero windows keep no last copy.
# custom:
#   id: terraform/force-destroy
#   severity: warning
#   fix: take the line out
#   failing: "force_destroy = true"
#   passing: "no force_destroy"
warn contains terraform.record(r, sprintf("/%s", [name]), sprintf("has %s, so nothing is left of it", [name])) if {
	some r in terraform.resources
	some name in ["force_delete", "force_destroy", "skip_final_snapshot"]
	r.value[name] == true
}

# METADATA
# title: The world may connect
# description: >-
#   The rule lets every address in the world reach a port that is not for the public web. Remote shells, databases and
#   dashboards are found within minutes.
# custom:
#   id: terraform/open-ingress
#   severity: error
#   fix: name the addresses that need it, or go through a load balancer, a bastion or a VPN
#   failing: "ingress { from_port = 22, to_port = 22, cidr_blocks = [\"0.0.0.0/0\"] }"
#   passing: "ingress { from_port = 443, to_port = 443, cidr_blocks = [\"0.0.0.0/0\"] }"
deny contains terraform.record(r, at, sprintf("lets the whole world reach %s", [ports])) if {
	some [r, at, sources, list] in ingress
	some source in sources
	everywhere(source)
	some ports in list
	not public_port(ports)
}

# METADATA
# title: A store is open to the world
# description: Everybody may read what lies in it, and search engines do.
# custom:
#   id: terraform/public-storage
#   severity: error
#   fix: keep the store private and hand out signed addresses, or put a content network before it
#   failing: "acl = \"public-read\""
#   passing: "acl = \"private\""
deny contains terraform.record(r, sprintf("/%s", [name]), sprintf("is open to the world: %s is %v", [name, value])) if {
	some r in terraform.resources
	some name, values in public_settings[r.type]
	value := object.get(r.value, name, false)
	value in values
}

# METADATA
# title: Everybody is given a role
# description: allUsers is everybody in the world, allAuthenticatedUsers everybody with an account anywhere.
# custom:
#   id: terraform/public-member
#   severity: error
#   fix: name the accounts that need the role
#   failing: "member = \"allUsers\""
#   passing: "member = \"serviceAccount:web@project.iam.gserviceaccount.com\""
deny contains terraform.record(r, "", sprintf("is given to %s", [member])) if {
	some r in terraform.resources
	startswith(r.type, "google_")
	some name in ["member", "members", "entity", "role_entity"]
	some text in terraform.texts(r.value[name])
	some member in ["allUsers", "allAuthenticatedUsers"]
	endswith(text, member)
}

# METADATA
# title: A database can be reached from the internet
# description: A database with a public address is one password away from everybody.
# custom:
#   id: terraform/public-database
#   severity: error
#   fix: take the public address away and connect over the private network
#   failing: "publicly_accessible = true"
#   passing: "publicly_accessible = false"
deny contains terraform.record(r, at, "can be reached from the internet") if {
	some r in terraform.resources
	some at in exposed(r)
}

# METADATA
# title: Stored data is not encrypted
# description: Whoever gets the disk, a snapshot or a backup can read it, and most of these cannot be encrypted later.
# custom:
#   id: terraform/unencrypted
#   severity: error
#   fix: switch the encryption on
#   failing: "resource \"aws_ebs_volume\" \"data\" without encrypted = true"
#   passing: "encrypted = true"
deny contains terraform.record(r, sprintf("/%s", [name]), sprintf("is not encrypted: %s is not true", [name])) if {
	some r in terraform.resources
	name := encryption[r.type]
	object.get(r.value, name, false) in {false, null, "false"}
	not r.unknown[name]
	count({"snapshot_id", "snapshot_identifier", "replicate_source_db"} & object.keys(present(r.value))) == 0
}

# METADATA
# title: A secret stands in Terraform
# description: What stands in source is in git for ever, and in the state as well.
# custom:
#   id: terraform/secret
#   severity: error
#   fix: read it from a variable marked sensitive, or from a secret store
#   failing: "password = \"hunter2\""
#   passing: "password = var.password"
deny contains terraform.record(r, sprintf("/%s", [name]), sprintf("has %s as plain text", [name])) if {
	some r in terraform.resources
	r.doc.kind == "terraform"
	some name, value in r.value
	is_string(value)
	secret.named(name)
	secret.literal(value)
}

deed(actions) := "replaced" if {
	"create" in actions
} else := "destroyed"

# stateful is true for types whose resources hold what cannot be made again.
stateful(type) if {
	regex.match(
		concat("", [
			`_(bucket|database|volume|disk|snapshot|table|dataset|keyspace|vault|zone|secret|stream|queue|topic|repository|ledger|namespace|share`,
			`|file_system|user_pool|kms_key|crypto_key|key_ring|vault_key|storage_account|storage_container|eventhub|log_group|resource_group`,
			`|persistent_volume_claim|replication_group|certificate_authority|container_registry|cosmosdb_account|redis_cache`,
			`|(rds|rds_global|docdb|neptune|redshift|elasticache|memorydb|dax|msk|alloydb|database|hsm)_cluster|(search|opensearch|elasticsearch)_domain`,
			`|(db|database|redis|spanner|bigtable|filestore)_instance|(mssql|mysql|sql|postgresql|mariadb|flexible)_server)$`,
		]),
		type,
	)
	not endswith(type, "_route_table")
}

# precious are the types that a repository should never lose by accident.
precious(type) if type in {
	"aws_db_instance", "aws_rds_cluster", "aws_dynamodb_table", "aws_s3_bucket", "aws_kms_key", "aws_efs_file_system", "aws_redshift_cluster",
	"aws_route53_zone", "google_sql_database_instance", "google_storage_bucket", "google_kms_crypto_key", "google_spanner_instance",
	"google_bigtable_instance", "google_dns_managed_zone", "azurerm_mssql_database", "azurerm_postgresql_flexible_server",
	"azurerm_mysql_flexible_server", "azurerm_cosmosdb_account", "azurerm_storage_account", "azurerm_key_vault", "azurerm_dns_zone",
}

protections := ["deletion_protection", "deletion_protection_enabled", "enable_deletion_protection", "purge_protection_enabled"]

protected(value) if {
	some name in protections
	set(value[name])
}

protected(value) if {
	some block in terraform.blocks(value, "lifecycle")
	set(block.prevent_destroy)
}

# set is true for true and for an expression, which may be true.
set(value) if value == true

set(value) if {
	is_string(value)
	startswith(value, "${")
}

# ingress are all rules for incoming traffic: [resource, pointer, sources, ports].
ingress := array.concat(
	array.concat(
		[[r, sprintf("/ingress/%d", [i]), sources(block), [aws_ports(block)]] |
			some r in terraform.resources
			r.type in {"aws_default_security_group", "aws_security_group"}
			some i, block in terraform.blocks(r.value, "ingress")
		],
		[[r, "", sources(r.value), [aws_ports(r.value)]] |
			some r in terraform.resources
			incoming(r)
		],
	),
	array.concat(
		[[r, sprintf("/allow/%d", [i]), sources(r.value), google_ports(block)] |
			some r in terraform.resources
			r.type == "google_compute_firewall"
			object.get(r.value, "direction", "INGRESS") != "EGRESS"
			some i, block in terraform.blocks(r.value, "allow")
		],
		[[r, at, sources(block), terraform.texts(azure_ports(block))] |
			some r in terraform.resources
			some [at, block] in azure_rules(r)
			lower(sprintf("%v %v", [block.access, block.direction])) == "allow inbound"
			lower(sprintf("%v", [object.get(block, "protocol", "")])) != "icmp"
		],
	),
)

incoming(r) if r.type == "aws_vpc_security_group_ingress_rule"

incoming(r) if {
	r.type == "aws_security_group_rule"
	r.value.type == "ingress"
}

sources(block) := [text |
	some name in ["cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6", "source_ranges", "source_address_prefix", "source_address_prefixes"]
	some text in terraform.texts(block[name])
]

everywhere(source) if source in {"0.0.0.0/0", "::/0", "*", "0.0.0.0", "any", "internet", "Any", "Internet"}

# aws_ports is the range of a rule as a text; "" when it cannot be known.
aws_ports(block) := "every port" if {
	sprintf("%v", [object.get(block, "protocol", object.get(block, "ip_protocol", ""))]) in {"-1", "all"}
} else := "" if {
	sprintf("%v", [object.get(block, "protocol", object.get(block, "ip_protocol", ""))]) in {"icmp", "icmpv6", "1", "58"}
} else := range(block.from_port, block.to_port)

google_ports(block) := [port | some port in terraform.texts(block.ports)] if {
	some _ in block.ports
} else := ["every port"] if {
	block.protocol in {"all", "tcp", "udp"}
} else := []

azure_rules(r) := [["", r.value]] if {
	r.type == "azurerm_network_security_rule"
} else := [[sprintf("/security_rule/%d", [i]), block] | some i, block in terraform.blocks(r.value, "security_rule")] if {
	r.type == "azurerm_network_security_group"
} else := []

azure_ports(block) := block.destination_port_ranges if {
	some _ in block.destination_port_ranges
} else := "every port" if {
	block.destination_port_range == "*"
} else := block.destination_port_range

range(from, to) := sprintf("port %v", [from]) if {
	from == to
} else := sprintf("ports %v to %v", [from, to])

# public_port is true for the ports of the public web and for what is not known before it is planned.
public_port(ports) if ports in {"", "80", "443", "port 80", "port 443", "80-80", "443-443"}

public_port(ports) if contains(ports, "${")

public_settings := {
	"aws_s3_bucket": {"acl": {"public-read", "public-read-write", "authenticated-read"}},
	"aws_s3_bucket_acl": {"acl": {"public-read", "public-read-write", "authenticated-read"}},
	"aws_s3_bucket_public_access_block": {"block_public_acls": {false}, "block_public_policy": {false}, "ignore_public_acls": {false}, "restrict_public_buckets": {false}},
	"aws_s3_account_public_access_block": {"block_public_acls": {false}, "block_public_policy": {false}, "ignore_public_acls": {false}, "restrict_public_buckets": {false}},
	"azurerm_storage_account": {"allow_nested_items_to_be_public": {true}, "allow_blob_public_access": {true}},
	"azurerm_storage_container": {"container_access_type": {"blob", "container"}},
	"google_storage_bucket_acl": {"predefined_acl": {"publicRead", "publicReadWrite"}},
}

# exposed are the places of a database that open it to the internet.
exposed(r) := ["/publicly_accessible"] if {
	r.value.publicly_accessible == true
} else := [sprintf("/settings/0/ip_configuration/0/authorized_networks/%d", [i]) |
	some settings in terraform.blocks(r.value, "settings")
	some ip in terraform.blocks(settings, "ip_configuration")
	some i, network in terraform.blocks(ip, "authorized_networks")
	everywhere(network.value)
] if {
	r.type == "google_sql_database_instance"
} else := ["/end_ip_address"] if {
	endswith(r.type, "_firewall_rule")
	r.value.start_ip_address == "0.0.0.0"
	r.value.end_ip_address == "255.255.255.255"
} else := []

# encryption names the switch of types that are not encrypted unless it is on.
encryption := {
	"aws_db_instance": "storage_encrypted", "aws_rds_cluster": "storage_encrypted", "aws_docdb_cluster": "storage_encrypted", "aws_neptune_cluster": "storage_encrypted",
	"aws_ebs_volume": "encrypted", "aws_efs_file_system": "encrypted", "aws_redshift_cluster": "encrypted", "aws_fsx_openzfs_volume": "encrypted",
	"aws_elasticache_replication_group": "at_rest_encryption_enabled",
}

# present is an object without what is null, as plans write what is not set.
present(value) := {name: field | some name, field in value; field != null; field != ""}
