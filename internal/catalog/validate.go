package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/manifest"
)

// The verdicts on a document.
const (
	Valid       = "valid"
	Invalid     = "invalid"
	UnknownKind = "unknown-kind" // well-formed, but of a kind or version nobody here knows, e.g. a Template
	YAMLError   = "yaml-error"
)

// Verdict is what Backstage's catalog model would say about one document of a file.
type Verdict struct {
	File     string `json:"file"`
	Document int    `json:"document"` // 0-based
	Kind     string `json:"kind"`
	Verdict  string `json:"verdict"`
	Path     string `json:"path"`    // JSON pointer of the first problem
	Message  string `json:"message"` // the first problem
	Line     int    `json:"line"`
	Column   int    `json:"column"`
}

// Validate judges every document of a catalog file. Empty documents are passed over, as Backstage does.
func Validate(path string, data []byte) []Verdict {
	var out []Verdict
	for _, doc := range manifest.ParseYAML(path, data) {
		if doc.Value != nil || doc.Err != nil {
			out = append(out, judge(doc))
		}
	}
	return out
}

func judge(doc *manifest.YAMLDocument) Verdict {
	v := Verdict{File: doc.Path, Document: doc.Index}
	v.Line, v.Column = doc.Position("")
	if doc.Err != nil {
		v.Verdict, v.Message, v.Line, v.Column = YAMLError, doc.Err.Message, doc.Err.Line, doc.Err.Column
		return v
	}
	entity, _ := doc.Value.(map[string]any)
	v.Kind, _ = entity["kind"].(string)
	problems, known := problemsOf(doc)
	switch {
	case len(problems) > 0:
		p := problems[0]
		v.Verdict, v.Path, v.Message, v.Line, v.Column = Invalid, p.Pointer, p.Message, p.Line, p.Column
	case known:
		v.Verdict = Valid
	default:
		v.Verdict = UnknownKind
		v.Message = unknownKind(v.Kind, text(entity, "apiVersion"))
		v.Line, v.Column = doc.Position("/kind")
	}
	return v
}

func unknownKind(kind, apiVersion string) string {
	for _, f := range forms() {
		if strings.EqualFold(f.kind, kind) {
			return fmt.Sprintf("no kind %s in %s; want %s in backstage.io/%s", kind, apiVersion, f.kind, strings.Join(f.versions, " or backstage.io/"))
		}
	}
	return fmt.Sprintf("kind %s in %s is not known here", kind, apiVersion)
}

// problemsOf lists what is wrong with a document, in the order Backstage looks: envelope, formats, kind. Known says whether
// there are rules for its kind.
func problemsOf(doc *manifest.YAMLDocument) (problems []manifest.Diagnostic, known bool) {
	c := checker{doc: doc}
	entity, ok := doc.Value.(map[string]any)
	if !ok {
		c.report("", "an entity must be a mapping, not %s", describe(doc.Value))
		return c.problems, false
	}
	c.envelope(entity)
	if len(c.problems) == 0 {
		c.formats(entity)
	}
	if len(c.problems) > 0 {
		return c.problems, false
	}
	spec, _ := entity["spec"].(map[string]any)
	f, known := formOf(text(entity, "kind"), text(entity, "apiVersion"), text(spec, "type"))
	if known {
		c.spec(f, entity)
	}
	return c.problems, known
}

type checker struct {
	doc      *manifest.YAMLDocument
	problems []manifest.Diagnostic
}

func (c *checker) report(pointer, format string, args ...any) {
	c.problems = append(c.problems, c.doc.Diagnose(pointer, fmt.Sprintf(format, args...)))
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return strconv.Quote(clip(v))
	case bool, int64, json.Number, float64:
		return fmt.Sprint(v)
	}
	return "this"
}

func clip(s string) string {
	if utf8.RuneCountInString(s) <= 60 {
		return s
	}
	return string([]rune(s)[:57]) + "..."
}

