package gatekeeper

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// reviewOf makes the review of a suite's object, which may be a whole AdmissionReview.
func reviewOf(o object) (*Review, error) {
	if o.text("kind") == "AdmissionReview" && strings.HasPrefix(o.text("apiVersion"), "admission.k8s.io/") {
		return admissionReview(o)
	}
	g := o.gvk()
	if g.kind == "" {
		return nil, fmt.Errorf("the object %q has no kind", o.name())
	}
	return objectReview(o, sourceOriginal), nil
}

// requestFields are the fields of an admission request but for its objects; those that are always there first.
func requestFields() (always, others []string) {
	return []string{"uid", "kind", "resource", "operation", "userInfo", "options"},
		[]string{"subResource", "requestKind", "requestResource", "requestSubResource", "name", "namespace", "dryRun"}
}

func admissionReview(o object) (*Review, error) {
	request, ok := o["request"].(map[string]any)
	if !ok {
		return nil, errors.New("the AdmissionReview has no request")
	}
	always, others := requestFields()
	for name := range request {
		if name != "object" && name != "oldObject" && !slices.Contains(always, name) && !slices.Contains(others, name) {
			return nil, fmt.Errorf("the AdmissionReview's request has an unknown field %s", name)
		}
	}
	r := objectReview(object{}, sourceOriginal)
	for _, name := range append(always, others...) {
		if value := request[name]; value != nil {
			r.request[name] = value
		}
	}
	r.namespace, _ = request["namespace"].(string)
	r.object, r.old = nil, nil
	var err error
	if r.object, err = requestObject(request, "object"); err != nil {
		return nil, err
	}
	if r.old, err = requestObject(request, "oldObject"); err != nil {
		return nil, err
	}
	if request["operation"] == "DELETE" {
		if r.old == nil {
			return nil, errors.New("the AdmissionReview deletes but has no oldObject")
		}
		r.object = r.old
	}
	if r.object == nil && r.old == nil {
		return nil, errors.New("the AdmissionReview has neither object nor oldObject")
	}
	return r, nil
}

func requestObject(request map[string]any, name string) (object, error) {
	if request[name] == nil {
		return nil, nil
	}
	o, ok := asObject(request[name])
	if !ok || o.text("kind") == "" {
		return nil, fmt.Errorf("the AdmissionReview's %s is no object with a kind", name)
	}
	return o, nil
}
