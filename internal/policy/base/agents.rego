# METADATA
# title: What agents make, and how
package adamant.base.agents

# METADATA
# title: A junior agent's change waits for you
# description: The persona of the agent says tier junior. Everything that it makes is approved by you, however small.
# custom:
#   id: agents/junior
#   severity: warning
#   fix: read the change and approve it, or raise the agent's tier in .adamant/agents in a change of its own
#   failing: "a change of an agent with tier: junior"
#   passing: "the same change of an agent with tier: standard"
hold contains {"message": sprintf("agent %s is a junior: whatever it makes waits for you", [input.change.agent])} if {
	input.change.persona.tier == "junior"
}

# METADATA
# title: Nothing describes the agent
# description: >-
#   The repository describes its agents in .adamant/agents, and none of them has this name, or its file cannot be read. What
#   it may do is not known.
# custom:
#   id: agents/unknown
#   severity: warning
#   fix: "describe the agent: adamant agent new NAME, or approve the change yourself"
#   failing: "a change of agent builder where .adamant/agents holds coder.yaml alone"
#   passing: "a change of agent coder"
hold contains {"message": sprintf("nothing on the target branch describes agent %s", [input.change.agent])} if {
	input.change.agent
	input.change.personas
	not input.change.persona
}

# METADATA
# title: An agent acts out of its role
# description: >-
#   Reviewers, red teams and risk scorers read; they propose no changes. And an agent has the role that its persona says, not
#   another one.
# custom:
#   id: agents/role
#   severity: error
#   fix: have an agent with role coder make the change
#   failing: "a change that agent critic proposes, whose role is reviewer"
#   passing: "a comment of agent critic on a change of another"
deny contains {"message": message} if some message in misfits

misfits contains sprintf("agent %s is a %s, which proposes no changes", [input.change.agent, input.change.persona.role]) if {
	input.change.personas
	not input.change.persona.writes
}

misfits contains sprintf("agent %s acts as %s, and the target branch describes it as %s", [input.change.agent, input.change.role, input.change.persona.role]) if {
	input.change.personas
	input.change.role != ""
	input.change.role != input.change.persona.role
}

# METADATA
# title: What an agent did is not on record
# description: >-
#   Each action of an agent stands in the ledger with what led to it, numbered and chained. Here some are missing, or the
#   record does not lead to what the change holds. What nobody can look up afterwards does not land.
# custom:
#   id: agents/unrecorded
#   severity: error
#   fix: "have the task done again: adamant task retry; if it happens again, look at adamant log verify"
#   failing: "a change of a task whose ledger has no agent.action"
#   passing: "a change of a task each of whose actions is in the ledger"
deny contains {"message": gap} if {
	input.change.reasoning.missing > 0
	some gap in input.change.reasoning.gaps
}

# METADATA
# title: An agent acted without a word
# description: >-
#   An action that may have changed a file is on record without any reasoning, and the model is not known to show none. adamant
#   why cannot say later why it was done.
# custom:
#   id: agents/silent
#   severity: warning
#   fix: "have the model show its reasoning, or declare that it has none to show: reasoning: none at the model in .adamant/agents"
#   failing: "a model edits a file and sends neither reasoning nor text"
#   passing: "a model says why, and edits a file"
hold contains {"message": sprintf("%d actions of agent %s that may have changed files are on record without a reason", [input.change.reasoning.silent, input.change.agent])} if {
	input.change.reasoning.silent > 0
}

# METADATA
# title: A model shows no reasoning
# description: The persona declares that the model shows nothing of its reasoning. The actions stand in the ledger without it.
# custom:
#   id: agents/no-reasoning
#   severity: warning
#   fix: nothing has to be done; read the change itself with more care
#   failing: "actions of a model with reasoning: none"
#   passing: "actions of a model that shows what it thinks"
warn contains {"message": sprintf("%d of %d actions of agent %s have no reasoning on record", [input.change.reasoning.sources.none, input.change.reasoning.entries, input.change.agent])} if {
	input.change.reasoning.sources.none > 0
}

# METADATA
# title: The reviewer is the coder
# description: >-
#   The model that passed the change is the one that made it, at the same temperature, or is not known. It would overlook what
#   it overlooked before: such a review counts for nothing.
# custom:
#   id: agents/reviewer
#   severity: warning
#   fix: give the reviewer a model of another family in .adamant/agents, or review the change yourself
#   failing: "claude-x reviews what claude-x made"
#   passing: "gpt-y reviews what claude-x made"
hold contains {"message": message} if some message in void_reviews

void_reviews contains sprintf("reviewer %s is the model that made the change: %s", [review.agent, model.name]) if {
	some review in passing
	some model in review.models
	some maker in input.change.reasoning.models
	model == maker
}

void_reviews contains sprintf("nothing is known of the model of reviewer %s", [review.agent]) if {
	some review in passing
	count(review.models) == 0
}

# METADATA
# title: Reviewer and coder are of one family
# description: >-
#   Models of one family tend to make the same mistakes and to overlook them. Another model or temperature is better than none;
#   it is the weaker way and goes on record.
# custom:
#   id: agents/reviewer-family
#   severity: warning
#   fix: give the reviewer a model of another family in .adamant/agents
#   failing: "claude-y reviews what claude-x made"
#   passing: "gpt-y reviews what claude-x made"
warn contains {"message": message} if some message in weaker_reviews

weaker_reviews contains sprintf("weaker review: %s (%s) and %s, which made the change, are both %s; they differ in %s", [model.name, review.agent, maker.name, model.family, difference(model, maker)]) if {
	some review in passing
	some model in review.models
	some maker in input.change.reasoning.models
	model.family == maker.family
	model != maker
}

weaker_reviews contains sprintf("weaker review: nobody says of which family %s (%s) is", [model.name, review.agent]) if {
	some review in passing
	some model in review.models
	model.family == "unknown"
}

# passing are the reviews of this patch set that found nothing to mend.
passing contains review if {
	some review in input.change.agentReviews
	review.outcome == "ok"
	review.head == input.change.head
}

difference(model, maker) := "the model" if model.name != maker.name

difference(model, maker) := "the temperature" if model.name == maker.name
