# METADATA
# title: What Terraform makes
package adamant.lib.terraform

# resources are the resources that source files describe and plans create or change: {doc, at, type, name, value, unknown};
# at is a JSON pointer, name what messages call it, unknown what a plan cannot tell yet.
resources := array.concat(
	[{"doc": doc, "at": sprintf("/resource/%s/%s/%d", [type, name, i]), "type": type, "name": concat(".", [type, name]), "value": value, "unknown": {}} |
		some doc in input.byKind.terraform
		some type, named in doc.value.resource
		some name, list in named
		some i, value in list
		is_object(value)
	],
	[{"doc": c.doc, "at": concat("", [c.at, "/after"]), "type": c.type, "name": c.name, "value": c.after, "unknown": object.get(c.change, "after_unknown", {})} |
		some c in changes
		count({"create", "update"} & c.actions) > 0
	],
)

# changes are what plans would do: {doc, at, type, name, change, actions, after}.
changes := [{
	"doc": doc, "at": sprintf("/resource_changes/%d/change", [i]), "type": c.type, "name": c.address, "change": c.change,
	"actions": {action | some action in c.change.actions}, "after": object_or_empty(c.change.after),
} |
	some doc in input.byKind["terraform-plan"]
	some i, c in doc.value.resource_changes
	is_string(c.type)
	is_string(c.address)
	is_object(c.change)
]

object_or_empty(value) := value if {
	is_object(value)
} else := {}

# blocks are the blocks of one name: .tf.json may give one alone.
blocks(value, name) := [block | some block in value[name]; is_object(block)] if {
	is_array(value[name])
} else := [value[name]] if {
	is_object(value[name])
} else := []

# texts are the texts of a text or a list.
texts(value) := [text | some text in value; is_string(text)] if {
	is_array(value)
} else := [value] if {
	is_string(value)
} else := []

# record is a record at a place of a resource.
record(r, pointer, what) := {
	"path": r.doc.path, "document": r.doc.index, "pointer": concat("", [r.at, pointer]), "message": concat(" ", [r.name, what]),
}
