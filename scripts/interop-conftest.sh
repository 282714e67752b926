#!/bin/sh
# Compare adamant policy eval with conftest 0.71.1 on conftest's own examples: the same failures and warnings for the same
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

cd "$checkout/examples"
exec python3 - <<'PYTHON'
import json, os, subprocess, sys

CONFTEST, ADAMANT = os.environ["CONFTEST"], os.environ["ADAMANT"]

# policy, files, flags that both understand, and conftest's own flags
CASES = [
    ("awssam/policy", ["awssam/lambda.yaml"], [], []),
    ("combine/policy", ["combine/team.yaml", "combine/user1.yaml", "combine/user2.yaml"], ["--combine"], []),
    ("combine/policy", ["combine/team.yaml", "combine/users.yaml"], ["--combine"], []),
    ("compose/policy", ["compose/docker-compose.yml"], [], []),
    ("compose/policy", ["compose/docker-compose-valid.yml"], [], []),
    ("configfile/test", ["configfile/deployment.yaml"], ["--namespace", "conftest"], []),
    ("cyclonedx/policy", ["cyclonedx/cyclonedx.json"], [], ["--parser", "cyclonedx"]),
    ("data/policy", ["data/service.yaml"], ["--data", "data/exclusions"], []),
    ("docker/policy", ["docker/Dockerfile"], [], []),
    ("docker/policy", ["docker/Dockerfile"], ["--namespace", "commands"], []),
    ("docker/policy", ["docker/Dockerfile"], ["--namespace", "*"], []),
    ("dotenv/policy", ["dotenv/sample.env"], [], []),
    ("exceptions/policy", ["exceptions/deployments.yaml"], [], []),
    ("hcl1/policy/base.rego", ["hcl1/gke-show.json"], [], []),
    ("hcl1/policy/gke.rego", ["hcl1/gke.tf"], [], []),
    ("hcl2/policy", ["hcl2/terraform.tf"], [], []),
    ("ini/policy", ["ini/grafana.ini"], [], []),
    ("kubernetes/policy", ["kubernetes/service.yaml"], [], []),
    ("kubernetes/policy", ["kubernetes/deployment.yaml"], [], []),
    ("kubernetes/policy", ["kubernetes/deployment+service.yaml"], [], []),
    ("kubernetes/policy", ["kubernetes/deployment.yaml", "kubernetes/service.yaml", "traefik/traefik.toml"], [], []),
    ("kubernetes/combine/combine.rego", ["kubernetes/combine/combine.yaml"], ["--combine"], []),
    ("kubernetes/combine/combine.rego", ["kubernetes/combine/deployment.yaml"], ["--combine"], []),
    ("kubernetes/combine/combine.rego", ["kubernetes/combine/deployment.yaml", "kubernetes/combine/service.yaml"], ["--combine"], []),
    ("kustomize/policy", ["kustomize/deployment.yaml", "kustomize/service.yaml", "kustomize/configMap.yaml"], [], []),
    ("report/policy", ["kubernetes/deployment.yaml"], [], []),
    ("report/policy_print", ["kubernetes/deployment.yaml"], [], []),
    ("serverless/policy", ["serverless/serverless.yaml"], [], []),
    ("strict-rules/policy", ["kubernetes/deployment.yaml"], [], []),
    ("traefik/policy", ["traefik/traefik.toml"], [], []),
    ("xml/policy", ["xml/pom.xml"], [], []),
]

# policies whose tests are run
TESTS = [
    (["data/policy"], ["--data", "data/exclusions"]),
    (["dotenv/policy"], []),
    (["hcl2/policy"], []),
    (["kubernetes/policy"], []),
    (["kubernetes/combine"], []),
    (["report/policy", "report/success"], []),
    (["report/policy", "report/fail"], []),
    (["traefik/policy"], []),
]

LEFT_OUT = [
    ("builtin-errors, capabilities", "net.lookup_ip_addr and http.send: policies cannot reach the network"),
    ("cue, edn, hcl1 (as HCL 1), hocon, ignore, jenkins, jsonnet, nginx, properties, spdx (tag-value), textproto, vcl", "formats that adamant does not read"),
    ("cyclonedx.xml", "read as XML, not as CycloneDX"),
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
