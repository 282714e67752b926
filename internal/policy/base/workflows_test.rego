package adamant.base.workflows_test

import data.adamant.base.workflows

sha := "8f4b7f84864484a7bf31766abe9204da3cbe65b3"

workflow(value) := {"byKind": {"github-workflow": [{"path": ".github/workflows/ci.yml", "index": 0, "value": object.union({"permissions": {"contents": "read"}}, value)}], "github-action": []}}

job(patch) := workflow({"on": "push", "jobs": {"a/b": patch}})

step(on, s) := workflow({"on": on, "jobs": {"build": {"steps": [s]}}})

at(pointer, message) := {"path": ".github/workflows/ci.yml", "document": 0, "pointer": pointer, "message": message}

test_write_all if {
	workflows.deny == {at("/permissions", "the token of this workflow may write everything")} with input as workflow({"permissions": "write-all"})
	workflows.deny == {at("/jobs/a~1b/permissions", "the token of this workflow may write everything")} with input as job({"permissions": "write-all"})
	count(workflows.deny) == 0 with input as workflow({"permissions": "read-all"})
	count(workflows.deny) == 0 with input as job({"permissions": {"contents": "write"}})
}

bare(value) := {"byKind": {"github-workflow": [{"path": ".github/workflows/ci.yml", "index": 0, "value": value}], "github-action": []}}

test_permissions if {
	workflows.warn == {at("/jobs", "neither the workflow nor every job has permissions")} with input as bare({"jobs": {"a": {}, "b": {"permissions": {}}}})
	count(workflows.warn) == 0 with input as bare({"permissions": {}, "jobs": {"a": {}}})
	count(workflows.warn) == 0 with input as bare({"jobs": {"a": {"permissions": {}}}})
}

test_unpinned if {
	every uses in ["someone/deploy@v2", "someone/deploy@main", "someone/deploy@8f4b7f8", "docker://alpine:3", "a/b/.github/workflows/x.yml@v1"] {
		workflows.deny == {at("/jobs/build/steps/0/uses", sprintf("%s can be moved to other code", [uses]))} with input as step("push", {"uses": uses})
	}
	workflows.deny == {at("/jobs/a~1b/uses", "a/b/.github/workflows/x.yml@v1 can be moved to other code")} with input as job({"uses": "a/b/.github/workflows/x.yml@v1"})
}

test_unpinned_in_action if {
	count(workflows.deny) == 1 with input as {"byKind": {"github-workflow": [], "github-action": [{"path": "action.yml", "index": 0, "value": {"runs": {"steps": [{"uses": "a/b@v1"}]}}}]}}
}

test_pinned if {
	every uses in [sprintf("someone/deploy@%s", [sha]), "./tools/deploy", "$/.github/actions/deploy", "docker://alpine@sha256:00"] {
		count(workflows.deny) == 0 with input as step("push", {"uses": uses})
		count(workflows.warn) == 0 with input as step("push", {"uses": uses})
	}
}

test_unpinned_github if {
	workflows.warn == {at("/jobs/build/steps/0/uses", "actions/checkout@v5 can be moved to other code")} with input as step("push", {"uses": "actions/checkout@v5"})
	count(workflows.deny) == 0 with input as step("push", {"uses": "github/codeql-action/init@v3"})
	count(workflows.warn) == 0 with input as step("push", {"uses": sprintf("actions/checkout@%s", [sha])})
	count(workflows.warn) == 0 with input as step("push", {"uses": "someone/deploy@v1"})
}

checkout(settings) := {"uses": sprintf("actions/checkout@%s", [sha]), "with": settings}

test_untrusted_checkout if {
	head := checkout({"ref": "${{ github.event.pull_request.head.sha }}"})
	every on in ["pull_request_target", ["push", "workflow_run"], {"issue_comment": {"types": ["created"]}}] {
		workflows.deny == {at("/jobs/build/steps/0", "code of a pull request is checked out where secrets are at hand")} with input as step(on, head)
	}
	count(workflows.deny) == 1 with input as step("pull_request_target", checkout({"repository": "${{ github.event.pull_request.head.repo.full_name }}"}))
	count(workflows.deny) == 1 with input as step("pull_request_target", checkout({"ref": "${{ github.head_ref }}"}))
}

test_trusted_checkout if {
	count(workflows.deny) == 0 with input as step("pull_request", checkout({"ref": "${{ github.event.pull_request.head.sha }}"}))
	count(workflows.deny) == 0 with input as step("pull_request_target", checkout({}))
	count(workflows.deny) == 0 with input as step("pull_request_target", checkout({"ref": "main"}))
	count(workflows.deny) == 0 with input as step("pull_request_target", {"uses": sprintf("a/checkout@%s", [sha]), "with": {"ref": "${{ github.head_ref }}"}})
}

test_injection if {
	every expression in [
		"${{ github.event.issue.title }}", "${{github.head_ref}}", "${{ github.event['pull_request']['body'] }}",
		"${{ format('{0}', github.event.comment.body) }}", "${{ github.event.commits[0].message }}",
		"${{ github.event.pull_request.head.ref }}", "${{ github.event.head_commit.author.email }}",
	] {
		workflows.deny == {at("/jobs/build/steps/0/run", sprintf("the script pastes in text that strangers write: %s", [expression]))} with input as step("push", {"run": sprintf("echo %s", [expression])})
		count(workflows.deny) == 1 with input as step("push", {"uses": "actions/github-script@v7", "with": {"script": sprintf("console.log(`%s`)", [expression])}})
	}
}

