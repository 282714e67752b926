# METADATA
# title: Who may push and read what
# description: >
#   The door asks this package before it lets git read or write anything. Add rules to it in .adamant/policy/: another deny
#   refuses more, excuse takes a refusal back, read and hide change what a token sees. main, tags, refs/adamant/ and other
#   agents' branches stay closed whatever stands here. docs/formats/door.md
package adamant.door

decision := {"refuse": refusals, "read": visible}

refusals := [r | some r in deny; not excused(r)]

# In a rule of its own, so that a record without a rule is not lost but an error.
excused(r) if r.rule in excuse

visible := [p | some p in read; not p in hide]

# Ids of rules whose refusals are taken back, such as "door/secret".
excuse contains rule if some rule in []

# References the token would see and shall not.
hide contains pattern if some pattern in []

# Exact names, or beginnings that end with a slash.
read contains "refs/heads/main"

read contains sprintf("refs/heads/agents/%s/%s", [input.token.agent, input.token.task]) if input.token.agent != ""

read contains pattern if some pattern in roles[input.token.role].reads

# agent: the token belongs to an agent. writes: the token may be given the right to push.
roles := {
	"operator": {"writes": true, "reads": ["refs/heads/", "refs/tags/", "refs/adamant/"]},
	"person": {"writes": true, "reads": []},
	"worker": {"writes": false, "reads": ["refs/adamant/changes/"]},
	"coder": {"writes": true, "reads": []},
	"sre": {"writes": true, "reads": []},
	"reviewer": {"writes": false, "reads": []},
	"auditor": {"writes": false, "reads": []},
	"red-team": {"writes": false, "reads": []},
	"risk-scorer": {"writes": false, "reads": []},
}

# Who may push at all.

deny contains {
	"rule": "door/right", "ref": "",
	"message": "this token only reads",
	"fix": "ask the operator for one that writes: adamant token new --write",
} if {
	input.stage != "read"
	not input.token.write
}

deny contains {
	"rule": "door/right", "ref": "",
	"message": sprintf("role %s does not push", [input.token.role]),
	"fix": "",
} if {
	input.stage != "read"
	not roles[input.token.role].writes
}

# Who the agent is, by its persona at main.

deny contains {
	"rule": "door/right", "ref": "",
	"message": sprintf("main describes its agents, and %s is none of them", [input.token.agent]),
	"fix": sprintf("ask the operator to describe it: adamant agent new %s", [input.token.agent]),
} if {
	input.stage != "read"
	input.token.persona.declared
	not input.token.persona.known
}

deny contains {
	"rule": "door/right", "ref": "",
	"message": sprintf("agent %s is a %s by its persona, and this token says %s", [input.token.agent, input.token.persona.role, input.token.role]),
	"fix": "ask the operator for a token of that role",
} if {
	input.stage != "read"
	input.token.persona.declared
	input.token.persona.known
	input.token.persona.role != input.token.role
}

# Where to.

deny contains {
	"rule": "door/ref", "ref": c.ref,
	"message": sprintf("there is no branch %s to propose a change for", [c.target]),
	"fix": "push to refs/for/main",
} if {
	some c in input.commands
	c.class == "review"
	not c.targetExists
}

deny contains {
	"rule": "door/ref", "ref": c.ref,
	"message": "a change is proposed for a branch of the repository, not for an agent's",
	"fix": "push to refs/for/main",
} if {
	some c in input.commands
	c.class == "review"
	startswith(c.target, "agents/")
}

deny contains {
	"rule": "door/ref", "ref": c.ref,
	"message": "a change cannot be deleted by a push",
	"fix": "abandon it: adamant reject",
} if {
	some c in input.commands
	c.class == "review"
	c.kind == "delete"
}

deny contains {
	"rule": "door/right", "ref": c.ref,
	"message": sprintf("this branch belongs to agent %s", [c.agent]),
	"fix": "push to refs/for/main",
} if {
	some c in input.commands
	c.class == "branch"
	c.agent != input.token.agent
}

