package agent

import "strings"

// SystemPath is where programs are found inside the sandbox.
const SystemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin"

// BaseEnv is what every agent's environment begins with: where it is, and nothing secret.
func BaseEnv(a Attempt) []string {
	return []string{"HOME=" + a.Home, "PATH=" + SystemPath, "LANG=C.UTF-8", "TZ=UTC", "PWD=" + a.Repo}
}

// ModelEnv is how CLIs of others find their model: the names that the vendors' own tools and most others read.
func ModelEnv(a Attempt) []string {
	base := strings.TrimSuffix(a.Endpoint, "/")
	return []string{
		"ANTHROPIC_BASE_URL=" + base, "ANTHROPIC_API_KEY=" + a.Token, "ANTHROPIC_MODEL=" + a.Model,
		"OPENAI_BASE_URL=" + base + "/v1", "OPENAI_API_BASE=" + base + "/v1", "OPENAI_API_KEY=" + a.Token, "OPENAI_MODEL=" + a.Model,
	}
}
