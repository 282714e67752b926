package javascript

import (
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	importstest.Suite(t, Languages(), map[string]string{
		"package.json":      "{\"name\": \"top\", \"imports\": {\"#i\": \"./web/b.ts\"}, \"dependencies\": {\"react\": \"*\"}}",
		"lib/package.json":  "{\"name\": \"lib\", \"main\": \"./dist/index.js\"}",
		"lib/src/index.ts":  "export * from \"./other.js\"\n",
		"lib/src/other.ts":  "import type { A } from \"../../web/a\"\n",
		"base.json":         "{\"compilerOptions\": {\"paths\": {\"@x/*\": [\"./web/*\"]}}}",
		"web/tsconfig.json": "{\"extends\": \"../base.json\"}",
		"web/a.ts":          "import \"./b\"; import \"@x/c\"; import \"react\"; import \"#i\"; import \"lib\"; import \"node:fs\"; import \"./none\"\n",
		"web/b.ts":          "import(x); import(\"../link\"); require(`./a`)\n",
		"web/d.tsx":         "const c = <d>{require(\"./a\")}</d>\n",
		"web/c.vue":         "<template><a/></template>\n<script>\nimport \"./a\"\n</script>\n",
		"link.ts":           "-> web/a.ts",
	})
}
