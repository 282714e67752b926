package adamant.base.secrets_test

import data.adamant.base.secrets

finding := {"rule": "secrets/aws-key", "message": "an AWS key", "path": "a.env", "line": 3, "suppress": "inSource", "state": "new"}

with_finding(agent, f) := {"change": agent, "files": [], "findings": [f]}

builder := {"agent": "builder"}

test_silenced if {
	want := {{"message": "a comment says that this is no secret: an AWS key", "path": "a.env", "line": 3}}
	secrets.hold == want with input as with_finding(builder, finding)
	secrets.hold == want with input as with_finding(builder, object.remove(finding, ["state"]))
}

test_not_silenced if {
	count(secrets.hold) == 0 with input as with_finding({}, finding)
	count(secrets.hold) == 0 with input as with_finding(builder, object.union(finding, {"state": "unchanged"}))
	count(secrets.hold) == 0 with input as with_finding(builder, object.union(finding, {"rule": "spelling/word"}))
	count(secrets.hold) == 0 with input as with_finding(builder, object.remove(finding, ["suppress"]))
}

file(path, status, class) := {"findings": [], "files": [{"path": path, "status": status, "class": class}]}

test_key_files if {
	every path in ["deploy/id_rsa", "id_ed25519", "c/server.P12", "a/my-private-key.pem", "k.kdbx"] {
		count(secrets.deny) == 1 with input as file(path, "added", "other")
	}
}

test_key_renamed if count(secrets.deny) == 1 with input as file("id_rsa", "renamed", "other")

test_no_key_files if {
	every path in ["server.crt", "id_rsa.pub", "keyboard.go", "cert.pem"] {
		count(secrets.deny) == 0 with input as file(path, "added", "other")
	}
}

test_key_modified if count(secrets.deny) == 0 with input as file("id_rsa", "modified", "other")

test_key_in_tests if {
	count(secrets.deny) == 0 with input as file("testdata/id_rsa", "added", "test")
	secrets.warn == {{"message": "testdata/id_rsa has the name of a private key", "path": "testdata/id_rsa"}} with input as file("testdata/id_rsa", "added", "test")
	count(secrets.warn) == 0 with input as file("testdata/a.txt", "added", "test")
	count(secrets.warn) == 0 with input as file("id_rsa", "added", "other")
}

test_env if {
	every path in [".env", "web/.env.production"] {
		count(secrets.warn) == 1 with input as file(path, "added", "config")
	}
	every path in [".env.example", "a.env.go", ".envrc"] {
		count(secrets.warn) == 0 with input as file(path, "added", "config")
	}
}
