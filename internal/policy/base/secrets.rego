# METADATA
# title: Secrets stay out of the repository
package adamant.base.secrets

# METADATA
# title: A secret is in the change
# description: >-
#   The secrets check found a password, token or key in a changed file. Git keeps it for ever, so it counts as stolen the
#   moment it is pushed.
# custom:
#   id: secrets/found
#   severity: error
#   fix: revoke the secret, take it out of the file and read it from the environment or a secret store
#   failing: "a finding of a secrets/* rule with state new"
#   passing: "the same line reads the value from the environment"
deny contains object.union(place, {"rule": f.rule, "message": f.message, "fingerprint": f.fingerprint}) if {
	some f in input.findings
	startswith(f.rule, "secrets/")
	object.get(f, "state", "new") == "new"
	not f.rule in {"secrets/unread"}
	not f.waiver
	place := object.filter(f, ["path", "line", "fix"])
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
