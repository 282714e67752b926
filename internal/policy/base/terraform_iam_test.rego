package adamant.base.iam_test

import data.adamant.base.iam

source(value) := {"byKind": {"terraform": [{"path": "main.tf", "index": 0, "kind": "terraform", "value": value}], "terraform-plan": []}}

one(type, value) := source({"resource": {type: {"x": [value]}}})

document(statement) := source({"data": {"aws_iam_policy_document": {"x": [{"statement": [statement]}]}}})

at(pointer, message) := {"path": "main.tf", "document": 0, "pointer": pointer, "message": message}

in_document(message) := at("/data/aws_iam_policy_document/x/0/statement/0", sprintf("data.aws_iam_policy_document.x %s", [message]))

in_policy(message) := at("/resource/aws_iam_policy/x/0/policy", sprintf("aws_iam_policy.x %s", [message]))

test_wildcard if {
	every action in ["*", "*:*"] {
		iam.deny == {in_document("allows every action")} with input as document({"actions": ["a:B", action], "resources": ["r"]})
	}
	count(iam.deny) == 0 with input as document({"effect": "Deny", "actions": ["*"]})
	count(iam.deny) == 0 with input as document({"actions": ["s3:*"]})
	iam.deny == {at("/resource/azurerm_role_definition/x/0/permissions/0", "azurerm_role_definition.x allows every action")} with input as one("azurerm_role_definition", {"permissions": [{"actions": ["*"]}]})
	count(iam.deny) == 0 with input as one("other", {"permissions": [{"actions": ["*"]}]})
}

policy(statement) := one("aws_iam_policy", {"policy": json.marshal({"Statement": statement})})

test_json if {
	every action in ["*", ["s3:Get", "*"]] {
		iam.deny == {in_policy("allows every action")} with input as policy([{"Effect": "Allow", "Action": action, "Resource": "r"}])
	}
	count(iam.deny) == 1 with input as policy({"Effect": "Allow", "Action": "*"})
	count(iam.deny) == 0 with input as policy([{"Effect": "Deny", "Action": "*"}, "x"])
	count(iam.deny) == 0 with input as one("x", {"policy": "[]"})
	planned := {"path": "p.json", "index": 0, "value": {"resource_changes": [{
		"type": "aws_iam_role", "address": "a.b",
		"change": {"actions": ["update"], "after": {"inline_policy": [{"policy": json.marshal({"Statement": [{"Effect": "Allow", "Action": "*"}]})}]}},
	}]}}
	iam.deny == {{
		"path": "p.json", "document": 0, "pointer": "/resource_changes/0/change/after/inline_policy/0/policy", "message": "a.b allows every action",
	}} with input as {"byKind": {"terraform": [], "terraform-plan": [planned]}}
}

test_expression if {
	every text in [
		"${jsonencode({ Statement = [{ Effect = \"Allow\", Action = \"*\", Resource = \"${aws_s3_bucket.x.arn}/*\" }] })}",
		"${jsonencode({\n Version = \"2012-10-17\"\n Statement = [{\n Action = [\n \"s3:Get\",\n \"*\",\n ]\n Effect = \"Allow\"\n Condition = { StringEquals = { \"a:b\" = \"c\" } }\n }] })}",
		"{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"*\"], \"Resource\": \"${var.arn}\"}],}",
	] {
		iam.deny == {in_policy("allows every action")} with input as one("aws_iam_policy", {"policy": text})
	}
	every text in [
		"${jsonencode({ Statement = [{ Effect = \"Deny\", Action = \"*\" }, { Effect = \"Allow\", Action = \"s3:GetObject\", Resource = \"*\" }] })}",
		"${data.aws_iam_policy_document.x.json}", "${file(\"policy.json\")}", "",
	] {
		count(iam.deny) == 0 with input as one("aws_iam_policy", {"policy": text})
	}
	count(iam.deny) == 0 with input as one("x", {"policy": 5})
}

test_broad if {
	iam.warn == {in_document("allows every action of a service: s3:*")} with input as document({"actions": ["s3:GetObject", "s3:*"], "resources": ["r"]})
	iam.warn == {in_document("allows changes of every resource")} with input as document({"actions": ["ec2:DescribeVpcs", "ec2:TerminateInstances"], "resources": ["*"]})
	count(iam.warn) == 0 with input as document({"actions": ["ec2:DescribeVpcs", "ec2:GetX"], "resources": ["*"]})
	count(iam.warn) == 0 with input as document({"actions": ["ec2:TerminateInstances"], "resources": ["*"], "condition": [{}]})
	count(iam.warn) == 0 with input as document({"actions": ["ec2:TerminateInstances"], "resources": ["r"]})
	count(iam.warn) == 0 with input as document({"effect": "Deny", "actions": ["s3:*"]})
	count(iam.warn) == 0 with input as document({"actions": ["s3:PutObject"], "resources": ["*"], "principals": [{"identifiers": ["x"]}]})
	count(iam.warn) == 0 with input as document({"actions": ["*"], "resources": ["*"]})
	count(iam.warn) == 0 with input as one("aws_kms_key", {"policy": json.marshal({"Statement": [{"Effect": "Allow", "Action": "kms:*"}]})})
}

test_public if {
	every principal in ["*", {"AWS": "*"}, {"AWS": ["a", "*"]}] {
		iam.deny == {in_policy("lets everybody in")} with input as policy([{"Effect": "Allow", "Action": "s3:GetObject", "Principal": principal}])
	}
	count(iam.deny) == 0 with input as policy([{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}])
	count(iam.deny) == 0 with input as policy([{"Effect": "Deny", "Principal": "*"}])
	count(iam.deny) == 0 with input as policy([{"Effect": "Allow", "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}])
	count(iam.deny) == 0 with input as one("aws_vpc_endpoint_policy", {"policy": json.marshal({"Statement": [{"Effect": "Allow", "Principal": "*"}]})})
	iam.deny == {in_document("lets everybody in")} with input as document({"actions": ["s3:GetObject"], "principals": [{"type": "*", "identifiers": ["*"]}]})
	every principal in ["\"*\"", "{ AWS = \"*\" }", "{ \"AWS\": [\"a\", \"*\"] }"] {
		count(iam.deny) == 1 with input as one("aws_s3_bucket_policy", {"policy": sprintf("${jsonencode({ Statement = [{ Effect = \"Allow\", Principal = %s, Action = \"s3:GetObject\" }] })}", [principal])})
	}
	count(iam.deny) == 0 with input as one("aws_iam_role", {"assume_role_policy": "${jsonencode({ Statement = [{ Effect = \"Allow\", Principal = { Service = \"ec2.amazonaws.com\" }, Action = \"sts:AssumeRole\" }] })}"})
}

test_admin if {
	iam.hold == {at("/resource/aws_iam_role_policy_attachment/x/0/policy_arn", "aws_iam_role_policy_attachment.x hands out arn:aws:iam::aws:policy/AdministratorAccess")} with input as one("aws_iam_role_policy_attachment", {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"})
	every name, value in {"role": "roles/owner", "role_definition_name": "Owner", "managed_policy_arns": ["x", "arn:aws:iam::aws:policy/IAMFullAccess"]} {
		count(iam.hold) == 1 with input as one("x", {name: value})
	}
	every value in ["roles/viewer", "arn:aws:iam::aws:policy/ReadOnlyAccess", "Reader"] {
		count(iam.hold) == 0 with input as one("x", {"role": value})
	}
}
