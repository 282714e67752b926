package persona

import "strings"

// Unknown is the family of a model of which nobody says who trained it. It is the same as no other, not even itself.
const Unknown = "unknown"

// families tell the family of a model by how its name begins, behind any path of a provider.
var families = [...][2]string{
	{"claude", "claude"}, {"gpt", "gpt"}, {"chatgpt", "gpt"}, {"o1", "gpt"}, {"o3", "gpt"}, {"o4", "gpt"}, {"codex", "gpt"}, {"davinci", "gpt"},
	{"gemini", "gemini"}, {"gemma", "gemini"}, {"llama", "llama"}, {"meta-llama", "llama"}, {"codellama", "llama"},
	{"mistral", "mistral"}, {"mixtral", "mistral"}, {"codestral", "mistral"}, {"devstral", "mistral"}, {"magistral", "mistral"}, {"ministral", "mistral"},
	{"qwen", "qwen"}, {"qwq", "qwen"}, {"deepseek", "deepseek"}, {"grok", "grok"}, {"command", "cohere"}, {"aya", "cohere"}, {"phi", "phi"},
	{"kimi", "kimi"}, {"moonshot", "kimi"}, {"glm", "glm"}, {"minimax", "minimax"}, {"granite", "granite"}, {"nova", "nova"}, {"nemotron", "nemotron"},
	{"starcoder", "starcoder"}, {"yi-", "yi"}, {"jamba", "jamba"}, {"script", "script"},
}

// Family is who trained a model, by its name: claude, gpt, gemini, llama ... or Unknown. Paths and prefixes of providers
// (openrouter/anthropic/claude-x, us.anthropic.claude-x-v1:0) are passed over.
func Family(model string) string {
	name := strings.ToLower(model)
	name = name[strings.LastIndexByte(name, '/')+1:]
	for part := name; ; {
		for _, f := range families {
			if strings.HasPrefix(part, f[0]) {
				return f[1]
			}
		}
		_, rest, more := strings.Cut(part, ".")
		if !more {
			return Unknown
		}
		part = rest
	}
}
