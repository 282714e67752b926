package cli

import "github.com/spf13/cobra"

// groups are the sections of `adamant --help`.
var groups = []struct {
	title string
	verbs []string
}{
	{"Begin", []string{"init", "doctor", "backtest"}},
	{"Judge a change", []string{"check", "affected", "replay", "risk", "sweep"}},
	{"Rules", []string{"policy", "ratchet", "waiver", "graph", "catalog", "schema"}},
	{"Run the repository", []string{"up", "down", "status", "changes", "wait", "queue", "revert", "abandon", "pause", "resume", "import", "sync", "mirror", "restore", "eject"}},
	{"Decide", []string{"inbox", "approve", "reject", "comment", "accept-unavailable", "break-glass", "operator"}},
	{"Agents", []string{"task", "fleet", "agent", "workspace", "gateway", "breaker", "mcp", "token"}},
	{"Artifacts", []string{"build", "sign", "attest", "verify-artifact", "admit", "builder", "trust"}},
	{"Look back", []string{"verify", "report", "log", "why"}},
}

// group sorts the verbs of root into the sections of help.
func group(root *cobra.Command) {
	section := map[string]string{}
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, verb := range g.verbs {
			section[verb] = g.title
		}
	}
	for _, cmd := range root.Commands() {
		cmd.GroupID = section[cmd.Name()]
	}
}
