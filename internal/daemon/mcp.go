package daemon

import "net/http"

// pathMCP is where agents at the keyboard ask, over the Model Context Protocol. As all of the socket it is for the user who runs the
// daemon; agents in sandboxes have an endpoint of their own.
const pathMCP = "/mcp"

func (d *Daemon) agents(mux *http.ServeMux) {
	if d.config.MCP != nil {
		mux.Handle(pathMCP, d.config.MCP)
	}
}
