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
	return regexp.MustCompile(`^\s*(?:import\b|from\b|use\b|extern crate\b|require\b|gem\b|export\b.*\bfrom\b|\}\s*from\b|[\w.]*\s*"[^"]+"\s*$|.*\b(?:require|import)\s*\()`)
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
		for _, m := range namesProvider().FindAllStringSubmatch(line, -1) {
			switch {
			case m[1] != "":
				s.hit(Provider, i, byProviderName()[m[1]])
			case manifest && isDependency(line, m[2]) || !manifest && isImport(line, m[2]):
				s.hit(Provider, i, byProviderName()[m[2]])
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

// isImport says that an import's module is the package or lies below it.
func isImport(line, name string) bool {
	if !importing().MatchString(line) {
		return false
	}
	at := strings.Index(line, name)
	before, after := line[:at], line[at+len(name):]
	quoted := strings.HasSuffix(before, `"`) || strings.HasSuffix(before, `'`) || strings.HasSuffix(before, "`")
	bare := strings.HasSuffix(strings.TrimRight(before, " "), "import") || strings.HasSuffix(strings.TrimRight(before, " "), "from") || strings.HasSuffix(strings.TrimRight(before, " "), "use")
	return (quoted || bare) && (after == "" || strings.ContainsAny(after[:1], "\"'` ./;,:"))
}
