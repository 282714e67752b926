#!/bin/sh
# Compare adamant policy eval with conftest 0.71.1 on 300 manifests and 50 rules, in one run on one machine: rules written for
# adamant, and conftest's own rules as they are ("unchanged").
# Prints CPU time (user+sys) and wall time of both, their ratio, and whether the answers are the same.
# usage: scripts/bench-conftest.sh [RUNS]     needs go; fetches conftest into a temporary directory
set -eu

runs=${1:-15}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "${CONFTEST:-}" ]; then
	(cd "$work" && GOBIN="$work/bin" GOFLAGS=-mod=mod go install github.com/open-policy-agent/conftest@v0.71.1)
	CONFTEST=$work/bin/conftest
fi
adamant=$work/adamant
(cd "$root" && CGO_ENABLED=0 go build -trimpath -tags kustomize_disable_go_plugin_support -pgo=cmd/adamant/release.pgo -ldflags "$("$root/scripts/ldflags.sh" bench "$(go env GOOS)/$(go env GOARCH)")" -o "$adamant" ./cmd/adamant)

# The input: every tenth manifest breaks five of ten kinds of rule, each kind written five times.
mkdir "$work/m" "$work/conftest" "$work/adamant-policy"
i=0
while [ $i -lt 300 ]; do
	replicas=2 root_ok=true tag=1.2.3 privileged=false memory="memory: 256Mi"
	if [ $((i % 10)) -eq 0 ]; then
		replicas=1 root_ok=false tag=latest privileged=true memory="ephemeral-storage: 1Gi"
	fi
	cat >"$work/m/app-$i.yaml" <<EOF
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-$i
  labels:
    app: app-$i
    tier: web
spec:
  replicas: $replicas
  selector:
    matchLabels:
      app: app-$i
  template:
    metadata:
      labels:
        app: app-$i
    spec:
      securityContext:
        runAsNonRoot: $root_ok
      containers:
        - name: web
          image: registry.example.com/app-$i:$tag
          ports:
            - containerPort: 8080
          resources:
            limits:
              cpu: 500m
              $memory
            requests:
              cpu: 100m
              memory: 128Mi
          securityContext:
            privileged: $privileged
            allowPrivilegeEscalation: false
        - name: proxy
          image: registry.example.com/proxy:2.0.1
          resources:
            limits:
              cpu: 100m
              memory: 64Mi
EOF
	i=$((i + 1))
done

rule() { # number, body with D for the document, message arguments
	printf 'package main\n\ndeny contains msg if {\n\tinput.kind == "Deployment"\n%s\tmsg := sprintf("rule %s: %%s", [input.metadata.name])\n}\n' \
		"$(printf '%b' "$2" | sed 's/D\./input./g')
" "$1" >"$work/conftest/r$1.rego"
	printf 'package adamant.rules.r%s\n\ndeny contains {"message": msg, "path": doc.path, "document": doc.index} if {\n\tsome doc in input.byKind.kubernetes\n\tdoc.value.kind == "Deployment"\n%s\tmsg := sprintf("rule %s: %%s", [doc.value.metadata.name])\n}\n' \
		"$1" "$(printf '%b' "$2" | sed 's/D\./doc.value./g')
" "$1" >"$work/adamant-policy/r$1.rego"
}
i=0
while [ $i -lt 50 ]; do
	n=$(printf %02d $i)
	containers='\tsome c in D.spec.template.spec.containers\n'
	case $((i % 10)) in
	0) rule "$n" '\tnot D.metadata.labels.app' ;;
	1) rule "$n" '\tD.spec.replicas < 2' ;;
	2) rule "$n" "${containers}\tc.securityContext.privileged == true" ;;
	3) rule "$n" "${containers}\tendswith(c.image, \":latest\")" ;;
	4) rule "$n" '\tnot D.spec.template.spec.securityContext.runAsNonRoot' ;;
	5) rule "$n" "${containers}\tnot c.resources.limits.memory" ;;
	6) rule "$n" "${containers}\tnot startswith(c.image, \"registry.example.com/\")" ;;
	7) rule "$n" '\tD.spec.template.spec.hostNetwork == true' ;;
	8) rule "$n" '\tD.spec.template.spec.hostPID == true' ;;
	9) rule "$n" '\tsome v in D.spec.template.spec.volumes\n\tv.hostPath' ;;
	esac
	i=$((i + 1))
done

cd "$work"
"$CONFTEST" test --no-color --policy conftest m >conftest.out || true
"$adamant" policy eval --policy adamant-policy m >adamant.out || true
grep -o 'rule [0-9]*: app-[0-9]*' conftest.out | sort >conftest.answers
"$adamant" policy eval --policy conftest m >unchanged.out || true
grep -o 'rule [0-9]*: app-[0-9]*' adamant.out | sort >adamant.answers
grep -o 'rule [0-9]*: app-[0-9]*' unchanged.out | sort >unchanged.answers
if cmp -s conftest.answers adamant.answers && cmp -s conftest.answers unchanged.answers; then
	echo "same answers: $(wc -l <adamant.answers) violations"
else
	echo "DIFFERENT answers: conftest $(wc -l <conftest.answers), adamant $(wc -l <adamant.answers), conftest's policies in adamant $(wc -l <unchanged.answers)"
	exit 1
fi

measure() { # name, command...: "cpu wall" in milliseconds, the median of the runs
	name=$1
	shift
	n=0
	while [ $n -lt "$runs" ]; do
		bash -c 'TIMEFORMAT="%U %S %R"; time "$@" >/dev/null 2>&1; true' _ "$@" 2>&1
		n=$((n + 1))
	done | awk '{ printf "%d %d\n", ($1 + $2) * 1000, $3 * 1000 }' >"$name.times"
	cpu=$(sort -n "$name.times" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
	wall=$(sort -n -k2 "$name.times" | awk '{ v[NR] = $2 } END { print v[int((NR + 1) / 2)] }')
	best=$(sort -n "$name.times" | awk 'NR == 1 { print $1 }')
	echo "$name: cpu $cpu ms (best $best), wall $wall ms, median of $runs runs" >&2
	echo "$cpu $best"
}
set -- $(measure conftest-300 "$CONFTEST" test --no-color --policy conftest m) $(measure adamant-300 "$adamant" policy eval --policy adamant-policy m) \
	$(measure unchanged-300 "$adamant" policy eval --policy conftest m)
echo "300 manifests: adamant takes $((100 * $3 / $1)) % of conftest's CPU (best runs: $((100 * $4 / $2)) %)"
echo "conftest's policies as they are: adamant takes $((100 * $5 / $1)) % of conftest's CPU (best runs: $((100 * $6 / $2)) %)"
measure conftest-1 "$CONFTEST" test --no-color --policy conftest m/app-1.yaml >/dev/null
measure adamant-1 "$adamant" policy eval --policy adamant-policy m/app-1.yaml >/dev/null
measure unchanged-1 "$adamant" policy eval --policy conftest m/app-1.yaml >/dev/null
