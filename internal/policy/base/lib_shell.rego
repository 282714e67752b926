# METADATA
# title: What shell scripts do
package adamant.lib.shell

# runs_download is true for a script that runs what it downloads: curl | sh, sh <(curl).
runs_download(script) if regex.match(
	`\b(curl|wget)\b[^;&\n]*\|\s*(sudo\s+(-\S+\s+)*)?(\S*/)?(ba|z|da|k|a)?sh\b|\b(ba|z|da|k|a)?sh\s+(-c\s+)?["']?(<\(|\$\()\s*(curl|wget)\b`,
	replace(script, "\\\n", " "),
)
