// Package script evaluates a dependency-cruiser configuration that is written in JavaScript, and writes it as JSON. The script
// runs in a JavaScript engine inside this process and can reach nothing: it sees files of one folder through require, Node's
// path, and dependency-cruiser's own presets; no other file, no network, no process, no environment. It ends when its time or
// memory is used up. What it computes from the machine it runs on (its folder, its platform) is the same everywhere.
package script

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"
)

const (
	maxFile    = 1 << 20 // bytes of one file
	maxModules = 200
	maxMemory  = 256 << 20 // bytes more than at the start
	maxTime    = 10 * time.Second
	maxStack   = 2000 // calls
)

// UnsupportedError says that a script needs what is not here; node can run it.
type UnsupportedError struct{ What string }

func (e *UnsupportedError) Error() string { return e.What }

// Preset answers for dependency-cruiser/configs/NAME, in JSON.
type Preset func(name string) (data []byte, ok bool)

// JSON evaluates a file of the folder and returns what it exports as indented JSON, with regular expressions as the text between
// their slashes. Notes say what JSON cannot hold.
func JSON(ctx context.Context, folder fs.FS, file string, preset Preset) (data []byte, notes []string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxTime, fmt.Errorf("it takes more than %v", maxTime))
	defer cancel()
	r := &runner{vm: goja.New(), folder: folder, preset: preset, modules: map[string]goja.Value{}}
	r.vm.SetMaxCallStackSize(maxStack)
	stop := r.guard(ctx)
	defer stop()
	defer func() { // the engine is not ours: what it does not expect must not end the process
		if p := recover(); p != nil {
			err = fmt.Errorf("the engine failed: %v", p)
		}
	}()
	value, err := r.run(path.Clean(file))
	if err != nil {
		return nil, nil, r.explain(err)
	}
	text, err := r.stringify(value)
	if err != nil {
		return nil, nil, r.explain(err)
	}
	var out bytes.Buffer // the engine's own indentation is not that of Node
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		return nil, nil, fmt.Errorf("indenting what it exports: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), r.notes, nil
}

type runner struct {
	vm      *goja.Runtime
	folder  fs.FS
	preset  Preset
	modules map[string]goja.Value
	notes   []string
	refused error // why require failed, for when the script does not catch it
}

// guard interrupts the script when its time or memory is used up.
func (r *runner) guard(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	var ended sync.WaitGroup
	start := heap()
	ended.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				r.vm.Interrupt(context.Cause(ctx))
				return
			case <-tick.C:
				if heap() > start+maxMemory {
					r.vm.Interrupt(fmt.Errorf("it needs more than %d MiB of memory", maxMemory>>20))
					return
				}
			}
		}
	})
	return func() { close(done); ended.Wait() }
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func (r *runner) explain(err error) error {
	var stopped *goja.InterruptedError
	if errors.As(err, &stopped) {
		if cause, ok := stopped.Value().(error); ok {
			return cause
		}
	}
	if r.refused != nil {
		return r.refused
	}
	return err
}

// run evaluates one file and returns its exports. A file that is being evaluated has those that it has so far.
func (r *runner) run(file string) (goja.Value, error) {
	if known := r.modules[file]; known != nil {
		return known.ToObject(r.vm).Get("exports"), nil
	}
	if len(r.modules) == maxModules {
		return nil, fmt.Errorf("it requires more than %d files", maxModules)
	}
	data, err := readFile(r.folder, file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	module := r.vm.NewObject()
	exports := r.vm.NewObject()
	if err := module.Set("exports", exports); err != nil {
		return nil, err
	}
	r.modules[file] = module
	if strings.HasSuffix(file, ".json") {
		value, err := r.parse(file, data)
		return value, errors.Join(err, module.Set("exports", value))
	}
	source, err := commonJS(file, strings.TrimPrefix(string(data), "\ufeff"))
	if err != nil {
		return nil, err
	}
	// On the first line of the script, so that its lines keep their numbers.
	program, err := goja.Compile(file, "(function (exports, require, module, __filename, __dirname, process, console) {"+source+"\n})", false)
	if err != nil { // a newer language than the engine's, as often as a mistake
		r.refused = &UnsupportedError{fmt.Sprintf("it is not understood here: %v", err)}
		return nil, r.refused
	}
	wrapped, err := r.vm.RunProgram(program)
	if err != nil {
		return nil, err
	}
	call, ok := goja.AssertFunction(wrapped)
	if !ok {
		return nil, &UnsupportedError{file + " is no module that can be wrapped in a function"}
	}
	dir := path.Dir(file)
	_, err = call(exports, exports, r.vm.ToValue(r.require(dir)), module, r.vm.ToValue(file), r.vm.ToValue(dir), r.process(), r.console())
	if err != nil {
		return nil, err
	}
	return module.Get("exports"), nil
}

func readFile(folder fs.FS, file string) ([]byte, error) {
	f, err := folder.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("it has more than %d bytes", maxFile)
	}
	return data, err
}

func (r *runner) parse(name string, data []byte) (goja.Value, error) {
	if !json.Valid(data) {
		return nil, fmt.Errorf("%s is no JSON", name)
	}
	parse, _ := goja.AssertFunction(r.vm.Get("JSON").ToObject(r.vm).Get("parse"))
	return parse(goja.Undefined(), r.vm.ToValue(string(data)))
}