// envelope checks what all entities share.
func (c *checker) envelope(entity map[string]any) {
	for _, key := range sortedKeys(entity) {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata", "spec"}, key) {
			c.report("/"+manifest.EscapePointer(key), "unknown field %q; an entity has apiVersion, kind, metadata and spec", key)
		}
	}
	c.text(entity, "", "apiVersion", true)
	c.text(entity, "", "kind", true)
	if spec, there := entity["spec"]; there {
		c.mapping("/spec", spec)
	}
	meta, there := entity["metadata"]
	if !there {
		c.report("", "the entity must have \"metadata\"")
		return
	}
	if m, ok := c.mapping("/metadata", meta); ok {
		c.metadata(m)
	}
}

func (c *checker) metadata(m map[string]any) {
	const at = "/metadata"
	c.text(m, at, "name", true)
	for _, key := range []string{"uid", "etag", "namespace", "title"} {
		c.text(m, at, key, false)
	}
	if v, there := m["description"]; there {
		if _, ok := v.(string); !ok {
			c.report(at+"/description", "metadata.description must be text, not %s", describe(v))
		}
	}
	for _, key := range []string{"labels", "annotations"} {
		c.textMap(m, key)
	}
	c.textList(m, at, "tags", false)
	c.each(m, at, "links", false, func(pointer string, v any) {
		if link, ok := c.mapping(pointer, v); ok {
			c.text(link, pointer, "url", true)
			for _, key := range []string{"title", "icon", "type"} {
				c.text(link, pointer, key, false)
			}
		}
	})
}

func (c *checker) textMap(m map[string]any, key string) {
	v, there := m[key]
	if !there {
		return
	}
	pairs, ok := c.mapping("/metadata/"+key, v)
	if !ok {
		return
	}
	for _, k := range sortedKeys(pairs) {
		if _, ok := pairs[k].(string); !ok {
			c.report("/metadata/"+key+"/"+manifest.EscapePointer(k), "%s %q must be text, not %s; put it in quotes", strings.TrimSuffix(key, "s"), k, describe(pairs[k]))
		}
	}
}

func (c *checker) mapping(pointer string, v any) (map[string]any, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		c.report(pointer, "%s must be a mapping, not %s", dotted(pointer), describe(v))
	}
	return m, ok
}

// text wants a non-empty string.
func (c *checker) text(m map[string]any, at, key string, required bool) bool {
	v, there := m[key]
	if !there {
		if required {
			c.report(at, "%s must have %q", dotted(at), key)
		}
		return false
	}
	return c.nonEmpty(at+"/"+key, v)
}

func (c *checker) nonEmpty(pointer string, v any) bool {
	s, ok := v.(string)
	if !ok {
		c.report(pointer, "%s must be text, not %s", dotted(pointer), describe(v))
	} else if s == "" {
		c.report(pointer, "%s must not be empty", dotted(pointer))
	}
	return ok && s != ""
}

func (c *checker) textList(m map[string]any, at, key string, required bool) {
	c.each(m, at, key, required, func(pointer string, v any) { c.nonEmpty(pointer, v) })
}

func (c *checker) each(m map[string]any, at, key string, required bool, check func(pointer string, v any)) []any {
	v, there := m[key]
	if !there {
		if required {
			c.report(at, "%s must have %q", dotted(at), key)
		}
		return nil
	}
	pointer := at + "/" + key
	list, ok := v.([]any)
	if !ok {
		c.report(pointer, "%s must be a list, not %s", dotted(pointer), describe(v))
	}
	for i, item := range list {
		check(pointer+"/"+strconv.Itoa(i), item)
	}
	return list
}

// dotted names a value as people write it: spec.owner.
func dotted(pointer string) string {
	if pointer == "" {
		return "the entity"
	}
	return strings.ReplaceAll(pointer[1:], "/", ".")
}

