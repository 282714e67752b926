# METADATA
# title: Kustomizations that are not rendered
package adamant.base.kustomizations

# METADATA
# title: A kustomization cannot be rendered here
# description: >-
#   What would be deployed is not known to the gate: the root refers to something that is not in the repository, or runs code
#   (Helm, generators, transformers). Its own files are judged one by one, the objects that come of them are not. What was not
#   rendered before, for the same reasons, holds nobody.
# custom:
#   id: kustomize/not-rendered
#   severity: warning
#   fix: copy what is remote into the repository, with its version in the path, render the chart into a file, or approve the change yourself
#   failing: "resources: ['https://example.com/install.yaml']"
#   passing: "resources: [install-v1.2.yaml]"
hold contains {"message": sprintf("is not rendered: %s", [doc.value.notRendered]), "path": doc.path, "pointer": "", "document": doc.index} if {
	some doc in input.byKind.kustomization
	doc.value.notRendered
}
