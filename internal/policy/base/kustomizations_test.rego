package adamant.base.kustomizations_test

import data.adamant.base.kustomizations

given(value) := {"byKind": {"kustomization": [{"path": "k/kustomization.yaml", "index": 1, "value": value}]}}

test_not_rendered if {
	kustomizations.hold == {{"message": "is not rendered: needs Helm", "path": "k/kustomization.yaml", "pointer": "", "document": 1}} with input as given({"notRendered": "needs Helm"})
}

test_rendered if {
	count(kustomizations.hold) == 0 with input as given({"resources": ["a.yaml"]})
	count(kustomizations.hold) == 0 with input as {"byKind": {"kustomization": []}}
}
