package privacy

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// provider is a service that runs models, and how code names it.
type provider struct {
	name     string
	hosts    []string // parts of addresses
	packages []string // of its SDKs, and of adapters made for it
}

// providerList is in the order of names. What runs on one's own machine (ollama, vllm, llama.cpp) sends nothing away.
func providerList() []provider {
	return []provider{
		{"anthropic", []string{"api.anthropic.com"}, []string{"anthropic", "@anthropic-ai/sdk", "@ai-sdk/anthropic", "langchain_anthropic", "@langchain/anthropic", "github.com/anthropics/anthropic-sdk-go"}},
		{"aws-bedrock", []string{"bedrock-runtime", "bedrock-agent-runtime"}, []string{"@aws-sdk/client-bedrock-runtime", "@ai-sdk/amazon-bedrock", "langchain_aws", "github.com/aws/aws-sdk-go-v2/service/bedrockruntime"}},
		{"azure-openai", []string{"openai.azure.com", "services.ai.azure.com"}, []string{"@azure/openai", "@ai-sdk/azure", "azure-ai-inference"}},
		{"cohere", []string{"api.cohere.ai", "api.cohere.com"}, []string{"cohere", "cohere-ai", "@ai-sdk/cohere", "langchain_cohere"}},
		{"deepseek", []string{"api.deepseek.com"}, []string{"@ai-sdk/deepseek", "langchain_deepseek"}},
		{"fireworks", []string{"api.fireworks.ai"}, []string{"fireworks-ai", "@ai-sdk/fireworks"}},
		{"google", []string{"generativelanguage.googleapis.com", "aiplatform.googleapis.com"}, []string{"google.generativeai", "google-generativeai", "google-genai", "google.genai", "vertexai", "@google/generative-ai", "@google/genai", "@google-cloud/vertexai", "@ai-sdk/google", "@ai-sdk/google-vertex", "langchain_google_genai", "google.golang.org/genai", "github.com/google/generative-ai-go"}},
		{"groq", []string{"api.groq.com"}, []string{"groq", "groq-sdk", "@ai-sdk/groq", "langchain_groq"}},
		{"huggingface", []string{"api-inference.huggingface.co", "router.huggingface.co"}, []string{"@huggingface/inference"}},
		{"mistral", []string{"api.mistral.ai"}, []string{"mistralai", "@mistralai/mistralai", "@ai-sdk/mistral", "langchain_mistralai"}},
		{"openai", []string{"api.openai.com"}, []string{"openai", "@ai-sdk/openai", "langchain_openai", "langchain-openai", "@langchain/openai", "async-openai", "github.com/openai/openai-go", "github.com/sashabaranov/go-openai"}},
		{"openrouter", []string{"openrouter.ai"}, []string{"@openrouter/ai-sdk-provider"}},
		{"perplexity", []string{"api.perplexity.ai"}, []string{"@ai-sdk/perplexity"}},
		{"replicate", []string{"api.replicate.com"}, []string{"replicate"}},
		{"together", []string{"api.together.xyz", "api.together.ai"}, []string{"together", "together-ai", "@ai-sdk/togetherai"}},
		{"xai", []string{"api.x.ai"}, []string{"@ai-sdk/xai", "xai-sdk"}},
	}
}

// namesProvider finds a provider's host or package as a whole word; group 1 is a host, group 2 a package.
var namesProvider = sync.OnceValue(func() *regexp.Regexp {
	var hosts, packages []string
	for _, p := range providerList() {
		for _, h := range p.hosts {
			hosts = append(hosts, regexp.QuoteMeta(h))
		}
		for _, name := range p.packages {
			packages = append(packages, regexp.QuoteMeta(name))
		}
	}
	return regexp.MustCompile(`(?:^|[^\w-])(?:(` + strings.Join(hosts, "|") + `)|(` + strings.Join(packages, "|") + `))(?:$|[^\w-])`)
})

var byProviderName = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, p := range providerList() {
		for _, name := range append(p.hosts, p.packages...) {
			out[name] = p.name
		}
	}
	return out
})

// providerRoots are texts of which one is in every host and package of providerList.
func providerRoots() []string {
	return []string{
		"anthropic", "bedrock", "langchain_aws", "azure", "cohere", "deepseek", "fireworks", "google", "vertexai", "groq", "huggingface", "mistral",
		"openai", "openrouter", "perplexity", "replicate", "together", "xai", "api.x.ai",
	}
}

var importing = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*(?:import\b|from\b|use\b|extern crate\b|require\b|gem\b|export\b.*\bfrom\b|\}\s*from\b|[\w.]*\s*"[^"]+"\s*$|.*(?:\brequire|\bimport|\bimport_module|__import__)\s*\()`)
})

// providers finds hosts of model providers anywhere, and their packages where they are imported or depended on.
func (s *scanner) providers() {
	manifest := isManifest(s.Path)
	roots := slices.DeleteFunc(providerRoots(), func(root string) bool { return !bytes.Contains(s.Text, []byte(root)) })
	if len(roots) == 0 {
		return
	}
	s.fresh(func(i int, line string) {
		if !slices.ContainsFunc(roots, func(root string) bool { return strings.Contains(line, root) }) || isComment(line) {
			return
		}
		imports := !manifest && importing().MatchString(line)
		for _, m := range namesProvider().FindAllStringSubmatchIndex(line, -1) {
			switch {
			case m[2] >= 0:
				s.hit(Provider, i, byProviderName()[line[m[2]:m[3]]])
			case manifest && isDependency(line, line[m[4]:m[5]]) || imports && isImported(line[:m[4]], line[m[5]:]):
				s.hit(Provider, i, byProviderName()[line[m[4]:m[5]]])
			}
		}
	})
}

// isDependency says that a line of a manifest names the package itself, not a word of another name or a script.
func isDependency(line, name string) bool {
	line = strings.Trim(strings.TrimSpace(line), `"',`)
	line = strings.TrimPrefix(line, "gem '")
	line = strings.TrimPrefix(line, "require ")
	rest, ok := strings.CutPrefix(line, name)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], `"' =<>~![;:@/`))
}

// isImported says, by what stands before and after a package's name on a line that imports, that the module is the package or
// lies below it.
func isImported(before, after string) bool {
	if after != "" && !strings.ContainsAny(after[:1], "\"'` ./;,:") {
		return false
	}
	if before != "" && strings.ContainsAny(before[len(before)-1:], "\"'`") {
		return true
	}
	before = strings.TrimRight(before, " ")
	if strings.HasSuffix(before, ",") && strings.HasPrefix(strings.TrimSpace(before), "import ") {
		return true // import os, openai
	}
	return strings.HasSuffix(before, "import") || strings.HasSuffix(before, "from") || strings.HasSuffix(before, "use")
}
