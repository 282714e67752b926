package javascript

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// builtins are Node's own modules, sorted (Node.js 24, module.builtinModules without internal ones).
var builtins = []string{"assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
	"diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net", "os", "path",
	"perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream", "string_decoder", "sys", "timers", "tls",
	"trace_events", "tty", "url", "util", "v8", "vm", "wasi", "worker_threads", "zlib"}

func builtin(name string) bool {
	if strings.HasPrefix(name, "node:") || strings.HasPrefix(name, "bun:") {
		return true
	}
	top, _, _ := strings.Cut(name, "/")
	_, found := slices.BinarySearch(builtins, top)
	return found
}

// outside names what is not in the tree: a module of Node, or a package and how the package around depends on it.
func (r *resolver) outside(from, name string) (imports.Target, bool) {
	switch {
	case relative(name) || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "#") || name == "":
		return imports.Target{}, false
	case builtin(name):
		return imports.Target{External: "node:" + strings.TrimPrefix(name, "node:"), Types: imports.Core}, true
	case strings.Contains(name, "://") || strings.HasPrefix(name, "data:"):
		return imports.Target{External: name, Types: imports.Unknown}, true
	}
	scope, _ := split(name)
	return imports.Target{External: "npm:" + scope, Types: r.declared(from, scope)}, true
}

// declared says in which lists of the nearest package.json a package stands; types for it count too.
func (r *resolver) declared(from, name string) imports.Types {
	one := r.around(path.Dir(from))
	if one == nil {
		return imports.NPMUnknown
	}
	var t imports.Types
	for _, list := range []struct {
		deps map[string]string
		is   imports.Types
	}{{one.Deps, imports.NPM}, {one.Dev, imports.NPMDev}, {one.Opt, imports.NPMOptional}, {one.Peer, imports.NPMPeer}} {
		if _, ok := list.deps[name]; ok {
			t |= list.is
		}
	}
	if t == 0 {
		return imports.NPMNoPackage
	}
	return t
}
