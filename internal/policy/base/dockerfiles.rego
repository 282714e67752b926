# METADATA
# title: Dockerfiles
package adamant.base.dockerfiles

import data.adamant.lib.image
import data.adamant.lib.secret
import data.adamant.lib.shell

# METADATA
# title: A base image can change under you
# description: FROM without a tag, or with latest, builds something else tomorrow than today.
# custom:
#   id: containers/base-image-latest
#   severity: error
#   fix: "name a version and its digest: FROM debian:12.8@sha256:..."
#   failing: "FROM debian"
#   passing: "FROM debian:12.8@sha256:..."
deny contains place(doc, i, sprintf("%s is another image tomorrow", [name])) if {
	some [doc, i, name] in base_images
	image.mutable(name)
}

# METADATA
# title: A base image is not pinned by digest
# description: A tag can be moved to another image; a digest cannot.
# custom:
#   id: containers/base-image-digest
#   severity: warning
#   fix: "add the digest: docker buildx imagetools inspect IMAGE shows it"
#   failing: "FROM debian:12.8"
#   passing: "FROM debian:12.8@sha256:..."
warn contains place(doc, i, sprintf("%s can be moved to another image", [name])) if {
	some [doc, i, name] in base_images
	not image.mutable(name)
	not image.digest(name)
}

# METADATA
# title: A base image comes from a registry you did not allow
# description: spec.policy.registries in adamant.yaml lists where images may come from.
# custom:
#   id: containers/base-image-registry
#   severity: error
#   fix: use an image of an allowed registry, or add the registry to spec.policy.registries
#   failing: "FROM example.net/x:1 with registries [registry.example.com]"
#   passing: "FROM registry.example.com/x:1"
deny contains place(doc, i, sprintf("%s comes from a registry that is not allowed", [name])) if {
	some [doc, i, name] in base_images
	not image.allowed(name)
}

# METADATA
# title: The container runs as root
# description: The last USER is root. Whoever breaks out of the program owns the container, and a kernel bug away, the machine.
# custom:
#   id: containers/root
#   severity: error
#   fix: "end with USER and an unprivileged id, for example USER 65532"
#   failing: "USER root as the last USER"
#   passing: "USER 65532"
deny contains place(doc, i, "the container runs as root") if {
	some doc in input.byKind.dockerfile
	i := last_user(doc)
	regex.match(`^(root|0+)(:|$)`, doc.value[i].value[0])
}

# METADATA
# title: The Dockerfile does not say who runs it
# description: Without USER the base image decides, and most of them say root.
# custom:
#   id: containers/user-missing
#   severity: warning
#   fix: "end with USER and an unprivileged id, for example USER 65532"
#   failing: "a last stage without USER"
#   passing: "USER 65532"
warn contains place(doc, 0, "no USER in the last stage") if {
	some doc in input.byKind.dockerfile
	not last_user(doc)
	count(doc.value) > 0
}

# METADATA
# title: ADD downloads something unverified
# description: ADD of a URL takes whatever the server sends that day.
# custom:
#   id: containers/add-remote
#   severity: error
#   fix: "give ADD a checksum: ADD --checksum=sha256:... URL PATH"
#   failing: "ADD https://example.com/tool.tgz /opt/"
#   passing: "ADD --checksum=sha256:24454f8... https://example.com/tool.tgz /opt/"
deny contains place(doc, i, sprintf("%s is downloaded and not verified", [source])) if {
	some doc in input.byKind.dockerfile
	some i, instruction in doc.value
	"add" in {instruction.cmd, instruction.sub}
	some source in instruction.value
	regex.match(`^(https?|ftp|git)://|^git@`, source)
	not git_ref(source)
	count([f | some f in instruction.flags; startswith(f, "--checksum=")]) == 0
}

# METADATA
# title: ADD takes a tag or branch that can be moved
# description: The tag or branch of somebody else's repository may be another commit tomorrow.
# custom:
#   id: containers/add-git
#   severity: warning
#   fix: name the commit
#   failing: "ADD https://example.com/tool.git#v1.2.3 /src"
#   passing: "ADD https://example.com/tool.git#8f4b7f84864484a7bf31766abe9204da3cbe65b3 /src"
warn contains place(doc, i, sprintf("%s can be moved to another commit", [source])) if {
	some doc in input.byKind.dockerfile
	some i, instruction in doc.value
	"add" in {instruction.cmd, instruction.sub}
	some source in instruction.value
	ref := git_ref(source)
	not regex.match(`^[0-9a-f]{40}([0-9a-f]{24})?$`, ref)
	not startswith(ref, "$")
}

