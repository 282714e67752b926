package script

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func preset(name string) ([]byte, bool) {
	return []byte(`{"forbidden": [{"name": "of-preset"}]}`), name == "recommended"
}

func folder(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// compact evaluates and takes the spaces out.
func compact(t *testing.T, file string, files map[string]string) (string, []string, error) {
	t.Helper()
	data, notes, err := JSON(t.Context(), folder(files), file, preset)
	if err != nil {
		return "", notes, err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	text, err := json.Marshal(v)
	return string(text), notes, err
}

// TestForms: what node prints for the same script, but for folders.
func TestForms(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"lib/base.js":    "module.exports = {forbidden: [{name: 'base'}], env: process.env.CI || 'none', at: __dirname}",
		"lib/list.json":  `["a", "b"]`,
		"lib/index.js":   "exports.one = 1; exports.self = require('./circle').two",
		"lib/circle.js":  "exports.two = 2; exports.back = require('./').one",
		"lib/module.mjs": "import {join as j} from 'node:path'\nexport const name = 'n';\nexport const path = j('a', 'b');\n",
		"a/../x.js":      "",
	}
	for script, want := range map[string]string{
		`module.exports = {path: /^src\/[^/]+\.ts$/, pathNot: [/a|b/g]}`:                                                 `{"path":"^src\\/[^/]+\\.ts$","pathNot":["a|b"]}`,
		`const base = require('./lib/base.js'); module.exports = {...base, b: Object.assign({}, base.forbidden[0])}`:     `{"at":"lib","b":{"name":"base"},"env":"none","forbidden":[{"name":"base"}]}`,
		`exports.a = require("./lib/list"); exports.b = require("./lib").self`:                                           `{"a":["a","b"],"b":2}`,
		`module.exports = {p: require("path").join(__dirname, "src", "..", "x/"), r: require("path").resolve("a", "b")}`: `{"p":"x/","r":"a/b"}`,
		`module.exports = require("dependency-cruiser/configs/recommended")`:                                             `{"forbidden":[{"name":"of-preset"}]}`,
		`module.exports = {default: 1, __esModule: true}`:                                                                `1`,
		"import base from './lib/base.js'\nexport default {n: base.forbidden.length}\n":                                  `{"n":1}`,
		"import * as m from './lib/module.mjs'\nexport default {...m}\n":                                                 `{"name":"n","path":"a/b"}`,
		`try { require("glob") } catch { module.exports = {caught: true} }`:                                              `{"caught":true}`,
		`module.exports = {u: undefined, l: [1, , null], d: new Date(0)}`:                                                `{"d":"1970-01-01T00:00:00.000Z","l":[1,null,null]}`,
	} {
		files["config.js"] = script
		if got, _, err := compact(t, "config.js", files); err != nil || got != want {
			t.Errorf("%s:\n%s, %v, want\n%s", script, got, err, want)
		}
	}
}

// TestSandbox: nothing outside the folder is reached, and every script ends.
func TestSandbox(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		`require("fs")`:                                             `requires "fs"`,
		`require("child_process")`:                                  `requires "child_process"`,
		`require("../outside")`:                                     `no file of the repository`,
		`require("/etc/passwd")`:                                    `requires "/etc/passwd"`,
		`require("./missing")`:                                      `no file of the repository`,
		`require("dependency-cruiser/configs/x")`:                   `no preset`,
		`import("fs")`:                                              `not understood`,
		`export * from "./x"`:                                       `not understood`,
		`module.exports = () => 1`:                                  `exports a function`,
		`module.exports = undefined`:                                `exports nothing`,
		`fetch("http://example.org")`:                               `not defined`,
		`throw new Error("own")`:                                    `own`,
		`module.exports = {a: 1n}`:                                  ``,
		`const o = {}; o.o = o; module.exports = o`:                 ``,
		`while (true) {}`:                                           `more than`,
		`for (let a = [];;) a.push("x".repeat(1 << 16) + a.length)`: `more than`,
		`function f() { return f() + 1 } f()`:                       ``,
		`/(a+)+$/.test("a".repeat(40) + "b"); while (1) {}`:         ``,
		`{`: `not understood`,
	} {
		start, limit := time.Now(), time.Minute
		if want == "more than" || strings.Contains(script, "while") {
			limit = 2 * time.Second
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), limit, errors.New("it takes more than two seconds"))
		_, _, err := JSON(ctx, folder(map[string]string{"config.js": script}), "config.js", preset)
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", script, err, want)
		}
		if took := time.Since(start); took > 5*time.Minute {
			t.Errorf("%s took %v", script, took)
		}
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	_, notes, err := compact(t, "c.js", map[string]string{"c.js": `module.exports = {options: {webpack: () => 1, path: /a/i}}`})
	if err != nil || len(notes) != 2 {
		t.Errorf("notes %q, %v, want one about a function and one about a flag", notes, err)
	}
}