// require finds files of the folder, path and presets. What it refuses is an error that the script may catch.
func (r *runner) require(dir string) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		value, err := r.required(dir, call.Argument(0).String())
		if err != nil {
			r.refused = err
			panic(r.vm.NewGoError(err))
		}
		return value
	}
}

func (r *runner) required(dir, name string) (goja.Value, error) {
	preset, ok := strings.CutPrefix(name, "dependency-cruiser/configs/")
	switch {
	case name == "path" || name == "node:path" || name == "path/posix" || name == "node:path/posix":
		return r.paths(), nil
	case ok:
		data, ok := r.preset(preset)
		if !ok {
			return nil, &UnsupportedError{fmt.Sprintf("%s is no preset that adamant has", name)}
		}
		return r.parse(name, data)
	case !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, "../") && name != "." && name != "..":
		return nil, &UnsupportedError{fmt.Sprintf("it requires %q: only files of the repository, path and dependency-cruiser/configs are there", name)}
	}
	at := path.Join(dir, name)
	for _, suffix := range []string{"", ".js", ".cjs", ".mjs", ".json", "/index.js", "/index.json"} {
		if !fs.ValidPath(at + suffix) {
			break
		}
		if info, err := fs.Stat(r.folder, at+suffix); err == nil && info.Mode().IsRegular() {
			return r.run(at + suffix)
		}
	}
	return nil, &UnsupportedError{fmt.Sprintf("%s requires %q, which is no file of the repository", dir, name)}
}

func (r *runner) stringify(value goja.Value) (string, error) {
	if object, ok := value.(*goja.Object); ok && object.Get("__esModule") != nil && object.Get("default") != nil {
		value = object.Get("default")
	}
	if _, function := goja.AssertFunction(value); function {
		return "", &UnsupportedError{"it exports a function"}
	}
	convert := func(call goja.FunctionCall) goja.Value {
		v := call.Argument(1)
		object, ok := v.(*goja.Object)
		if !ok || object.ClassName() != "RegExp" {
			if _, function := goja.AssertFunction(v); function {
				r.notes = append(r.notes, fmt.Sprintf("%s is a function, which JSON cannot hold: left out", call.Argument(0)))
			}
			return v
		}
		if flags := object.Get("flags").String(); strings.ContainsAny(flags, "ims") {
			r.notes = append(r.notes, fmt.Sprintf("%s: the flags %s of /%s/ are lost", call.Argument(0), flags, object.Get("source")))
		}
		return r.vm.ToValue(slashes(object.Get("source").String()))
	}
	out, err := r.vm.RunString("(function (value, convert) { return JSON.stringify(value, convert) })")
	if err != nil {
		return "", err
	}
	write, _ := goja.AssertFunction(out)
	text, err := write(goja.Undefined(), value, r.vm.ToValue(convert))
	if err != nil {
		return "", err
	}
	if goja.IsUndefined(text) {
		return "", &UnsupportedError{"it exports nothing"}
	}
	return text.String(), nil
}

// slashes writes a slash as itself, which the engine spells \u002f within brackets.
func slashes(source string) string {
	var out strings.Builder
	for i := 0; i < len(source); i++ {
		switch {
		case strings.HasPrefix(source[i:], `\u002f`):
			out.WriteByte('/')
			i += len(`\u002f`) - 1
		case source[i] == '\\' && i+1 < len(source):
			out.WriteString(source[i : i+2])
			i++
		default:
			out.WriteByte(source[i])
		}
	}
	return out.String()
}

// esModule are the statements of modules, at the beginning of a line, and what they are in CommonJS. They are enough for
// configurations, which export one value.
var esModule = sync.OnceValue(func() []rewrite {
	return []rewrite{
		{regexp.MustCompile(`(?m)^export default\s`), "module.exports = "},
		{regexp.MustCompile(`(?m)^export (const|let|var) ([\w$]+)\b`), "$1 $2 = exports.$2"},
		{regexp.MustCompile(`(?m)^import ([\w$]+) from (['"][^'"\n]+['"])( (with|assert) \{[^}\n]*\})?`), "const $1 = require($2)"},
		{regexp.MustCompile(`(?m)^import \* as ([\w$]+) from (['"][^'"\n]+['"])`), "const $1 = require($2)"},
	}
})

type rewrite struct {
	from *regexp.Regexp
	to   string
}

var (
	named     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^import \{([^}]*)\} from (['"][^'"\n]+['"])`) })
	statement = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^(import|export)[\s{*]`) })
)

// commonJS rewrites a module. One whose statements are not known is refused.
func commonJS(file, source string) (string, error) {
	if strings.HasSuffix(file, ".cjs") || !statement().MatchString(source) {
		return source, nil
	}
	for _, r := range esModule() {
		source = r.from.ReplaceAllString(source, r.to)
	}
	source = named().ReplaceAllStringFunc(source, func(text string) string {
		parts := named().FindStringSubmatch(text)
		return "const {" + strings.ReplaceAll(parts[1], " as ", ": ") + "} = require(" + parts[2] + ")"
	})
	if at := statement().FindString(source); at != "" {
		return "", &UnsupportedError{fmt.Sprintf("%s has a statement %q that is not understood here", file, strings.TrimSpace(at))}
	}
	return source, nil
}