# METADATA
# title: A secret is copied into the image
# description: Everybody who can pull the image can read the file, from a layer below too when a later step deletes it.
# custom:
#   id: containers/copy-secret
#   severity: error
#   fix: "mount it while building: RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci"
#   failing: "COPY .npmrc /root/.npmrc"
#   passing: "COPY package.json package-lock.json ./"
deny contains place(doc, i, sprintf("%s holds secrets and is copied into the image", [source])) if {
	some doc in input.byKind.dockerfile
	some i, instruction in doc.value
	count({"add", "copy"} & {instruction.cmd, instruction.sub}) > 0
	count([f | some f in instruction.flags; startswith(f, "--from=")]) == 0
	some n, source in instruction.value
	n < count(instruction.value) - 1
	regex.match(
		`(^|/)(\.env(\.(local|production|prod))?|\.npmrc|\.netrc|\.pypirc|\.pgpass|\.git-credentials|\.aws(/credentials)?/?|\.ssh/?|\.kube/config|kubeconfig|id_(rsa|dsa|ecdsa|ed25519)|credentials\.json|(ca|client|priv(ate|key)|server|ssl|tls)[^/]*\.key|[^/]*\.(p12|pfx|jks|keystore|tfstate))$`,
		source,
	)
	not contains(source, "://")
}

# METADATA
# title: A build step uses sudo
# description: Steps are root already unless USER says otherwise; sudo in an image is a way back to root for whoever breaks in.
# custom:
#   id: containers/sudo
#   severity: warning
#   fix: do root's work before USER, and leave sudo out of the image
#   failing: "RUN sudo apt-get update"
#   passing: "RUN apt-get update"
warn contains place(doc, i, "a build step uses sudo") if {
	some doc in input.byKind.dockerfile
	some i, instruction in doc.value
	"run" in {instruction.cmd, instruction.sub}
	regex.match(`(^|[;&|(\n]\s*)sudo\s`, concat(" ", instruction.value))
}

# METADATA
# title: A download is run unseen
# description: curl | sh runs whatever the server sends that day, as root, while your image is built.
# custom:
#   id: containers/curl-sh
#   severity: error
#   fix: download a fixed version, compare its checksum, then run it
#   failing: "RUN curl -fsSL https://example.com/install.sh | sh"
#   passing: "RUN curl -fsSLO https://example.com/install-1.2.sh && sha256sum -c sums && sh install-1.2.sh"
deny contains place(doc, i, "a download is piped into a shell") if {
	some doc in input.byKind.dockerfile
	some i, instruction in doc.value
	"run" in {instruction.cmd, instruction.sub}
	shell.runs_download(concat(" ", instruction.value))
}

# METADATA
# title: A secret is baked into the image
# description: Values of ENV and ARG stay readable in the image's history for everybody who can pull it.
# custom:
#   id: containers/secret-env
#   severity: error
#   fix: "use RUN --mount=type=secret while building and the environment while running"
#   failing: "ENV DB_PASSWORD=hunter2"
#   passing: "RUN --mount=type=secret,id=db ./migrate"
deny contains place(doc, i, sprintf("%s looks like a secret with a value", [name])) if {
	some doc in input.byKind.dockerfile
	some i, instruction in doc.value
	count({"env", "arg"} & {instruction.cmd, instruction.sub}) > 0
	some pair in instruction.value
	[name, value] := cut(pair)
	secret.named(name)
	secret.literal(value)
}

# base_images are the images that stages start from, other stages and scratch left out: [doc, index, name].
base_images := [[doc, i, name] |
	some doc in input.byKind.dockerfile
	stages := {lower(instruction.value[2]) | some instruction in doc.value; instruction.cmd == "from"; lower(instruction.value[1]) == "as"}
	some i, instruction in doc.value
	instruction.cmd == "from"
	name := resolved(doc, instruction.value[0])
	not lower(name) in stages
	name != "scratch"
]

# resolved replaces an image name that is one variable by the variable's default. A name with variables left in it is not
# judged.
resolved(_, name) := name if not contains(name, "$")

resolved(doc, name) := value if {
	variable := regex.find_n(`^\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?$`, name, 1)[0]
	some instruction in doc.value
	instruction.cmd == "arg"
	instruction.stage == -1
	some pair in instruction.value
	[key, value] := cut(pair)
	key == trim(variable, "${}")
	not contains(value, "$")
}

# git_ref is the tag, branch or commit that the address of a repository names.
git_ref(source) := substring(found, 1, -1) if {
	contains(source, ".git")
	found := regex.find_n(`[#=][^&:#=]+`, source, 1)[0]
}

cut(pair) := [substring(pair, 0, i), substring(pair, i + 1, -1)] if {
	i := indexof(pair, "=")
	i >= 0
}

# last_user is the index of the USER that counts: the last one of the last stage.
last_user(doc) := max(users) if {
	last := max([instruction.stage | some instruction in doc.value])
	users := [i | some i, instruction in doc.value; instruction.cmd == "user"; instruction.stage == last]
}

place(doc, i, message) := {"path": doc.path, "document": doc.index, "pointer": sprintf("/%d", [i]), "message": message}
