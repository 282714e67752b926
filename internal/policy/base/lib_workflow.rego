# METADATA
# title: What GitHub workflows do
package adamant.lib.workflow

# triggers are the events that start a workflow.
triggers(doc) := {doc.value.on} if is_string(doc.value.on)

triggers(doc) := {event | some event in doc.value.on} if is_array(doc.value.on)

triggers(doc) := object.keys(doc.value.on) if is_object(doc.value.on)

# Lists, not sets: putting a document into a set costs reading all of it.

# jobs of all workflows: {doc, name, job, at}; at is a JSON pointer.
jobs := [{"doc": doc, "name": name, "job": job, "at": sprintf("/jobs/%s", [escape(name)])} |
	some doc in input.byKind["github-workflow"]
	is_object(doc.value.jobs)
	some name, job in doc.value.jobs
	is_object(job)
]

# steps of all workflows and composite actions: {doc, step, at}.
steps := array.concat(job_steps, action_steps)

job_steps := [{"doc": job.doc, "step": step, "at": sprintf("%s/steps/%d", [job.at, i])} |
	some job in jobs
	some i, step in job.job.steps
	is_object(step)
]

action_steps := [{"doc": doc, "step": step, "at": sprintf("/runs/steps/%d", [i])} |
	some doc in input.byKind["github-action"]
	some i, step in doc.value.runs.steps
	is_object(step)
]

# uses are all references to actions and reusable workflows: {doc, uses, at}.
uses := array.concat(
	[{"doc": s.doc, "uses": s.step.uses, "at": sprintf("%s/uses", [s.at])} | some s in steps; is_string(s.step.uses)],
	[{"doc": j.doc, "uses": j.job.uses, "at": sprintf("%s/uses", [j.at])} | some j in jobs; is_string(j.job.uses)],
)

# place is the part of a record that says where.
place(doc, pointer) := {"path": doc.path, "document": doc.index, "pointer": pointer}

escape(token) := replace(replace(token, "~", "~0"), "/", "~1")