deny contains {
	"rule": "door/right", "ref": c.ref,
	"message": sprintf("this token serves task %s only", [input.token.task]),
	"fix": sprintf("push to refs/heads/agents/%s/%s", [input.token.agent, input.token.task]),
} if {
	some c in input.commands
	c.class == "branch"
	c.agent == input.token.agent
	input.token.task != ""
	c.task != input.token.task
}

# What it does to history.

deny contains {
	"rule": "door/history", "ref": c.ref,
	"message": "the push would rewrite the branch, and this token may not",
	"fix": "git pull --rebase and push again, or push under another name",
} if {
	some c in input.commands
	input.stage == "content"
	c.class == "branch"
	c.kind == "update"
	not c.fastForward
	not input.token.force
}

deny contains {
	"rule": "door/history", "ref": c.ref,
	"message": "the commits share no history with main",
	"fix": "start from main: git fetch, then git rebase --onto FETCH_HEAD",
} if {
	some c in input.commands
	input.stage == "content"
	c.unrelated
}

deny contains {
	"rule": "door/history", "ref": c.ref,
	"message": sprintf("%d of the commits are copies of commits of main with other names", [c.rewritten]),
	"fix": "git fetch, then git rebase origin/main",
} if {
	some c in input.commands
	input.stage == "content"
	c.rewritten > 0
}

deny contains {
	"rule": "door/history", "ref": c.ref,
	"message": sprintf("there is nothing to review: every commit is in %s", [c.target]),
	"fix": "commit something first",
} if {
	some c in input.commands
	input.stage == "content"
	c.class == "review"
	c.kind != "delete"
	c.commits == 0
}

# What is in it.

deny contains {
	"rule": "door/limit", "ref": "",
	"message": sprintf("%d new commits, at most %d are taken at once", [input.content.commits, input.limits.commits]),
	"fix": "push less at a time, or squash",
} if input.content.commits > input.limits.commits

deny contains {
	"rule": "door/limit", "ref": "",
	"message": sprintf("%d objects, at most %d are taken at once", [input.content.objects, input.limits.objects]),
	"fix": "push less at a time",
} if input.content.objects > input.limits.objects

deny contains {
	"rule": "door/limit", "ref": "",
	"message": sprintf("an object of %d bytes, at most %d are taken", [input.content.largest, input.limits.objectBytes]),
	"fix": "keep large files out of git",
} if input.content.largest > input.limits.objectBytes

deny contains {
	"rule": "door/identity", "ref": "",
	"message": sprintf("commit %s: the %s %q <%s> is no name with a mail address", [substring(i.commit, 0, 12), i.kind, i.name, i.email]),
	"fix": "set user.name and user.email, then git rebase main --exec 'git commit --amend --no-edit --reset-author'",
} if {
	some i in input.content.identities
	not well_formed(i)
}

deny contains {
	"rule": "door/identity", "ref": "",
	"message": sprintf("commit %s: the %s <%s> is not %s", [substring(i.commit, 0, 12), i.kind, i.email, concat(" or ", input.token.emails)]),
	"fix": "set user.email, then git rebase main --exec 'git commit --amend --no-edit --reset-author'",
} if {
	some i in input.content.identities
	well_formed(i)
	count(input.token.emails) > 0
	not i.email in input.token.emails
}

well_formed(i) if {
	trim_space(i.name) != ""
	regex.match(`^[^@\s<>]+@[^@\s<>]+$`, i.email)
}

deny contains {
	"rule": "door/secret", "ref": "",
	"message": sprintf("commit %s, %s:%d: %s", [substring(s.commit, 0, 12), s.path, s.line, s.title]),
	"fix": "revoke it where it was issued and take it out of the commit; it has not been stored here",
} if {
	some s in input.content.secrets
	not s.excused
}
