# METADATA
# title: Whether an artifact may run
# description: >
#   The clauses of admission. What was verified (signatures, identities, times, the log) stands in the input as facts; what
#   could not be verified is not in it, but under rejected. spec.admission of adamant.yaml says what each environment asks for.
package adamant.base.admission

import data.adamant.admission as own

decision := {"deny": [clause(r) | some r in denials], "warn": [clause(r) | some r in warnings]}

denials := deny | own.deny

warnings := warn | own.warn

# Whatever is in the set refuses, also what is no record: nothing may be lost for its shape.
clause(r) := {
	"code": object.get(r, "code", "POLICY_DENIED"),
	"message": object.get(r, "message", "a rule of adamant.admission gives no message"),
	"next": object.get(r, "next", ""),
} if {
	is_object(r)
} else := {
	"code": "POLICY_DENIED",
	"message": sprintf("%v", [r]),
	"next": "",
}

asked := input.settings

# Taken back by the operator, whatever else holds.

deny contains {
	"code": "REVOKED",
	"message": sprintf("%s %s was taken back: %s", [r.what, r.value, r.reason]),
	"next": "build it again from a commit that is not affected, or lift the revocation in spec.admission.revoked",
} if {
	some r in input.revoked
}

# Who built it.

deny contains {
	"code": "PROVENANCE_MISSING",
	"message": "no valid statement of a builder says how this artifact was built",
	"next": "build it with adamant build, or give its bundle with --bundle",
} if {
	not input.provenance.found
}

deny contains r if {
	not input.provenance.found
	some r in input.rejected
}

warn contains r if {
	input.provenance.found
	some r in input.rejected
}

deny contains {
	"code": "BUILDER_UNKNOWN",
	"message": sprintf("%s built it, which root.json does not list as a builder", [input.provenance.builder]),
	"next": "build it with a builder that root.json knows, or add this one (adamant trust rotate)",
} if {
	input.provenance.found
	input.provenance.level < 1
}

deny contains {
	"code": "BUILDER_UNKNOWN",
	"message": sprintf("the statement names the builder %s, and %s signed it", [input.provenance.claims, input.provenance.builder]),
	"next": "build it again; a statement is believed about its own signer only",
} if {
	input.provenance.found
	input.provenance.claims != input.provenance.builder
}

deny contains {
	"code": "BUILDER_LEVEL",
	"message": sprintf("builder %s may claim SLSA Build L%d at most, %s asks for L%d", [input.provenance.builder, input.provenance.level, input.environment, asked.buildLevel]),
	"next": "build it with a dedicated builder (adamant builder doctor)",
} if {
	input.provenance.found
	input.provenance.level < asked.buildLevel
}

# What it is, and from what.

deny contains {
	"code": "COMPONENT_MISMATCH",
	"message": sprintf("it is component %s, and %s was expected", [input.provenance.component, input.component]),
	"next": "deploy the artifact of that component",
} if {
	input.provenance.found
	input.component != ""
	input.component != input.provenance.component
}

deny contains {
	"code": "COMPONENT_MISMATCH",
	"message": sprintf("component %s does not belong in %s", [input.provenance.component, input.environment]),
	"next": "deploy it elsewhere, or name it in spec.admission",
} if {
	input.provenance.found
	count(asked.components) > 0
	not input.provenance.component in asked.components
}

deny contains {
	"code": "SOURCE_MISMATCH",
	"message": sprintf("it was built from %s, this repository is %s", [input.provenance.source, input.repository]),
	"next": "build it from this repository",
} if {
	input.provenance.found
	not input.provenance.ours
}

deny contains {
	"code": "SOURCE_MISMATCH",
	"message": "it was built from files that are in no commit",
	"next": "commit, land, and build again",
} if {
	input.provenance.found
	input.provenance.dirty
}

deny contains {
	"code": "SOURCE_UNLANDED",
	"message": sprintf("commit %s, from which it was built, is not on main", [substring(input.provenance.commit, 0, 12)]),
	"next": "land the change first, and build from main",
} if {
	input.provenance.found
	not input.provenance.landed
}

