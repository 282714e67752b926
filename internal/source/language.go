package source

import (
	"bytes"
	"strings"
)

// languageOfName knows the languages of whole file names, in lower case.
func languageOfName(name string) string {
	switch name {
	case "dockerfile", "containerfile":
		return "dockerfile"
	case "makefile", "gnumakefile", "bsdmakefile":
		return "makefile"
	case "jenkinsfile":
		return "groovy"
	case "rakefile", "gemfile", "podfile", "vagrantfile", "fastfile", "guardfile", "brewfile", "dangerfile":
		return "ruby"
	case ".bashrc", ".bash_profile", ".profile", ".zshrc", ".envrc", "pkgbuild", "apkbuild":
		return "shell"
	case "tsconfig.json", "jsconfig.json", "devcontainer.json", ".eslintrc", ".eslintrc.json", "tslint.json", ".swcrc", ".babelrc", ".jshintrc", "turbo.json", "deno.json", "api-extractor.json", "language-configuration.json":
		return "jsonc"
	case ".npmrc", ".editorconfig", ".gitconfig", ".flake8", ".pylintrc", ".coveragerc", "setup.cfg", "tox.ini", "pytest.ini", "mypy.ini":
		return "ini"
	case "pipfile", "cargo.lock", "poetry.lock", "uv.lock", "pdm.lock":
		return "toml"
	case "pipfile.lock", "composer.lock", "flake.lock":
		return "json"
	case ".clang-format", ".clang-tidy", ".clangd", ".yamllint", "citation.cff", "pubspec.lock", ".prettierrc":
		return "yaml"
	case "readme", "changelog", "license", "licence", "copying", "notice", "authors", "contributors", "maintainers", "thanks", "news", "todo", "history", "changes", "copyright", "patents":
		return "text"
	}
	return ""
}

// languageOfPattern knows families of names.
func languageOfPattern(path, name string) string {
	switch {
	case strings.HasPrefix(name, "dockerfile.") || strings.HasPrefix(name, "containerfile.") || strings.HasSuffix(name, ".dockerfile"):
		return "dockerfile"
	case strings.HasPrefix(name, "makefile.") || strings.HasSuffix(name, ".mk"):
		return "makefile"
	case strings.HasPrefix(name, "license-") || strings.HasPrefix(name, "licence-") || strings.HasPrefix(name, "copying."):
		if !strings.Contains(name, ".") || strings.HasPrefix(name, "copying.") && languageOfExtension(name[len("copying."):]) == "" {
			return "text"
		}
	case strings.HasPrefix(name, ".env") && (len(name) == 4 || name[4] == '.' || name[4] == '-'):
		return "dotenv"
	case strings.HasPrefix(name, "tsconfig.") && strings.HasSuffix(name, ".json") || strings.HasPrefix(path, ".vscode/") && strings.HasSuffix(name, ".json"):
		return "jsonc"
	}
	return ""
}

// languageOfExtension knows extensions without their dot, in lower case.
func languageOfExtension(extension string) string {
	switch extension {
	case "go":
		return "go"
	case "js", "mjs", "cjs":
		return "javascript"
	case "jsx":
		return "jsx"
	case "ts", "mts", "cts":
		return "typescript"
	case "tsx":
		return "tsx"
	case "py", "pyi", "pyw":
		return "python"
	case "java":
		return "java"
	case "kt", "kts":
		return "kotlin"
	case "scala", "sc", "sbt":
		return "scala"
	case "groovy", "gradle", "gvy":
		return "groovy"
	case "c", "h":
		return "c"
	case "cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "h++", "ipp", "inl", "tpp", "cu", "cuh", "ino":
		return "cpp"
	case "cs":
		return "csharp"
	case "rs":
		return "rust"
	case "swift":
		return "swift"
	case "php", "phtml":
		return "php"
	case "rb", "rake", "gemspec", "ru":
		return "ruby"
	case "sh", "bash", "zsh", "ksh", "bats", "ash", "dash":
		return "shell"
	}
	return languageOfData(extension)
}