// formats checks the values of the envelope, once their types are right.
func (c *checker) formats(entity map[string]any) {
	c.want("/apiVersion", text(entity, "apiVersion"), isAPIVersion, "letters and digits after a domain and a slash, e.g. backstage.io/v1alpha1")
	c.want("/kind", text(entity, "kind"), isKind, "letters and digits, at most 63")
	m, _ := entity["metadata"].(map[string]any)
	c.want("/metadata/name", text(m, "name"), isName, wantName)
	if _, there := m["namespace"]; there {
		c.want("/metadata/namespace", text(m, "namespace"), isLabel, "lower case letters and digits with - between them, at most 63")
	}
	c.pairs(m, "labels", func(v string) bool { return v == "" || isName(v) })
	c.pairs(m, "annotations", func(string) bool { return true })
	tags, _ := m["tags"].([]any)
	for i, tag := range tags {
		s, _ := tag.(string)
		c.want("/metadata/tags/"+strconv.Itoa(i), s, isTag, "lower case letters, digits and : + # with - between them, at most 63")
	}
	links, _ := m["links"].([]any)
	for i, link := range links {
		c.link("/metadata/links/"+strconv.Itoa(i), link)
	}
}

const wantName = "letters and digits with - _ . between them, at most 63"

func (c *checker) want(pointer, value string, ok func(string) bool, expected string) {
	if !ok(value) {
		c.report(pointer, "%s cannot be %q; want %s", dotted(pointer), clip(value), expected)
	}
}

func (c *checker) pairs(m map[string]any, key string, okValue func(string) bool) {
	pairs, _ := m[key].(map[string]any)
	what := strings.TrimSuffix(key, "s")
	for _, k := range sortedKeys(pairs) {
		pointer := "/metadata/" + key + "/" + manifest.EscapePointer(k)
		if !isKey(k) {
			c.report(pointer, "%s %q has a malformed key; want %s, with a domain and a slash before it or not", what, clip(k), wantName)
		}
		if v := text(pairs, k); !okValue(v) {
			c.report(pointer, "%s %q cannot be %q; want %s", what, k, clip(v), wantName)
		}
	}
}

func (c *checker) link(pointer string, v any) {
	link, _ := v.(map[string]any)
	c.want(pointer+"/url", text(link, "url"), isURL, "an absolute URL")
	for _, key := range []string{"title", "icon"} {
		if v, there := link[key].(string); there && isBlank(v) {
			c.report(pointer+"/"+key, "%s must not be blank", dotted(pointer+"/"+key))
		}
	}
}

// spec checks what the kind demands.
func (c *checker) spec(f form, entity map[string]any) {
	const at = "/spec"
	spec, there := entity["spec"].(map[string]any)
	if !there {
		c.report("", "a %s must have \"spec\"", f.kind)
		return
	}
	for _, field := range f.texts {
		if c.text(spec, at, field.name, field.required) {
			c.value(at+"/"+field.name, text(spec, field.name), field)
		}
	}
	for _, field := range f.lists {
		c.textList(spec, at, field.name, field.required)
	}
	if profile, there := spec["profile"]; there && f.profile {
		if m, ok := c.mapping(at+"/profile", profile); ok {
			for _, key := range []string{"displayName", "email", "picture"} {
				c.text(m, at+"/profile", key, false)
			}
		}
	}
	if f.remotes {
		c.remotes(spec)
	}
}

func (c *checker) value(pointer, v string, f field) {
	if f.oneOf != nil && !slices.Contains(f.oneOf, v) {
		c.report(pointer, "%s cannot be %q; want %s", dotted(pointer), clip(v), strings.Join(f.oneOf, " or "))
	}
	if n := utf8.RuneCountInString(v); f.most > 0 && n > f.most {
		c.report(pointer, "%s has %d characters; want at most %d", dotted(pointer), n, f.most)
	}
}

func (c *checker) remotes(spec map[string]any) {
	list := c.each(spec, "/spec", "remotes", true, func(pointer string, v any) {
		if remote, ok := c.mapping(pointer, v); ok {
			c.text(remote, pointer, "type", true)
			c.text(remote, pointer, "url", true)
		}
	})
	if _, isList := spec["remotes"].([]any); isList && len(list) == 0 {
		c.report("/spec/remotes", "spec.remotes must have at least one entry")
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
