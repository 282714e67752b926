// Command gengraph writes a git fast-import stream: a monorepo of TypeScript, Go and Python files that import one another, in
// folders of fifty, on the branch main, and a commit on each of the branches edit, add and manifest, which changes what one
// file imports, adds one, and changes a package.json. The same number of files makes the same stream.
//
//	gengraph -files 10000 | git -C DIR fast-import
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
)

const perFolder = 50

func main() {
	log.SetFlags(0)
	files := flag.Int("files", 10_000, "files in the repository")
	flag.Parse()
	w := bufio.NewWriter(os.Stdout)
	write(w, *files)
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
}

func write(w io.Writer, files int) {
	commit(w, "main", "")
	file(w, "go.mod", "module example.org/mono\n\ngo 1.26\n")
	file(w, "package.json", `{"name": "mono", "private": true, "workspaces": ["p*"]}`)
	file(w, "tsconfig.json", `{"compilerOptions": {"baseUrl": ".", "paths": {"@mono/*": ["*"]}}}`)
	for i := range files {
		if i%perFolder == 0 {
			file(w, folder(i)+"/package.json", fmt.Sprintf(`{"name": "@own/%s", "dependencies": {"react": "*"}}`, folder(i)))
		}
		file(w, name(i), content(i))
	}
	late := files * 9 / 10 / perFolder * perFolder // a TypeScript file that few need
	commit(w, "edit", "main")
	file(w, name(late), content(late-perFolder)+"export const more = 1;\n")
	commit(w, "add", "main")
	file(w, folder(late)+"/added.ts", content(late))
	commit(w, "manifest", "main")
	file(w, folder(late)+"/package.json", `{"name": "@own/other"}`)
}

func commit(w io.Writer, branch, from string) {
	fmt.Fprintf(w, "commit refs/heads/%s\ncommitter bench <bench@example.org> 1700000000 +0000\ndata %d\n%s\n", branch, len(branch), branch)
	if from != "" {
		fmt.Fprintf(w, "from refs/heads/%s\n", from)
	}
}

func file(w io.Writer, path, text string) {
	fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
}

func folder(i int) string { return fmt.Sprintf("p%04d", i/perFolder) }

// name is the path of a file: half of a folder is TypeScript, three tenths Go, two tenths Python.
func name(i int) string {
	switch n := i % perFolder; {
	case n < 25:
		return fmt.Sprintf("%s/f%02d.ts", folder(i), n)
	case n < 40:
		return fmt.Sprintf("%s/go%d/f%02d.go", folder(i), n/5, n)
	}
	return fmt.Sprintf("%s/m%02d.py", folder(i), i%perFolder)
}

// content imports eight files, near and far, of the same language.
func content(i int) string {
	var b strings.Builder
	switch n := i % perFolder; {
	case n < 25:
		b.WriteString("import { useState } from \"react\";\n")
		for k := 1; k <= 5; k++ {
			fmt.Fprintf(&b, "import { v%d } from \"./f%02d\";\n", k, (n+k*k)%25)
		}
		for k := range 3 {
			far := other(i, k)
			fmt.Fprintf(&b, "import { w%d } from \"@mono/%s/f%02d\";\n", k, folder(far), (n+k)%25)
		}
		b.WriteString("export function run() {\n  return 1;\n}\n")
	case n < 40:
		fmt.Fprintf(&b, "package goes\n\nimport (\n\t\"fmt\"\n")
		for k := range 7 {
			fmt.Fprintf(&b, "\t_ \"example.org/mono/%s/go%d\"\n", folder(other(i, k)), 5+k%3)
		}
		fmt.Fprintf(&b, ")\n\nfunc F%d() { fmt.Println() }\n", n)
	default:
		b.WriteString("import os\n")
		for k := range 4 {
			fmt.Fprintf(&b, "from .m%02d import x\n", 40+(n+k)%10)
		}
		for k := range 4 {
			fmt.Fprintf(&b, "from %s.m%02d import y\n", folder(other(i, k)), 40+(n+k)%10)
		}
	}
	b.WriteString(strings.Repeat("// some text that nobody imports\n", 20))
	return b.String()
}

// other is a file of the same kind in an earlier folder, or its own.
func other(i, k int) int {
	here := i / perFolder
	return (here*7919 + (k+1)*104729) % (here + 1) * perFolder
}