// languageOfData knows the extensions of data, markup and everything that has no lexer here.
func languageOfData(extension string) string {
	switch extension {
	case "sql", "rego", "proto", "css", "scss", "less", "toml", "ini", "properties", "json", "jsonc", "xml", "vue", "svelte", "mdx",
		"lua", "dart", "zig", "nim", "vb", "wgsl", "asm", "r", "sas", "nix", "cue", "avsc", "astro", "hlsl", "glsl", "sass", "thrift", "bicep", "smithy", "jsonnet":
		return extension
	case "json5":
		return "json5"
	case "yaml", "yml":
		return "yaml"
	case "tf", "tfvars", "hcl", "nomad", "tofu":
		return "hcl"
	case "graphql", "gql", "graphqls":
		return "graphql"
	case "md", "markdown", "mdown", "mkd":
		return "markdown"
	case "rst":
		return "rst"
	case "adoc", "asciidoc":
		return "asciidoc"
	case "txt", "text":
		return "text"
	case "htm", "html", "xhtml":
		return "html"
	case "svg":
		return "svg"
	case "xsd", "xsl", "xslt", "wsdl", "plist", "csproj", "fsproj", "vbproj", "props", "targets", "resx", "storyboard", "xib", "nuspec", "pom":
		return "xml"
	case "cfg", "conf", "desktop", "service", "timer", "socket":
		return "ini"
	case "ipynb":
		return "notebook"
	case "pl", "pm", "t":
		return "perl"
	case "ex", "exs":
		return "elixir"
	case "erl", "hrl":
		return "erlang"
	case "hs", "lhs":
		return "haskell"
	case "ml", "mli":
		return "ocaml"
	case "fs", "fsi", "fsx":
		return "fsharp"
	case "clj", "cljs", "cljc", "edn":
		return "clojure"
	case "m", "mm":
		return "objective-c"
	case "ps1", "psm1", "psd1":
		return "powershell"
	case "bat", "cmd":
		return "batch"
	case "jl":
		return "julia"
	case "s":
		return "asm"
	case "sol":
		return "solidity"
	case "coffee", "litcoffee":
		return "coffeescript"
	case "f", "f90", "f95", "for":
		return "fortran"
	case "v", "sv", "svh":
		return "verilog"
	case "vhd", "vhdl":
		return "vhdl"
	case "wat":
		return "wasm-text"
	case "cmake":
		return "cmake"
	case "bzl", "bazel", "star":
		return "starlark"
	case "tmpl", "tpl", "gotmpl", "j2", "jinja", "jinja2", "erb", "ejs", "hbs", "mustache", "liquid", "twig", "pug", "haml", "slim", "jsp", "aspx", "cshtml", "razor", "ftl", "templ":
		return "template"
	}
	return ""
}

// languageOfShebang reads the interpreter from a first line such as "#!/usr/bin/env -S python3 -u".
func languageOfShebang(head []byte) string {
	line, _, _ := bytes.Cut(head, newline)
	rest, found := bytes.CutPrefix(line, []byte("#!"))
	if !found {
		return ""
	}
	for _, word := range strings.Fields(string(rest)) {
		name := word[strings.LastIndexByte(word, '/')+1:]
		if name == "env" || strings.HasPrefix(name, "-") || strings.Contains(name, "=") {
			continue
		}
		return languageOfInterpreter(strings.TrimRight(name, "0123456789."))
	}
	return ""
}

func languageOfInterpreter(name string) string {
	switch name {
	case "sh", "bash", "dash", "ash", "zsh", "ksh", "busybox":
		return "shell"
	case "python", "pypy", "uv":
		return "python"
	case "node", "nodejs", "bun":
		return "javascript"
	case "deno", "ts-node", "tsx":
		return "typescript"
	case "ruby", "rake":
		return "ruby"
	case "perl", "php", "lua", "awk", "gawk", "make", "groovy", "elixir", "julia", "pwsh", "fish", "tclsh", "rscript", "nix-shell", "expect", "osascript":
		return "script"
	}
	return "script"
}

// proseLanguage reports whether a language is text for people and nothing else.
func proseLanguage(language string) bool {
	switch language {
	case "markdown", "rst", "asciidoc", "text":
		return true
	}
	return false
}

// dataLanguage reports whether files of a language are configuration unless something else is known of them.
func dataLanguage(language string) bool {
	switch language {
	case "yaml", "json", "jsonc", "json5", "toml", "ini", "properties", "dotenv", "xml", "hcl", "cue", "nix", "jsonnet", "cmake", "makefile", "starlark", "template":
		return true
	}
	return false
}
