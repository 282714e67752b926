package adamant.base.dockerfiles_test

import data.adamant.base.dockerfiles

digest := "debian:12@sha256:00"

i(cmd, stage, value) := {"cmd": cmd, "sub": "", "flags": [], "value": value, "stage": stage}

from(image) := i("from", 0, [image])

user(name) := i("user", 0, [name])

docker(instructions) := with_registries(instructions, [])

with_registries(instructions, registries) := {
	"byKind": {"dockerfile": [{"path": "Dockerfile", "index": 0, "value": instructions}]},
	"config": {"spec": {"policy": {"registries": registries}}},
}

at(n, message) := {"path": "Dockerfile", "document": 0, "pointer": sprintf("/%d", [n]), "message": message}

test_latest if {
	every image in ["debian", "debian:latest", "localhost:5000/debian"] {
		dockerfiles.deny == {at(0, sprintf("%s is another image tomorrow", [image]))} with input as docker([from(image), user("1")])
	}
	count(dockerfiles.deny) == 0 with input as docker([from("debian:12"), user("1")])
	count(dockerfiles.deny) == 0 with input as docker([from("debian@sha256:00"), user("1")])
}

test_digest if {
	dockerfiles.warn == {at(0, "debian:12 can be moved to another image")} with input as docker([from("debian:12"), user("1")])
	count(dockerfiles.warn) == 0 with input as docker([from(digest), user("1")])
	count(dockerfiles.warn) == 0 with input as docker([from("debian"), user("1")])
}

test_stages if {
	count(dockerfiles.deny) == 0 with input as docker([i("from", 0, [digest, "AS", "Build"]), i("from", 1, ["build"]), i("from", 2, ["scratch"]), i("user", 2, ["1"])])
}

test_variables if {
	dockerfiles.deny == {at(1, "debian:latest is another image tomorrow")} with input as docker([i("arg", -1, ["BASE=debian:latest"]), from("${BASE}"), user("1")])
	count(dockerfiles.deny) == 0 with input as docker([i("arg", -1, ["BASE"]), from("$BASE"), user("1")])
	count(dockerfiles.deny) == 0 with input as docker([i("arg", -1, ["BASE=debian"]), from("$OTHER"), user("1")])
	count(dockerfiles.deny) == 0 with input as docker([i("arg", -1, ["BASE=$X"]), from("$BASE"), user("1")])
	count(dockerfiles.deny) == 0 with input as docker([from("$BASE"), i("arg", 0, ["BASE=debian"]), user("1")])
	count(dockerfiles.deny) == 0 with input as docker([i("env", -1, ["BASE=debian"]), from("$BASE"), user("1")])
}

test_registry if {
	dockerfiles.deny == {at(0, "debian:12@sha256:00 comes from a registry that is not allowed")} with input as with_registries([from(digest), user("1")], ["registry.example.com"])
	count(dockerfiles.deny) == 0 with input as with_registries([from("registry.example.com/x:1"), user("1")], ["registry.example.com/"])
	count(dockerfiles.deny) == 1 with input as with_registries([from("registry.example.com.evil.net/x:1"), user("1")], ["registry.example.com"])
	count(dockerfiles.deny) == 0 with input as {"byKind": {"dockerfile": [{"path": "Dockerfile", "index": 0, "value": [from(digest), user("1")]}]}}
}

test_root if {
	every name in ["root", "0", "root:root", "0:0"] {
		dockerfiles.deny == {at(2, "the container runs as root")} with input as docker([from(digest), user("1"), user(name)])
	}
	count(dockerfiles.deny) == 0 with input as docker([from(digest), user("root"), user("app")])
	count(dockerfiles.deny) == 0 with input as docker([from(digest), user("root"), i("from", 1, [digest]), i("user", 1, ["1000"])])
	count(dockerfiles.deny) == 0 with input as docker([from(digest), user("rootless")])
}

test_no_user if {
	dockerfiles.warn == {at(0, "no USER in the last stage")} with input as docker([from(digest), user("1"), i("from", 1, [digest])])
	count(dockerfiles.warn) == 0 with input as docker([from(digest), user("1")])
	count(dockerfiles.warn) == 0 with input as docker([])
}

test_add if {
	every source in ["https://example.com/x", "http://example.com/x", "git@example.com:a/b"] {
		dockerfiles.deny == {at(1, sprintf("%s is downloaded and not verified", [source]))} with input as docker([from(digest), i("add", 0, [source, "/x"]), user("1")])
	}
	count(dockerfiles.deny) == 1 with input as docker([from(digest), object.union(i("onbuild", 0, ["https://example.com/x", "/x"]), {"sub": "add"}), user("1")])
	count(dockerfiles.deny) == 0 with input as docker([from(digest), object.union(i("add", 0, ["https://example.com/x", "/x"]), {"flags": ["--checksum=sha256:00"]}), user("1")])
	count(dockerfiles.deny) == 0 with input as docker([from(digest), i("add", 0, ["x", "/x"]), user("1")])
	count(dockerfiles.deny) == 0 with input as docker([from(digest), i("copy", 0, ["https://example.com/x", "/x"]), user("1")])
}

