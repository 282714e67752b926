# METADATA
# title: Secrets stay out of the repository
package adamant.base.secrets

# METADATA
# title: An agent waved a secret through
# description: >-
#   The secrets check found something in a changed file, and a comment beside it says that it is none. The comment is the
#   agent's word; look at the value yourself. (Secrets without such a comment are refused by the check itself.)
# custom:
#   id: secrets/silenced
#   severity: warning
#   fix: read the value from the environment, or approve the change if it really is none
#   failing: "an agent adds a token with a comment that suppresses the finding"
#   passing: "the same line reads the token from the environment"
hold contains object.union(place, {"message": sprintf("a comment says that this is no secret: %s", [f.message])}) if {
	input.change.agent
	some f in input.findings
	startswith(f.rule, "secrets/")
	f.suppress
	object.get(f, "state", "new") == "new"
	place := object.filter(f, ["path", "line"])
}

# METADATA
# title: A key file was added
# description: Files of these names hold private keys. A key that was ever in git has to be replaced.
# custom:
#   id: secrets/key-file
#   severity: error
#   fix: delete the file from the change and replace the key
#   failing: "a new file deploy/id_ed25519 or certs/server.p12"
#   passing: "a new file certs/server.crt"
deny contains {"message": sprintf("%s has the name of a private key", [f.path]), "path": f.path} if {
	some f in added
	f.class != "test"
	is_key(f.path)
}

# METADATA
# title: A key file was added to the tests
# description: Keys in test data are usually harmless, and scanners all over the world will report them.
# custom:
#   id: secrets/test-key-file
#   severity: warning
#   fix: make the key in the test itself
#   failing: "a new file testdata/id_rsa"
#   passing: "a test that makes its key when it runs"
warn contains {"message": sprintf("%s has the name of a private key", [f.path]), "path": f.path} if {
	some f in added
	f.class == "test"
	is_key(f.path)
}

# METADATA
# title: An environment file was added
# description: Files named .env hold the settings of one machine, passwords among them.
# custom:
#   id: secrets/env-file
#   severity: warning
#   fix: add the file to .gitignore and commit a .env.example without values
#   failing: "a new file .env.production"
#   passing: "a new file .env.example"
warn contains {"message": sprintf("%s is an environment file", [f.path]), "path": f.path} if {
	some f in added
	regex.match(`(^|/)\.env(\.[A-Za-z0-9_-]+)?$`, f.path)
	not regex.match(`\.(example|sample|template|dist|defaults?|schema)$`, f.path)
}

added := [f |
	some f in input.files
	f.status in {"added", "renamed"}
]

is_key(path) if regex.match(`(^|/)id_(rsa|dsa|ecdsa|ed25519)$|\.(p12|pfx|ppk|kdbx|jks|keystore)$|(^|/)[^/]*private[^/]*\.(pem|key)$`, lower(path))
