#!/bin/sh
# Compare adamant policy eval with conftest 0.71.1 on conftest's own examples, and those of its tests: the same failures and warnings for the same
# files, by message; and adamant policy test with conftest verify on their tests: the same numbers.
# Prints a line for each case, what is left out and why, and how many agree; exit 1 when one does not.
# usage: scripts/interop-conftest.sh CHECKOUT     CHECKOUT is conftest's repository; needs go (or CONFTEST=binary) and python3
set -eu

checkout=$(cd "${1:?usage: scripts/interop-conftest.sh CHECKOUT}" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${CONFTEST:-}" ]; then
	(cd "$work" && GOBIN="$work/bin" GOFLAGS=-mod=mod go install github.com/open-policy-agent/conftest@v0.71.1)
	CONFTEST=$work/bin/conftest
fi
if [ -z "${ADAMANT:-}" ]; then
	ADAMANT=$work/adamant
	(cd "$root" && CGO_ENABLED=0 go build -o "$ADAMANT" ./cmd/adamant)
fi
export CONFTEST ADAMANT

cd "$checkout"
exec python3 - <<'PYTHON'
import json, os, subprocess, sys

CONFTEST, ADAMANT = os.environ["CONFTEST"], os.environ["ADAMANT"]

# policy, files, flags that both understand, and conftest's own flags
CASES = [
    ("examples/awssam/policy", ["examples/awssam/lambda.yaml"], [], []),
    ("examples/combine/policy", ["examples/combine/team.yaml", "examples/combine/user1.yaml", "examples/combine/user2.yaml"], ["--combine"], []),
    ("examples/combine/policy", ["examples/combine/team.yaml", "examples/combine/users.yaml"], ["--combine"], []),
    ("examples/compose/policy", ["examples/compose/docker-compose.yml"], [], []),
    ("examples/compose/policy", ["examples/compose/docker-compose-valid.yml"], [], []),
    ("examples/configfile/test", ["examples/configfile/deployment.yaml"], ["--namespace", "conftest"], []),
    ("examples/cyclonedx/policy", ["examples/cyclonedx/cyclonedx.json"], [], ["--parser", "cyclonedx"]),
    ("examples/data/policy", ["examples/data/service.yaml"], ["--data", "examples/data/exclusions"], []),
    ("examples/docker/policy", ["examples/docker/Dockerfile"], [], []),
    ("examples/docker/policy", ["examples/docker/Dockerfile"], ["--namespace", "commands"], []),
    ("examples/docker/policy", ["examples/docker/Dockerfile"], ["--namespace", "*"], []),
    ("examples/dotenv/policy", ["examples/dotenv/sample.env"], [], []),
    ("examples/exceptions/policy", ["examples/exceptions/deployments.yaml"], [], []),
    ("examples/hcl1/policy/base.rego", ["examples/hcl1/gke-show.json"], [], []),
    ("examples/hcl1/policy/gke.rego", ["examples/hcl1/gke.tf"], [], []),
    ("examples/hcl2/policy", ["examples/hcl2/terraform.tf"], [], []),
    ("examples/ini/policy", ["examples/ini/grafana.ini"], [], []),
    ("examples/kubernetes/policy", ["examples/kubernetes/service.yaml"], [], []),
    ("examples/kubernetes/policy", ["examples/kubernetes/deployment.yaml"], [], []),
    ("examples/kubernetes/policy", ["examples/kubernetes/deployment+service.yaml"], [], []),
    ("examples/kubernetes/policy", ["examples/kubernetes/deployment.yaml", "examples/kubernetes/service.yaml", "examples/traefik/traefik.toml"], [], []),
    ("examples/kubernetes/combine/combine.rego", ["examples/kubernetes/combine/combine.yaml"], ["--combine"], []),
    ("examples/kubernetes/combine/combine.rego", ["examples/kubernetes/combine/deployment.yaml"], ["--combine"], []),
    ("examples/kubernetes/combine/combine.rego", ["examples/kubernetes/combine/deployment.yaml", "examples/kubernetes/combine/service.yaml"], ["--combine"], []),
    ("examples/kustomize/policy", ["examples/kustomize/deployment.yaml", "examples/kustomize/service.yaml", "examples/kustomize/configMap.yaml"], [], []),
    ("examples/report/policy", ["examples/kubernetes/deployment.yaml"], [], []),
    ("examples/report/policy_print", ["examples/kubernetes/deployment.yaml"], [], []),
    ("examples/serverless/policy", ["examples/serverless/serverless.yaml"], [], []),
    ("examples/strict-rules/policy", ["examples/kubernetes/deployment.yaml"], [], []),
    ("examples/traefik/policy", ["examples/traefik/traefik.toml"], [], []),
    ("examples/xml/policy", ["examples/xml/pom.xml"], [], []),
    ("tests/rego-version/policy/v0.rego", ["examples/kubernetes/service.yaml"], [], ["--rego-version", "v0"]),
    ("tests/rego-version/policy/v1.rego", ["examples/kubernetes/service.yaml"], [], []),
    ("tests/return-multiple-failures/policy.rego", ["tests/return-multiple-failures/file.json"], [], []),
    ("tests/source-location/policy", ["examples/kubernetes/service.yaml"], ["--data", "tests/source-location/loc_same_file.yaml"], []),
    ("tests/problematic-if/policy/valid.rego", ["examples/kubernetes/service.yaml"], [], []),
    ("tests/problematic-if/policy/invalid.rego", ["examples/kubernetes/service.yaml"], [], []),
    ("tests/nested/policy", ["tests/nested/data.json"], ["--namespace", "group1"], []),
    ("tests/nested/policy", ["tests/nested/data.json"], ["--namespace", "group1", "--namespace", "group2"], []),
    ("tests/multitype/policy", ["tests/multitype/deployment.yaml", "tests/multitype/grafana.ini"], [], []),
    ("tests/annotations/policy", ["tests/annotations/service.yaml"], ["--data", "tests/annotations/exclusions"], []),
]

# policies whose tests are run
TESTS = [
    (["examples/data/policy"], ["--data", "examples/data/exclusions"]),
    (["examples/dotenv/policy"], []),
    (["examples/hcl2/policy"], []),
    (["examples/kubernetes/policy"], []),
    (["examples/kubernetes/combine"], []),
    (["examples/report/policy", "examples/report/success"], []),
    (["examples/report/policy", "examples/report/fail"], []),
    (["examples/traefik/policy"], []),
    (["tests/annotations/policy"], ["--data", "tests/annotations/exclusions"]),
    (["tests/document/policy"], []),
]

LEFT_OUT = [
    ("builtin-errors, capabilities", "net.lookup_ip_addr and http.send: policies cannot reach the network"),
    ("cue, edn, hcl1 (as HCL 1), hocon, ignore, jenkins, jsonnet, nginx, properties, spdx (tag-value), textproto, vcl", "formats that adamant does not read"),
    ("cyclonedx.xml", "read as XML, not as CycloneDX"),
    ("tests/problematic-if/valid_bare_deny.rego", "a deny that can never report: conftest lets everything pass, adamant refuses the policy"),
    ("ts", "its input is made by a program"),
]

def run(args):
    return subprocess.run(args, capture_output=True, text=True)

def words(text):
    return " ".join(text.split())

def conftest(policy, files, shared, own):
    p = run([CONFTEST, "test", "--no-color", "-o", "json", "-p", policy] + shared + own + files)
    try:
        results = json.loads(p.stdout)
    except ValueError:
        return "conftest: " + words(p.stderr or p.stdout)[:200]
    out = []
    for r in results:
        for key, kind in (("failures", "deny"), ("warnings", "warn")):
            for f in r.get(key) or []:
                if words(f["msg"]):
                    out.append((kind, "" if r["filename"] == "Combined" else r["filename"], words(f["msg"])))
    return sorted(out)

def adamant(policy, files, shared):
    p = run([ADAMANT, "policy", "eval", "--json", "--policy", policy] + shared + files)
    try:
        result = json.loads(p.stdout)
    except ValueError:
        return "adamant: " + words(p.stderr)[:200]
    return sorted((v["kind"], v.get("path", ""), words(v["message"])) for v in result["violations"])

def show(title, a, b):
    for line in a if isinstance(a, list) else [a]:
        if isinstance(b, str) or line not in b:
            print("     ", title, line)

agree = 0
for policy, files, shared, own in CASES:
    theirs, ours = conftest(policy, files, shared, own), adamant(policy, files, shared)
    refused = isinstance(theirs, str) and isinstance(ours, str)
    same = theirs == ours or refused
    agree += same
    count = "refused by both" if refused else "? findings" if isinstance(theirs, str) else f"{len(theirs)} findings"
    print(f"{'same' if same else 'DIFF'}  {count}  {' '.join([policy] + shared)} on {' '.join(files)}")
    if not same:
        show("only conftest:", theirs, ours)
        show("only adamant: ", ours, theirs)

for policies, shared in TESTS:
    flags = [a for p in policies for a in ("-p", p)]
    p = run([CONFTEST, "verify", "--no-color", "-o", "json"] + flags + shared)
    try:
        results = json.loads(p.stdout)
        failed = sum(len(r.get("failures") or []) for r in results)
        passed = sum(r.get("successes", 0) for r in results)
        theirs = f"{passed} passed, {failed} failed"
    except ValueError:
        theirs = "conftest: " + words(p.stderr or p.stdout)[:200]
    q = run([ADAMANT, "policy", "test", "--together"] + shared + policies)
    lines = q.stdout.strip().splitlines()
    ours = lines[-1] if lines else "adamant: " + words(q.stderr)[:200]
    same = theirs == ours
    agree += same
    print(f"{'same' if same else 'DIFF'}  {theirs}  tests of {' '.join(policies)}" + ("" if same else f"   adamant: {ours}"))

for name, why in LEFT_OUT:
    print(f"left out: {name}: {why}")
total = len(CASES) + len(TESTS)
print(f"{agree} of {total} agree")
sys.exit(agree != total)
PYTHON
