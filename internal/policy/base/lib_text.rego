# METADATA
# title: Helpers for texts
package adamant.lib.text

# clip shortens a text for a message.
clip(text) := text if count(text) <= 60

clip(text) := sprintf("%s...", [substring(text, 0, 60)]) if count(text) > 60
