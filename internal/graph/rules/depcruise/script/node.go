package script

import (
	"path"
	"strings"

	"github.com/dop251/goja"
)

// paths is Node's path for slashes. There is no current folder: what is resolved against it stays relative.
func (r *runner) paths() goja.Value {
	texts := func(call goja.FunctionCall) []string {
		var out []string
		for _, v := range call.Arguments {
			out = append(out, v.String())
		}
		return out
	}
	one := func(f func(string) string) func(goja.FunctionCall) goja.Value {
		return func(call goja.FunctionCall) goja.Value { return r.vm.ToValue(f(call.Argument(0).String())) }
	}
	functions := map[string]any{
		"sep": "/", "delimiter": ":",
		"join": func(call goja.FunctionCall) goja.Value { return r.vm.ToValue(join(texts(call))) },
		"resolve": func(call goja.FunctionCall) goja.Value {
			out := ""
			for _, p := range texts(call) {
				if path.IsAbs(p) {
					out = ""
				}
				out = path.Join(out, p)
			}
			return r.vm.ToValue(path.Clean(out))
		},
		"basename": func(call goja.FunctionCall) goja.Value {
			base := path.Base(call.Argument(0).String())
			if suffix := call.Argument(1); !goja.IsUndefined(suffix) {
				base = strings.TrimSuffix(base, suffix.String())
			}
			return r.vm.ToValue(base)
		},
		"relative": func(call goja.FunctionCall) goja.Value {
			return r.vm.ToValue(relative(path.Clean(call.Argument(0).String()), path.Clean(call.Argument(1).String())))
		},
		"dirname": one(path.Dir), "extname": one(path.Ext), "normalize": one(path.Clean),
		"isAbsolute": func(call goja.FunctionCall) goja.Value { return r.vm.ToValue(path.IsAbs(call.Argument(0).String())) },
	}
	object := r.vm.ToValue(functions).ToObject(r.vm)
	_ = object.Set("posix", object) // a map takes any key
	return object
}

// join keeps a slash at the end, as Node does.
func join(parts []string) string {
	out := path.Join(parts...)
	if out == "" {
		return "."
	}
	if n := len(parts); n > 0 && strings.HasSuffix(parts[n-1], "/") && !strings.HasSuffix(out, "/") {
		out += "/"
	}
	return out
}

func relative(from, to string) string {
	if from == to {
		return ""
	}
	a, b := strings.Split(from, "/"), strings.Split(to, "/")
	if from == "." {
		a = nil
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	return strings.Repeat("../", len(a)) + strings.Join(b, "/")
}

// process is what scripts read of it: an empty environment and the folder they are in.
func (r *runner) process() goja.Value {
	return r.vm.ToValue(map[string]any{
		"env": map[string]any{}, "argv": []any{}, "platform": "linux", "version": "v24.0.0", "versions": map[string]any{"node": "24.0.0"},
		"cwd": func() string { return "." },
	})
}

// console says nothing.
func (r *runner) console() goja.Value {
	quiet := func(goja.FunctionCall) goja.Value { return goja.Undefined() }
	return r.vm.ToValue(map[string]any{"log": quiet, "info": quiet, "warn": quiet, "error": quiet, "debug": quiet})
}