test_curl_sh if {
	every command in ["curl -fsSL https://x | sh", "wget -qO- https://x | sudo -E bash -", "curl x | /bin/bash", "bash -c \"$(curl -fsSL x)\"", "bash <(curl x)"] {
		dockerfiles.deny == {at(1, "a download is piped into a shell")} with input as docker([from(digest), i("run", 0, [command]), user("1")])
	}
	count(dockerfiles.deny) == 1 with input as docker([from(digest), i("run", 0, ["<<EOF", "curl x | sh\n"]), user("1")])
	every command in ["curl -o a x && sh a", "echo curl; x | sh", "curl x | tar xz", "curl x | shasum"] {
		count(dockerfiles.deny) == 0 with input as docker([from(digest), i("run", 0, [command]), user("1")])
	}
	count(dockerfiles.deny) == 0 with input as docker([from(digest), i("cmd", 0, ["curl x | sh"]), user("1")])
}

test_secret if {
	every pair in ["DB_PASSWORD=x", "api_key=x", "TOKEN=x"] {
		dockerfiles.deny == {at(1, sprintf("%s looks like a secret with a value", [split(pair, "=")[0]]))} with input as docker([from(digest), i("env", 0, [pair]), user("1")])
		count(dockerfiles.deny) == 1 with input as docker([from(digest), i("arg", 0, [pair]), user("1")])
	}
	every pair in ["DB_PASSWORD=", "DB_PASSWORD", "TOKEN=$TOKEN", "TOKEN=/run/secrets/token", "TOKENIZER=x"] {
		count(dockerfiles.deny) == 0 with input as docker([from(digest), i("env", 0, [pair]), user("1")])
	}
	count(dockerfiles.deny) == 0 with input as docker([from(digest), i("label", 0, ["TOKEN=x"]), user("1")])
}

step(cmd, value) := docker([from(digest), user("1"), i(cmd, 0, value)])

commit := "8f4b7f84864484a7bf31766abe9204da3cbe65b3"

test_add_git if {
	every source in ["https://example.com/tool.git#v1.2.3", "git@example.com:a/tool.git#main:sub", "https://example.com/tool.git?ref=v1&keep-git-dir=1"] {
		dockerfiles.warn == {at(2, sprintf("%s can be moved to another commit", [source]))} with input as step("add", [source, "/src"])
		count(dockerfiles.deny) == 0 with input as step("add", [source, "/src"])
		count(dockerfiles.warn) == 0 with input as step("copy", [source, "/src"])
	}
	every ref in [commit, sprintf("%s:sub", [commit]), "${VERSION}", "$VERSION"] {
		count(dockerfiles.warn) == 0 with input as step("add", [sprintf("https://example.com/tool.git#%s", [ref]), "/src"])
	}
	count(dockerfiles.deny) == 1 with input as step("add", ["https://example.com/tool.git", "/src"])
	count(dockerfiles.deny) == 1 with input as step("add", ["https://example.com/tool.tgz?ref=v1", "/src"])
}

test_copy_secret if {
	every source in [".env", "app/.env.production", ".npmrc", "x/.netrc", ".aws/credentials", ".ssh/", "id_rsa", "certs/server.key", "a.p12", "terraform.tfstate", "credentials.json"] {
		dockerfiles.deny == {at(2, sprintf("%s holds secrets and is copied into the image", [source]))} with input as step("copy", ["x", source, "/app/"])
		count(dockerfiles.deny) == 1 with input as step("add", [source, "/app/"])
		count(dockerfiles.deny) == 0 with input as step("run", [source, "/app/"])
		count(dockerfiles.deny) == 0 with input as step("copy", ["config", source])
	}
	every source in [".env.example", "package.json", "ca.pem", "environment", "src/keys.go", "monkey", "release-gpg.key"] {
		count(dockerfiles.deny) == 0 with input as step("copy", [source, "/app/"])
	}
	count(dockerfiles.deny) == 0 with input as docker([from(digest), user("1"), object.union(i("copy", 0, [".env", "/app/"]), {"flags": ["--from=build"]})])
}

test_add_key if count([r | some r in dockerfiles.deny; contains(r.message, "holds secrets")]) == 0 with input as step("add", ["https://example.com/server.key", "/etc/"])

test_sudo if {
	every script in ["sudo apt-get update", "apt-get update && sudo make install", "(sudo x)"] {
		dockerfiles.warn == {at(2, "a build step uses sudo")} with input as step("run", [script])
	}
	every script in ["apt-get install -y sudo", "echo visudo x"] {
		count(dockerfiles.warn) == 0 with input as step("run", [script])
	}
	count(dockerfiles.warn) == 0 with input as step("cmd", ["sudo x"])
}
