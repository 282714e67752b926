package gatekeeper

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// selector is a label selector: all requirements must hold.
type selector []requirement

type requirement struct {
	key, operator string
	values        []string
}

// The operators of a requirement.
const (
	opIn     = "In"
	opNotIn  = "NotIn"
	opExists = "Exists"
	opAbsent = "DoesNotExist"
)

// readSelector reads a label selector; nil when there is none.
func readSelector(v *view) *selector {
	if !v.exists() {
		return nil
	}
	s := &selector{}
	labels := v.field("matchLabels")
	for name := range labels.object() {
		value := labels.field(name)
		checkLabel(value, name, value.text())
		*s = append(*s, requirement{name, opIn, []string{value.text()}})
	}
	for _, e := range v.field("matchExpressions").items() {
		r := requirement{e.field("key").text(), e.field("operator").text(), e.field("values").texts()}
		checkRequirement(e, r)
		*s = append(*s, r)
	}
	return s
}

func checkRequirement(v *view, r requirement) {
	switch r.operator {
	case opIn, opNotIn:
		if len(r.values) == 0 {
			v.complain("operator %s needs values", r.operator)
		}
	case opExists, opAbsent:
		if len(r.values) > 0 {
			v.complain("operator %s takes no values", r.operator)
		}
	default:
		v.complain("operator %q is not one of In, NotIn, Exists, DoesNotExist", r.operator)
	}
	checkLabel(v, r.key, r.values...)
}

var labelPart = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
})

var labelPrefix = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
})

func checkLabel(v *view, key string, values ...string) {
	prefix, name, found := strings.Cut(key, "/")
	if !found {
		prefix, name = "", key
	}
	if !labelPart().MatchString(name) || found && (len(prefix) > 253 || !labelPrefix().MatchString(prefix)) {
		v.complain("%q is no name of a label", key)
	}
	for _, value := range values {
		if value != "" && !labelPart().MatchString(value) {
			v.complain("%q is no value of a label", value)
		}
	}
}

func (s selector) matches(labels map[string]string) bool {
	for _, r := range s {
		value, present := labels[r.key]
		var ok bool
		switch r.operator {
		case opIn:
			ok = present && slices.Contains(r.values, value)
		case opNotIn:
			ok = !present || !slices.Contains(r.values, value)
		case opExists:
			ok = present
		default:
			ok = !present
		}
		if !ok {
			return false
		}
	}
	return true
}
