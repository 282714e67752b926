package adamant.base.secrets_test

import data.adamant.base.secrets

finding := {"rule": "secrets/aws-key", "message": "an AWS key", "path": "a.env", "line": 3, "fingerprint": "f", "fix": "revoke it", "state": "new"}

with_finding(patch) := {"files": [], "findings": [object.union(finding, patch)]}

test_found if {
	secrets.deny == {{"rule": "secrets/aws-key", "message": "an AWS key", "path": "a.env", "line": 3, "fingerprint": "f", "fix": "revoke it"}} with input as with_finding({})
}

test_found_without_state if {
	count(secrets.deny) == 1 with input as {"files": [], "findings": [object.remove(finding, ["state"])]}
}

test_found_before if count(secrets.deny) == 0 with input as with_finding({"state": "unchanged"})

test_other_rule if count(secrets.deny) == 0 with input as with_finding({"rule": "spelling/word"})

test_unread if count(secrets.deny) == 0 with input as with_finding({"rule": "secrets/unread"})

test_waived if count(secrets.deny) == 0 with input as with_finding({"waiver": "w-1"})

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