test_no_injection if {
	every expression in ["${{ github.event.pull_request.number }}", "${{ github.sha }}", "${{ github.event.pull_request.head.sha }}", "${{ secrets.BODY }}"] {
		count(workflows.deny) == 0 with input as step("push", {"run": sprintf("echo %s", [expression])})
	}
	count(workflows.deny) == 0 with input as step("push", {"env": {"T": "${{ github.event.issue.title }}"}, "run": "echo \"$T\""})
}

test_secrets_inherit if {
	uses := sprintf("a/b/.github/workflows/x.yml@%s", [sha])
	workflows.deny == {at("/jobs/a~1b/secrets", sprintf("%s gets every secret", [uses]))} with input as job({"uses": uses, "secrets": "inherit"})
	count(workflows.deny) == 0 with input as job({"uses": uses, "secrets": {"A": "b"}})
	count(workflows.warn) == 0 with input as job({"uses": uses, "secrets": "inherit"})
}

test_secrets_inherit_local if {
	workflows.warn == {at("/jobs/a~1b/secrets", "./x.yml gets every secret")} with input as job({"uses": "./x.yml", "secrets": "inherit"})
	count(workflows.deny) == 0 with input as job({"uses": "./x.yml", "secrets": "inherit"})
	count(workflows.warn) == 0 with input as job({"uses": "./x.yml", "secrets": {"A": "b"}})
}

runner(on, runs_on) := workflow({"on": on, "jobs": {"build": {"runs-on": runs_on}}})

test_self_hosted if {
	every runs_on in ["self-hosted", ["self-hosted", "linux"], {"labels": ["self-hosted"]}, {"labels": "self-hosted"}] {
		workflows.hold == {at("/jobs/build/runs-on", "pull requests run on a self-hosted runner")} with input as runner(["push", "pull_request"], runs_on)
	}
	count(workflows.hold) == 0 with input as runner("push", "self-hosted")
	count(workflows.hold) == 0 with input as runner("pull_request", "ubuntu-latest")
	count(workflows.hold) == 0 with input as runner("pull_request", {"group": "self-hosted"})
}

test_untrusted_script if {
	every script in [
		"gh pr checkout ${{ github.event.number }}", "make\ngit fetch origin pull/1/head", "git checkout ${{ github.event.pull_request.head.sha }}",
		"git checkout \"${{ github.head_ref }}\"",
	] {
		count([r | some r in workflows.deny; r.message == "code of a pull request is checked out where secrets are at hand"]) == 1 with input as step("pull_request_target", {"run": script})
		count([r | some r in workflows.deny; r.message == "code of a pull request is checked out where secrets are at hand"]) == 0 with input as step("pull_request", {"run": script})
	}
	count(workflows.deny) == 0 with input as step("pull_request_target", {"run": "git checkout main"})
}

test_all_secrets if {
	every patch in [{"run": "echo ${{ toJSON(secrets) }}"}, {"env": {"ALL": "${{ toJson( secrets ) }}"}}, {"uses": "./x", "with": {"a": "${{ format('{0}', toJSON(secrets)) }}"}}] {
		workflows.deny == {at("/jobs/build/steps/0", "a step gets every secret")} with input as step("push", patch)
	}
	count(workflows.deny) == 0 with input as step("push", {"env": {"A": "${{ secrets.A }}"}})
	count(workflows.deny) == 0 with input as step("push", {"name": "${{ toJSON(secrets) }}"})
}

test_unsecure_commands if {
	env := {"ACTIONS_ALLOW_UNSECURE_COMMANDS": true}
	workflows.deny == {at("/env", "commands are taken from what steps print")} with input as workflow({"env": env})
	workflows.deny == {at("/jobs/a~1b/env", "commands are taken from what steps print")} with input as job({"env": {"ACTIONS_ALLOW_UNSECURE_COMMANDS": "true"}})
	workflows.deny == {at("/jobs/build/steps/0/env", "commands are taken from what steps print")} with input as step("push", {"env": env})
	count(workflows.deny) == 0 with input as workflow({"env": {"ACTIONS_ALLOW_UNSECURE_COMMANDS": false}})
}

test_curl_sh if {
	workflows.warn == {at("/jobs/build/steps/0/run", "a download is piped into a shell")} with input as step("push", {"run": "curl -fsSL https://example.com/i.sh | bash"})
	count(workflows.warn) == 1 with input as step("push", {"run": "curl -fsSL \\\n https://example.com/i.sh | bash"})
	count(workflows.warn) == 0 with input as step("push", {"run": "curl -o x https://example.com\nbash x"})
}

test_image_latest if {
	every patch in [{"container": "node"}, {"container": {"image": "node:latest"}}, {"services": {"db": {"image": "redis"}}}] {
		records := workflows.warn with input as job(patch)
		{r.pointer | some r in records} == {"/jobs/a~1b"}
	}
	every patch in [{"container": "node:22"}, {"container": "${{ matrix.image }}"}, {"container": 5}, {"container": {"image": {}}}] {
		count(workflows.warn) == 0 with input as job(patch)
	}
}
