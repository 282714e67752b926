# METADATA
# title: What else an artifact must fulfil
# description: >
#   The repository's own rules of admission: deny refuses, warn tells. They stand in .adamant/policy/ in this package and see
#   admission-input/v1. None of them takes a refusal of adamant's own rules back. docs/admission.md
package adamant.admission

deny contains record if some record in []

warn contains record if some record in []
