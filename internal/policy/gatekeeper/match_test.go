package gatekeeper

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/manifest"
)

func parseView(t *testing.T, text string) *view {
	t.Helper()
	docs := manifest.ParseYAML("t.yaml", []byte(text))
	if len(docs) != 1 || docs[0].Err != nil {
		t.Fatalf("%s: %+v", text, docs)
	}
	return newView(docs[0])
}

func parseObject(t *testing.T, text string) object {
	t.Helper()
	o, ok := asObject(parseView(t, text).value)
	if !ok {
		t.Fatalf("%s is no object", text)
	}
	return o
}

const (
	podInShop  = "{apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: shop, labels: {app: web, tier: front}}}"
	podNoHome  = "{apiVersion: v1, kind: Pod, metadata: {name: web-1}}"
	namespace1 = "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a}}}"
	role       = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: admin}}"
	generated  = "{apiVersion: v1, kind: Pod, metadata: {generateName: web-, namespace: shop}}"
	oddLabels  = "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: web, n: 5}}}"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, match, object string
		namespace           string // known namespace
		want                bool
	}{
		{"no match at all", "", podInShop, "", true},
		{"an empty one", "{}", podInShop, "", true},
		{"kind and core group", "{kinds: [{apiGroups: [''], kinds: [Pod]}]}", podInShop, "", true},
		{"another group", "{kinds: [{apiGroups: [apps], kinds: [Pod]}]}", podInShop, "", false},
		{"any group", "{kinds: [{apiGroups: ['*'], kinds: [Pod]}]}", podInShop, "", true},
		{"groups left out", "{kinds: [{kinds: [Pod]}]}", podInShop, "", true},
		{"kinds left out", "{kinds: [{apiGroups: [apps]}]}", podInShop, "", false},
		{"any kind", "{kinds: [{apiGroups: [''], kinds: ['*']}]}", podInShop, "", true},
		{"the second entry", "{kinds: [{kinds: [Job]}, {kinds: [Pod]}]}", podInShop, "", true},
		{"kind and group of different entries", "{kinds: [{apiGroups: [apps], kinds: [Pod]}, {apiGroups: [''], kinds: [Job]}]}", podInShop, "", false},
		{"a named group", "{kinds: [{apiGroups: [rbac.authorization.k8s.io], kinds: [ClusterRole]}]}", role, "", true},

		{"namespace", "{namespaces: [shop]}", podInShop, "", true},
		{"other namespace", "{namespaces: [bank]}", podInShop, "", false},
		{"namespace by prefix", "{namespaces: ['sh*']}", podInShop, "", true},
		{"namespace by suffix", "{namespaces: ['*op']}", podInShop, "", true},
		{"namespace by middle", "{namespaces: ['*ho*']}", podInShop, "", true},
		{"a star in the middle is no star", "{namespaces: ['s*p']}", podInShop, "", false},
		{"cluster objects have no namespace to miss", "{namespaces: [shop]}", role, "", true},
		{"a namespace is in itself", "{namespaces: [bank]}", namespace1, "", false},
		{"excluded", "{excludedNamespaces: [shop]}", podInShop, "", false},
		{"excluded by prefix", "{excludedNamespaces: ['s*']}", podInShop, "", false},
		{"not excluded", "{excludedNamespaces: [kube-system]}", podInShop, "", true},
		{"a namespace is excluded by its name", "{excludedNamespaces: [shop]}", namespace1, "", false},
		{"cluster objects are never excluded", "{excludedNamespaces: ['*']}", role, "", true},
		{"excluding wins", "{namespaces: [shop], excludedNamespaces: [shop]}", podInShop, "", false},

		{"scope of a namespace's object", "{scope: Namespaced}", podInShop, "", true},
		{"scope of a namespace", "{scope: Namespaced}", namespace1, "", false},
		{"cluster scope of a namespace", "{scope: Cluster}", namespace1, "", true},
		{"cluster scope of a namespace that is known", "{scope: Cluster}", namespace1, namespace1, true},
		{"namespaced scope of a namespace that is known", "{scope: Namespaced}", namespace1, namespace1, false},
		{"cluster scope", "{scope: Cluster}", role, "", true},
		{"cluster scope of a namespace's object", "{scope: Cluster}", podInShop, "", false},
		{"any scope", "{scope: '*'}", podInShop, "", true},
		{"a scope nobody knows", "{scope: Galaxy}", podInShop, "", true},
		{"no namespace written looks like the cluster's", "{scope: Cluster}", podNoHome, "", true},

		{"labels", "{labelSelector: {matchLabels: {app: web}}}", podInShop, "", true},
		{"a label of another value", "{labelSelector: {matchLabels: {app: db}}}", podInShop, "", false},
		{"all labels count", "{labelSelector: {matchLabels: {app: web, zone: x}}}", podInShop, "", false},
		{"in", "{labelSelector: {matchExpressions: [{key: app, operator: In, values: [db, web]}]}}", podInShop, "", true},
		{"in wants the label", "{labelSelector: {matchExpressions: [{key: zone, operator: In, values: [x]}]}}", podInShop, "", false},
		{"not in", "{labelSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}", podInShop, "", false},
		{"not in without the label", "{labelSelector: {matchExpressions: [{key: zone, operator: NotIn, values: [x]}]}}", podInShop, "", true},
		{"exists", "{labelSelector: {matchExpressions: [{key: tier, operator: Exists}]}}", podInShop, "", true},
		{"does not exist", "{labelSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}", podInShop, "", false},
		{"an empty selector", "{labelSelector: {}}", podInShop, "", true},
		{"one label that is no text hides all", "{labelSelector: {matchLabels: {app: web}}}", oddLabels, "", false},

		{"labels of the namespace", "{namespaceSelector: {matchLabels: {team: a}}}", podInShop, namespace1, true},
		{"other labels of the namespace", "{namespaceSelector: {matchLabels: {team: b}}}", podInShop, namespace1, false},
		{"labels of a namespace itself", "{namespaceSelector: {matchLabels: {team: a}}}", namespace1, "", true},
		{"cluster objects are in every namespace", "{namespaceSelector: {matchLabels: {team: b}}}", role, "", true},

		{"name", "{name: web-1}", podInShop, "", true},
		{"name by prefix", "{name: 'web-*'}", podInShop, "", true},
		{"another name", "{name: db}", podInShop, "", false},
		{"a name to be generated", "{name: 'web-*'}", generated, "", true},
		{"a name to be generated ends in anything", "{name: '*-1'}", generated, "", false},
		{"a whole name is not generated", "{name: 'web-'}", generated, "", false},

		{"source all", "{source: All}", podInShop, "", true},
		{"source original", "{source: Original}", podInShop, "", true},
		{"source generated", "{source: Generated}", podInShop, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var m *match
			if c.match != "" {
				v := parseView(t, c.match)
				if m = readMatch(v); len(*v.problems) > 0 {
					t.Fatal(*v.problems)
				}
			}
			s := subject{object: parseObject(t, c.object), source: sourceOriginal}
			if c.namespace != "" {
				s.namespace = parseObject(t, c.namespace)
			}
			got, err := m.matches(s)
			if err != nil || got != c.want {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestMatchUnknownNamespace(t *testing.T) {
	t.Parallel()
	m := readMatch(parseView(t, "{namespaceSelector: {matchLabels: {team: a}}}"))
	s := subject{object: parseObject(t, podInShop), source: sourceOriginal}
	if _, err := m.matches(s); err == nil || !strings.Contains(err.Error(), "shop is not known") {
		t.Errorf("got %v, want an error that names the namespace", err)
	}
	s.assume = true
	if got, err := m.matches(s); !got || err != nil {
		t.Errorf("got %v, %v; what is not known is taken to be selected", got, err)
	}
	// What another part rules out is ruled out without asking.
	m = readMatch(parseView(t, "{kinds: [{kinds: [Job]}], namespaceSelector: {matchLabels: {team: a}}}"))
	s.assume = false
	if got, err := m.matches(s); got || err != nil {
		t.Errorf("got %v, %v; want no match and no error", got, err)
	}
}

func TestSelectorMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ selector, want string }{
		{"{matchExpressions: [{key: a, operator: in, values: [b]}]}", `operator "in" is not one of`},
		{"{matchExpressions: [{key: a, operator: In}]}", "In needs values"},
		{"{matchExpressions: [{key: a, operator: Exists, values: [b]}]}", "Exists takes no values"},
		{"{matchLabels: {'a b': c}}", `"a b" is no name of a label`},
		{"{matchLabels: {/a: c}}", "is no name of a label"},
		{"{matchLabels: {example.com/a/b: c}}", "is no name of a label"},
		{"{matchLabels: {a: 'b c'}}", `"b c" is no value of a label`},
		{"{matchLabels: {a: 5}}", "must be a text"},
		{"{matchLabels: []}", "must be a mapping"},
		{"{matchLabels: {example.com/a: b, c: ''}}", ""},
	} {
		v := parseView(t, c.selector)
		readSelector(v)
		got := ""
		if err := manifest.Join(*v.problems); err != nil {
			got = err.Error()
		}
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.selector, got, c.want)
		}
	}
}
