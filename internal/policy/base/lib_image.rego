# METADATA
# title: Container image names
package adamant.lib.image

# digest is true for an image that is named by content.
digest(image) if {
	is_string(image)
	contains(image, "@sha256:")
}

# last is the part of the name after the last slash: the one that may hold a tag.
last(image) := parts[count(parts) - 1] if {
	is_string(image)
	parts := split(image, "/")
}

# mutable is true for an image that may be another one tomorrow without anybody deciding so: no tag, or latest. A placeholder
# of a template is not known.
mutable(image) if {
	not digest(image)
	name := last(image)
	not contains(name, ":")
	not contains(image, "{{")
}

mutable(image) if {
	not digest(image)
	endswith(last(image), ":latest")
}

# named is true when the registry is written out.
named(image) if {
	is_string(image)
	parts := split(image, "/")
	count(parts) > 1
	regex.match(`[.:]|^localhost$`, parts[0])
}

# allowed is true when the operator lists no registries, or one that the image comes from.
allowed(_) if count([r | some r in input.config.spec.policy.registries]) == 0

allowed(image) if {
	is_string(image)
	some registry in input.config.spec.policy.registries
	prefix := sprintf("%s/", [trim_suffix(registry, "/")])
	startswith(image, prefix)
}