deny contains {
	"code": "PARAMETER_MISMATCH",
	"message": sprintf("target %s is not built as adamant.yaml of that commit says", [input.provenance.target]),
	"next": "build it again with adamant build",
} if {
	input.provenance.found
	not input.provenance.expected
}

# What the gate said about the commit.

deny contains {
	"code": "GATE_MISSING",
	"message": sprintf("nothing signed by the gate shows that commit %s was allowed to land", [substring(input.provenance.commit, 0, 12)]),
	"next": "adamant sync brings what the gate signed; adamant verify says what is wrong with the commit",
} if {
	input.provenance.found
	input.gate.decision == ""
}

deny contains {
	"code": "GATE_DENIED",
	"message": sprintf("the gate's decision about commit %s is %s", [substring(input.provenance.commit, 0, 12), input.gate.decision]),
	"next": "adamant verify says how it came to main",
} if {
	input.provenance.found
	not input.gate.decision in {"", "allow"}
}

deny contains {
	"code": "SOURCE_LEVEL",
	"message": sprintf("the commit has SLSA Source L%d, %s asks for L%d", [input.gate.sourceLevel, input.environment, asked.sourceLevel]),
	"next": "adamant verify says which control was not in force when it landed",
} if {
	input.provenance.found
	input.gate.sourceLevel < asked.sourceLevel
}

# What is known about it.

deny contains {
	"code": "NOT_REPRODUCED",
	"message": "nobody has built it twice with the same result",
	"next": "adamant build --reproduce",
} if {
	input.provenance.found
	asked.reproduced
	not input.provenance.reproduced
}

deny contains {
	"code": "SBOM_MISSING",
	"message": "it has no bill of materials",
	"next": "build it again with adamant build, which writes one",
} if {
	asked.sbom
	not input.sbom
}

missing_scan := {
	"code": "SCAN_MISSING",
	"message": "nobody has looked for known vulnerabilities in it",
	"next": "adamant build scans against the OSV records of the repository; say where they are",
}

deny contains missing_scan if {
	asked.vulnerabilities.required
	not input.scan.found
}

warn contains missing_scan if {
	not asked.vulnerabilities.required
	not input.scan.found
}

deny contains {
	"code": "SCAN_STALE",
	"message": sprintf("the last look for vulnerabilities was %s, %s asks for one since %s", [input.scan.at, input.environment, input.scan.since]),
	"next": "scan it again: adamant build",
} if {
	input.scan.found
	asked.vulnerabilities.required
	not input.scan.fresh
}

unknown_parts := {
	"code": "SCAN_MISSING",
	"message": sprintf("the look for vulnerabilities had no records of %s", [input.scan.missing]),
	"next": "add their OSV records, and scan again",
}

deny contains unknown_parts if {
	asked.vulnerabilities.required
	input.scan.missing != ""
}

warn contains unknown_parts if {
	not asked.vulnerabilities.required
	input.scan.missing != ""
}

severities := {"none": 0, "low": 1, "medium": 2, "moderate": 2, "high": 3, "critical": 4}

# A severity that nobody knows counts as the worst.
weight(severity) := object.get(severities, severity, 4)

deny contains {
	"code": "VULNERABLE",
	"message": sprintf("%s in %s %s (%s) is %s", [v.id, v.name, v.version, severity_of(v), status_of(v)]),
	"next": fix_of(v),
} if {
	some v in input.scan.findings
	counts(v)
	weight(v.severity) >= severities[asked.vulnerabilities.deny]
}

warn contains {
	"code": "VULNERABLE",
	"message": sprintf("%s in %s %s (%s) is %s", [v.id, v.name, v.version, severity_of(v), status_of(v)]),
	"next": fix_of(v),
} if {
	some v in input.scan.findings
	counts(v)
	weight(v.severity) < severities[asked.vulnerabilities.deny]
}

# Whatever is not said to be harmless counts.
counts(v) if not v.status in {"not_affected", "fixed"}

severity_of(v) := v.severity if v.severity != ""

else := "severity unknown"

status_of(v) := "not fixed here" if v.status == "affected"

else := replace(v.status, "_", " ")

fix_of(v) := sprintf("take %s %s, or state why it does not matter (OpenVEX)", [v.name, v.fixed]) if v.fixed != ""

else := "replace the package, or state why it does not matter (OpenVEX)"
