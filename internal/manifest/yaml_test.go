package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-%d
  namespace: shop
  labels:
    app.kubernetes.io/name: web
    app.kubernetes.io/part-of: shop
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: web
  template:
    metadata:
      labels:
        app.kubernetes.io/name: web
    spec:
      securityContext:
        runAsNonRoot: true
      containers:
        - name: web
          image: "registry.example.com/shop/web:1.4.%d" # tag
          args: ["--port", "8080"]
          ports:
            - containerPort: 8080
              name: http
          env:
            - name: LOG_LEVEL
              value: info
          resources:
            limits:
              cpu: 500m
              memory: 256Mi
          readinessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 5
`

func BenchmarkParseYAML300(b *testing.B) {
	files := make([][]byte, 300)
	for i := range files {
		files[i] = fmt.Appendf(nil, deployment, i, i)
	}
	b.SetBytes(int64(300 * len(files[0])))
	b.ReportAllocs()
	for b.Loop() {
		for _, f := range files {
			for _, d := range ParseYAML("a.yaml", f) {
				if d.Err != nil {
					b.Fatal(d.Err)
				}
			}
		}
	}
}

func TestQuick(t *testing.T) {
	for _, in := range []string{"a: 1\nb: [x, {y: z}]\n", "a: 1\n---\nb: :\n  - x\n bad: y\n---\nc: 3\n", "a: \tb: c\n", "x: @foo\n", "a:\n\t- b\n", "k: {a: b\n", "k: \"abc\n", "a: b: c", "a: 1\nb\nc: 2\n", "- a\nb: c\n", "a: &x [1]\nb: *y\n", "a: *x\n", "a: 1\na: 2\n", "%YAML 1.2\n---\na: 1\n", "a: |\n  x\n---\n", "{a: 1} x\n", "key: [1, 2\nother: 3\n", "a:\n  b: 1\n c: 2\n", "a: %x\n", "a: `x`\n", "a: 'it's'\n", "a: \"\\q\"\n", "", "# c\n", "---\n# c\n---\n", "a: <<\n", "a: x\r\nb: y\r\n", "? [a]\n: b\n", "a: 1\rb: 2\r"} {
		for _, d := range ParseYAML("f.yaml", []byte(in)) {
			j, _ := json.Marshal(d.Value)
			fmt.Printf("%q -> %d L%d %s %v\n", in, d.Index, d.Line, j, d.Err)
		}
	}
	_ = strings.Repeat
}
