package fetch

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/dependencies"
)

// npmOrigin is the registry that lock files name when they were written with the public one; npm takes the configured one instead.
const npmOrigin = "https://registry.npmjs.org"

// npmLock is a package-lock.json of version 2 or 3 that is rewritten so that npm asks for nothing but numbered archives.
type npmLock struct {
	fetcher *Fetcher
	project project
	name    string // path in the source
	text    []byte
	raw     map[string]any
	plan    *plan
}

// npmPlan reads package-lock.json or npm-shrinkwrap.json.
func (f *Fetcher) npmPlan(p project) (*plan, error) {
	manifest, err := p.find("package.json")
	if manifest == nil || err != nil {
		return nil, err
	}
	for _, name := range []string{"npm-shrinkwrap.json", "package-lock.json"} {
		text, err := p.find(name)
		if err != nil {
			return nil, err
		}
		if text != nil {
			l := &npmLock{fetcher: f, project: p, name: path.Join(p.dir, name), text: text}
			return l.read(manifest)
		}
	}
	return nil, npmUnlocked(p, manifest)
}

// npmUnlocked refuses a package that asks for others and pins none.
func npmUnlocked(p project, manifest []byte) error {
	name := path.Join(p.dir, "package.json")
	asked, err := dependencies.Asked(name, manifest)
	if err != nil {
		return &Error{Path: name, Reason: err.Error()}
	}
	if len(asked) == 0 {
		return nil
	}
	reason := "no package-lock.json pins what it asks for"
	if p.has("yarn.lock") || p.has("pnpm-lock.yaml") {
		reason = "only npm's lock files are read, not those of yarn and pnpm"
	}
	return &Error{Path: name, Line: asked[0].Line, Reason: reason, Do: "npm install --package-lock-only, and commit package-lock.json"}
}

func (l *npmLock) read(manifest []byte) (*plan, error) {
	d := json.NewDecoder(bytes.NewReader(l.text))
	d.UseNumber()
	if err := d.Decode(&l.raw); err != nil {
		return nil, &Error{Path: l.name, Reason: err.Error(), Do: "npm install --package-lock-only"}
	}
	packages, ok := l.raw["packages"].(map[string]any)
	if !ok {
		return nil, &Error{Path: l.name, Reason: `it has no "packages": lock files of version 1 are not read`, Do: "npm install --package-lock-only --lockfile-version 3"}
	}
	l.plan = l.skeleton(manifest)
	for _, key := range slices.Sorted(maps.Keys(packages)) {
		entry, ok := packages[key].(map[string]any)
		if !ok {
			return nil, l.refuse(key, errors.New("it is no object"))
		}
		if err := l.entry(key, entry); err != nil {
			return nil, err
		}
	}
	if len(l.plan.routes) == 0 {
		return nil, nil
	}
	delete(l.raw, "dependencies") // of version 2, for older npm
	text, err := json.MarshalIndent(l.raw, "", "  ")
	l.plan.project[l.name] = text
	return l.plan, err
}

func (l *npmLock) skeleton(manifest []byte) *plan {
	p := &plan{ecosystem: NPM, lock: l.name, digest: digestOf(l.text), dir: l.project.dir, routes: map[string]route{},
		project: map[string][]byte{path.Join(l.project.dir, "package.json"): manifest},
		argv:    []string{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--replace-registry-host=never", "--loglevel=error"},
		env: []string{"npm_config_registry=" + mirrorURL, "npm_config_cache=" + homeInside + "/npm", "npm_config_update_notifier=false",
			"npm_config_fetch_timeout=1800000", "npm_config_fetch_retries=0"},
		use: []string{"npm_config_audit=false", "npm_config_fund=false", "npm_config_offline=true", "npm_config_update_notifier=false"}}
	return p
}

// entry plans one package. Those that are folders of the source need their package.json, those within another's archive nothing.
func (l *npmLock) entry(key string, entry map[string]any) error {
	if resolved := text(entry, "resolved"); entry["link"] == true {
		return l.copy(key, path.Join(resolved, "package.json"))
	}
	at := strings.LastIndex(key, "node_modules/")
	switch {
	case key == "":
		return l.copyConfig()
	case at < 0:
		return l.copy(key, path.Join(key, "package.json"))
	case entry["inBundle"] == true:
		return nil
	}
	if file, ok := strings.CutPrefix(text(entry, "resolved"), "file:"); ok {
		return l.copy(key, file)
	}
	it, err := l.item(cmp.Or(text(entry, "name"), key[at+len("node_modules/"):]), entry)
	if err != nil {
		return l.refuse(key, err)
	}
	it.line = l.line(key)
	sum := sha256.Sum256([]byte(it.url + " " + it.pin.String()))
	route1 := "/" + hex.EncodeToString(sum[:16]) + ".tgz"
	l.plan.routes[route1] = route{item: it}
	entry["resolved"] = mirrorURL + route1
	return nil
}

func (l *npmLock) item(name string, entry map[string]any) (*item, error) {
	pinned, err := parseIntegrity(text(entry, "integrity"))
	if err != nil {
		return nil, err
	}
	it := &item{name: name, version: text(entry, "version"), pin: pinned, url: text(entry, "resolved")}
	registry := l.fetcher.options.Registry.NPM
	switch {
	case it.url == "":
		it.url = registry + "/" + name + "/-/" + path.Base(name) + "-" + it.version + ".tgz"
	case strings.HasPrefix(it.url, npmOrigin+"/"):
		it.url = registry + strings.TrimPrefix(it.url, npmOrigin)
	}
	if u, err := url.Parse(it.url); err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%s is no archive of a registry", it.url)
	}
	return it, nil
}

// copy gives npm a file of the source, whose path is relative to the project.
func (l *npmLock) copy(key, name string) error {
	name = path.Join(l.project.dir, name)
	content, err := l.project.read(name)
	if err != nil {
		return l.refuse(key, err)
	}
	l.plan.project[name] = content
	return nil
}

// copyConfig gives npm the project's settings: some decide where packages lie.
func (l *npmLock) copyConfig() error {
	config, err := l.project.find(".npmrc")
	if config != nil {
		l.plan.project[path.Join(l.project.dir, ".npmrc")] = config
	}
	return err
}

func (l *npmLock) refuse(key string, err error) error {
	return &Error{Path: l.name, Line: l.line(key), Reason: fmt.Sprintf("%s: %v", cmp.Or(key, "the package itself"), err),
		Do: "depend on a registry's archive with its integrity; npm install --package-lock-only writes it"}
}

// line is where a package stands; keys of the file are unique.
func (l *npmLock) line(key string) int {
	quoted, err := json.Marshal(key)
	at := bytes.Index(l.text, quoted)
	if err != nil || at < 0 {
		return 0
	}
	return 1 + bytes.Count(l.text[:at], []byte("\n"))
}

// text is a field of an object when it is a string, else empty.
func text(object map[string]any, field string) string {
	value, _ := object[field].(string)
	return value
}
