package secrets

// builtinRules returns the shipped rules, most specific first. The formats are those that the issuers document. Patterns
// are anchored on an issuer's prefix where there is one; where there is none, the issuer's name must stand on the line.
func builtinRules() []*rule {
	var rules []*rule
	for _, group := range [][]*rule{cloudRules(), forgeRules(), packageRules(), modelRules(), paymentRules(), messageRules(), serviceRules(), keyRules(), urlRules(), guessRules()} {
		rules = append(rules, group...)
	}
	return rules
}

// edge is what may not stand directly after a token.
const edge = `(?:[^A-Za-z0-9_-]|$)`

func cloudRules() []*rule {
	return []*rule{
		{id: "aws-access-key-id", title: "an AWS access key id", pattern: `\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b`, entropy: 3000, keywords: []string{"akia", "asia", "abia", "acca"}},
		{id: "aws-secret-access-key", title: "an AWS secret access key", entropy: 4200, keywords: []string{"secret_access_key", "secretaccesskey", "secret-access-key", "aws_secret", "awssecret"},
			pattern: `(?i)(?:secret[_-]?access[_-]?key|aws[_-]?secret(?:[_-]?key)?)["']?\s*(?:=>|:=|[=:])\s*["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)`},
		{id: "aws-bedrock-api-key", title: "an Amazon Bedrock API key", pattern: `\b(ABSK[A-Za-z0-9+/]{109,}={0,2})`, entropy: 3000, keywords: []string{"absk"}},
		{id: "gcp-service-account", title: "a Google Cloud service account key", pattern: `"private_key_id"\s*:\s*"([0-9a-f]{40})"`, entropy: 3000, keywords: []string{"private_key_id"}},
		{id: "gcp-api-key", title: "a Google API key", pattern: `\b(AIza[0-9A-Za-z_-]{35})` + edge, entropy: 3500, keywords: []string{"aiza"}},
		{id: "gcp-oauth-client-secret", title: "a Google OAuth client secret", pattern: `\b(GOCSPX-[0-9A-Za-z_-]{28})` + edge, entropy: 3000, keywords: []string{"gocspx-"}},
		{id: "azure-client-secret", title: "a Microsoft Entra client secret", pattern: `(?:^|[^A-Za-z0-9_~.-])([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})(?:[^A-Za-z0-9_~.-]|$)`, entropy: 3500, keywords: []string{"q~"}},
		{id: "azure-storage-key", title: "an Azure storage account key", pattern: `(?i:AccountKey)=([A-Za-z0-9+/]{86}==)`, entropy: 4000, keywords: []string{"accountkey="}},
		{id: "azure-shared-access-key", title: "an Azure shared access key", pattern: `(?i:SharedAccessKey)=([A-Za-z0-9+/]{43}=)`, entropy: 4000, keywords: []string{"sharedaccesskey="}},
		{id: "azure-sas-token", title: "an Azure shared access signature", pattern: `(?i)[?&;]sig=([A-Za-z0-9%+/]{40,80}(?:%3d|=))`, entropy: 4000, keywords: []string{"sig="}},
		{id: "azure-devops-token", title: "an Azure DevOps personal access token", pattern: `\b([A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})\b`, entropy: 3500, keywords: []string{"azdo"}},
		{id: "alibaba-access-key", title: "an Alibaba Cloud access key id", pattern: `\b(LTAI[A-Za-z0-9]{20})\b`, entropy: 3500, keywords: []string{"ltai"}},
		{id: "digitalocean-token", title: "a DigitalOcean token", pattern: `\b(do[opr]_v1_[a-f0-9]{64})\b`, entropy: 3000, keywords: []string{"doo_v1_", "dop_v1_", "dor_v1_"}},
		{id: "heroku-api-key", title: "a Heroku API key", pattern: `\b(HRKU-AA[0-9A-Za-z_-]{58})` + edge, entropy: 3500, keywords: []string{"hrku-aa"}},
		{id: "cloudflare-origin-ca-key", title: "a Cloudflare origin CA key", pattern: `\b(v1\.0-[a-f0-9]{24}-[a-f0-9]{146})\b`, entropy: 3000, keywords: []string{"v1.0-"}},
		{id: "tailscale-key", title: "a Tailscale key", pattern: `\b(tskey-(?:auth|api|client|scim|webhook)-[0-9A-Za-z]+-[0-9A-Za-z]{20,})\b`, entropy: 3000, keywords: []string{"tskey-"}},
		{id: "terraform-cloud-token", title: "an HCP Terraform token", pattern: `\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70})` + edge, entropy: 3500, keywords: []string{".atlasv1."}},
		{id: "vault-token", title: "a HashiCorp Vault token", pattern: `\b(hv[sbr]\.[A-Za-z0-9_-]{24,})` + edge, entropy: 3500, keywords: []string{"hvs.", "hvb.", "hvr."}},
		{id: "pulumi-token", title: "a Pulumi access token", pattern: `\b(pul-[a-f0-9]{40})\b`, entropy: 3000, keywords: []string{"pul-"}},
	}
}

func forgeRules() []*rule {
	const invented = "its checksum does not match, so it is probably invented"
	return []*rule{
		{id: "github-token", title: "a GitHub token", pattern: `\b(gh[pousr]_[0-9A-Za-z]{36})\b`, entropy: 3000, keywords: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, accept: checksum62, doubt: invented},
		{id: "github-fine-grained-token", title: "a GitHub fine-grained personal access token", pattern: `\b(github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59})\b`, entropy: 3000, keywords: []string{"github_pat_"}},
		{id: "gitlab-token", title: "a GitLab token", entropy: 3000, keywords: []string{"glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glimt-", "glagent-", "gloas-", "glffct-"},
			pattern: `\b(gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas|ffct)-[0-9A-Za-z_.-]{20,})` + edge},
		{id: "gitlab-runner-registration-token", title: "a GitLab runner registration token", pattern: `\b(GR1348941[0-9A-Za-z_-]{20})` + edge, entropy: 3000, keywords: []string{"gr1348941"}},
		{id: "bitbucket-app-password", title: "a Bitbucket app password", pattern: `\b(ATBB[A-Za-z0-9]{32})\b`, entropy: 3500, keywords: []string{"atbb"}},
		{id: "atlassian-api-token", title: "an Atlassian API token", pattern: `\b(ATATT3[A-Za-z0-9_=-]{150,})`, entropy: 3500, keywords: []string{"atatt3"}},
		{id: "sourcegraph-token", title: "a Sourcegraph access token", pattern: `\b(sgp_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40})\b`, entropy: 3000, keywords: []string{"sgp_"}},
	}
}

func packageRules() []*rule {
	const invented = "its checksum does not match, so it is probably invented"
	return []*rule{
		{id: "npm-token", title: "an npm access token", pattern: `\b(npm_[0-9A-Za-z]{36})\b`, entropy: 3000, keywords: []string{"npm_"}, accept: checksum62, doubt: invented},
		{id: "npmrc-auth", title: "a registry token in npm configuration", pattern: `:_(?:authToken|auth|password)\s*=\s*["']?([^\s"'$]{16,})`, entropy: 3000, keywords: []string{":_auth", ":_password"}},
		{id: "pypi-token", title: "a PyPI API token", pattern: `\b(pypi-Ag(?:EIcHlwaS5vcmc|ENdGVzdC5weXBpLm9yZ)[A-Za-z0-9_-]{50,})`, entropy: 3500, keywords: []string{"pypi-ag"}},
		{id: "rubygems-token", title: "a RubyGems API key", pattern: `\b(rubygems_[a-f0-9]{48})\b`, entropy: 3000, keywords: []string{"rubygems_"}},
		{id: "crates-io-token", title: "a crates.io token", pattern: `\b(cio[A-Za-z0-9]{32})\b`, entropy: 4000, keywords: []string{"cio"}, accept: random},
		{id: "nuget-api-key", title: "a NuGet API key", pattern: `\b(oy2[a-z0-9]{43})\b`, entropy: 3500, keywords: []string{"oy2"}},
		{id: "clojars-token", title: "a Clojars deploy token", pattern: `\b(CLOJARS_[a-f0-9]{60})\b`, entropy: 3000, keywords: []string{"clojars_"}},
		{id: "docker-hub-token", title: "a Docker Hub access token", pattern: `\b(dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,32})` + edge, entropy: 3000, keywords: []string{"dckr_"}},
		{id: "docker-registry-auth", title: "registry credentials in Docker configuration", pattern: `"auth"\s*:\s*"([A-Za-z0-9+/]{12,}={0,2})"`, keywords: []string{`"auth"`}, accept: registryAuth},
		{id: "jfrog-api-key", title: "a JFrog API key", pattern: `\b(AKCp[A-Za-z0-9]{69})\b`, entropy: 3500, keywords: []string{"akcp"}},
	}
}

func modelRules() []*rule {
	return []*rule{
		{id: "openai-api-key", title: "an OpenAI API key", pattern: `\b(sk-(?:(?:proj|svcacct|admin|None)-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100})` + edge, entropy: 3500, keywords: []string{"t3blbkfj"}},
		{id: "anthropic-api-key", title: "an Anthropic API key", pattern: `\b(sk-ant-(?:api|admin|oat|ort)[0-9]{2}-[A-Za-z0-9_-]{80,120})` + edge, entropy: 3500, keywords: []string{"sk-ant-"}},
		{id: "huggingface-token", title: "a Hugging Face token", pattern: `\b((?:hf_|api_org_)[A-Za-z0-9]{34})\b`, entropy: 3500, keywords: []string{"hf_", "api_org_"}},
		{id: "replicate-token", title: "a Replicate API token", pattern: `\b(r8_[A-Za-z0-9]{37})\b`, entropy: 3500, keywords: []string{"r8_"}},
		{id: "groq-api-key", title: "a Groq API key", pattern: `\b(gsk_[A-Za-z0-9]{52})\b`, entropy: 3500, keywords: []string{"gsk_"}},
		{id: "perplexity-api-key", title: "a Perplexity API key", pattern: `\b(pplx-[A-Za-z0-9]{48})\b`, entropy: 3500, keywords: []string{"pplx-"}},
		{id: "xai-api-key", title: "an xAI API key", pattern: `\b(xai-[A-Za-z0-9]{80})\b`, entropy: 3500, keywords: []string{"xai-"}},
		{id: "openrouter-api-key", title: "an OpenRouter API key", pattern: `\b(sk-or-v1-[a-f0-9]{64})\b`, entropy: 3000, keywords: []string{"sk-or-v1-"}},
		{id: "langsmith-api-key", title: "a LangSmith API key", pattern: `\b(lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10})\b`, entropy: 3000, keywords: []string{"lsv2_"}},
	}
}

func paymentRules() []*rule {
	return []*rule{
		{id: "stripe-live-key", title: "a Stripe live key", pattern: `\b((?:sk|rk)_live_[0-9A-Za-z]{10,})\b`, entropy: 3000, keywords: []string{"sk_live_", "rk_live_"}},
		{id: "stripe-test-key", title: "a Stripe test key", pattern: `\b((?:sk|rk)_test_[0-9A-Za-z]{16,})\b`, entropy: 3000, keywords: []string{"sk_test_", "rk_test_"}, warn: true},
		{id: "stripe-webhook-secret", title: "a Stripe webhook secret", pattern: `\b(whsec_[0-9A-Za-z+/]{32,80}={0,2})`, entropy: 3500, keywords: []string{"whsec_"}},
		{id: "square-token", title: "a Square token", pattern: `\b(sq0(?:atp|csp)-[0-9A-Za-z_-]{22,43})` + edge, entropy: 3000, keywords: []string{"sq0atp-", "sq0csp-"}},
		{id: "shopify-token", title: "a Shopify token", pattern: `\b(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})\b`, entropy: 3000, keywords: []string{"shpat_", "shpca_", "shppa_", "shpss_"}},
		{id: "adyen-api-key", title: "an Adyen API key", pattern: `\b(AQE[A-Za-z0-9]{3,10}[A-Za-z0-9+/]{60,}=?-[A-Za-z0-9+/]{40,}=?-[^\s"']{10,})`, entropy: 3500, keywords: []string{"aqe"}},
	}
}

func messageRules() []*rule {
	return []*rule{
		{id: "slack-token", title: "a Slack token", pattern: `\b(xox[abceoprs](?:\.xox[bp])?-(?:[0-9]+-)+[0-9A-Za-z-]{10,}|xapp-[0-9]-[A-Z0-9]+-[0-9]+-[a-f0-9]{40,80})` + edge, entropy: 3000, keywords: []string{"xox", "xapp-"}},
		{id: "slack-webhook", title: "a Slack webhook address", pattern: `hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([A-Z][A-Z0-9]{7,12}/[A-Z0-9]{8,12}/[A-Za-z0-9]{20,30})\b`, entropy: 3000, keywords: []string{"hooks.slack"}},
		{id: "discord-webhook", title: "a Discord webhook address", pattern: `discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/([A-Za-z0-9_-]{60,80})`, entropy: 3500, keywords: []string{"api/webhooks/"}},
		{id: "discord-bot-token", title: "a Discord bot token", pattern: `(?i:discord|bot)[^\n]{0,60}["'\s=:]([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})` + edge, entropy: 4000, keywords: []string{"discord"}},
		{id: "teams-webhook", title: "a Microsoft Teams webhook address", pattern: `webhook\.office\.com/webhookb2/([a-f0-9-]{36}@[a-f0-9-]{36}/IncomingWebhook/[a-f0-9]{32}/[a-f0-9-]{36})`, entropy: 3000, keywords: []string{"webhook.office.com"}},
		{id: "telegram-bot-token", title: "a Telegram bot token", pattern: `\b([0-9]{8,10}:AA[A-Za-z0-9_-]{33})` + edge, entropy: 3500, keywords: []string{":aa"}},
		{id: "twilio-api-key", title: "a Twilio credential", pattern: `(?i:twilio)[^\n]{0,60}["'\s=:]((?:SK)?[0-9a-f]{32})\b`, entropy: 3000, keywords: []string{"twilio"}},
		{id: "sendgrid-api-key", title: "a SendGrid API key", pattern: `\b(SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})` + edge, entropy: 3500, keywords: []string{"sg."}},
		{id: "mailgun-api-key", title: "a Mailgun API key", pattern: `\b(key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})\b`, entropy: 3000, keywords: []string{"mailgun"}},
		{id: "mailchimp-api-key", title: "a Mailchimp API key", pattern: `\b([0-9a-f]{32}-us[0-9]{1,2})\b`, entropy: 3000, keywords: []string{"-us1", "-us2", "-us3", "-us4", "-us5", "-us6", "-us7", "-us8", "-us9"}},
		{id: "postmark-token", title: "a Postmark token", pattern: `(?i:postmark)[^\n]{0,40}["'\s=:]([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`, entropy: 3000, keywords: []string{"postmark"}},
	}
}

func serviceRules() []*rule {
	return []*rule{
		{id: "databricks-token", title: "a Databricks token", pattern: `\b(dapi[a-f0-9]{32}(?:-[0-9])?)\b`, entropy: 3000, keywords: []string{"dapi"}},
		{id: "datadog-key", title: "a Datadog key", pattern: `(?i)(?:datadog|dd)[_-]?(?:api|app|application)[_-]?key["']?\s*(?:=>|:=|[=:])\s*["']?([a-f0-9]{40}|[a-f0-9]{32})\b`, entropy: 3000, keywords: []string{"datadog", "dd_a", "dd-a"}},
		{id: "newrelic-key", title: "a New Relic key", pattern: `\b(NRAK-[A-Z0-9]{27}|NRII-[A-Za-z0-9_-]{32}|[a-f0-9]{36}NRAL)\b`, entropy: 3000, keywords: []string{"nrak-", "nrii-", "nral"}},
		{id: "sentry-token", title: "a Sentry token", pattern: `\b(sntrys_eyJ[A-Za-z0-9+/=_-]{80,}|sntryu_[a-f0-9]{64})`, entropy: 3000, keywords: []string{"sntrys_", "sntryu_"}},
		{id: "grafana-token", title: "a Grafana token", pattern: `\b(glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_eyJ[A-Za-z0-9+/=]{60,})`, entropy: 3000, keywords: []string{"glsa_", "glc_"}},
		{id: "linear-api-key", title: "a Linear API key", pattern: `\b(lin_(?:api|oauth)_[A-Za-z0-9]{40,64})\b`, entropy: 3000, keywords: []string{"lin_api_", "lin_oauth_"}},
		{id: "notion-token", title: "a Notion token", pattern: `\b(ntn_[0-9]{11}[A-Za-z0-9]{35})\b`, entropy: 3000, keywords: []string{"ntn_"}},
		{id: "figma-token", title: "a Figma token", pattern: `\b(figd_[A-Za-z0-9_-]{40,44})` + edge, entropy: 3500, keywords: []string{"figd_"}},
		{id: "airtable-token", title: "an Airtable token", pattern: `\b(pat[A-Za-z0-9]{14}\.[a-f0-9]{64})\b`, entropy: 3500, keywords: []string{"airtable"}},
		{id: "postman-api-key", title: "a Postman API key", pattern: `\b(PMAK-[a-f0-9]{24}-[a-f0-9]{34})\b`, entropy: 3000, keywords: []string{"pmak-"}},
		{id: "netlify-token", title: "a Netlify token", pattern: `\b(nf[pcou]_[A-Za-z0-9]{36})\b`, entropy: 3500, keywords: []string{"nfp_", "nfc_", "nfo_", "nfu_"}},
		{id: "planetscale-token", title: "a PlanetScale credential", pattern: `\b(pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,64})` + edge, entropy: 3000, keywords: []string{"pscale_"}},
		{id: "supabase-key", title: "a Supabase key", pattern: `\b(sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{31})` + edge, entropy: 3000, keywords: []string{"sbp_", "sb_secret_"}},
		{id: "doppler-token", title: "a Doppler token", pattern: `\b(dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]+\.)?[A-Za-z0-9]{40,44})\b`, entropy: 3000, keywords: []string{"dp."}},
		{id: "1password-service-account-token", title: "a 1Password service account token", pattern: `\b(ops_eyJ[A-Za-z0-9+/]{200,}={0,2})`, entropy: 3500, keywords: []string{"ops_eyj"}},
		{id: "okta-token", title: "an Okta API token", pattern: `(?i:okta)[^\n]{0,40}["'\s=:](00[A-Za-z0-9_-]{40})` + edge, entropy: 3500, keywords: []string{"okta"}},
		{id: "launchdarkly-key", title: "a LaunchDarkly key", pattern: `\b((?:api|sdk)-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})\b`, entropy: 3000, keywords: []string{"launchdarkly", "launch_darkly", "ld_sdk", "ld_api"}},
		{id: "easypost-key", title: "an EasyPost API key", pattern: `\b(EZAK[A-Za-z0-9]{54})\b`, entropy: 3500, keywords: []string{"ezak"}},
		{id: "dynatrace-token", title: "a Dynatrace token", pattern: `\b(dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64})\b`, entropy: 3000, keywords: []string{"dt0"}},
		{id: "snyk-token", title: "a Snyk token", pattern: `(?i:snyk)[^\n]{0,20}token[^\n]{0,10}["'\s=:]([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`, entropy: 3000, keywords: []string{"snyk"}},
	}
}

func keyRules() []*rule {
	return []*rule{
		{id: "private-key", title: "a private key", keywords: []string{"private key"}, window: keyWindow, compiled: pemKeys, accept: keyBody, foreign: true},
		{id: "putty-private-key", title: "a PuTTY private key", pattern: `PuTTY-User-Key-File-[0-9]: [a-z0-9-]+`, keywords: []string{"putty-user-key-file-"}},
		{id: "age-secret-key", title: "an age secret key", pattern: `\b(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})\b`, entropy: 3000, keywords: []string{"age-secret-key-1"}},
		{id: "jwt", title: "a JSON Web Token", pattern: `\b(eyJ[A-Za-z0-9_-]{14,}\.eyJ[A-Za-z0-9_-]{14,}\.[A-Za-z0-9_-]{16,})`, keywords: []string{"eyj"}, accept: webToken, warn: true},
	}
}

func urlRules() []*rule {
	const doubt = "its host is no public name or its password is weak, so it may be meant for development only"
	const rest = `://([^\s/:@'"<>${}()]{0,64}):([^\s/:@'"<>${}()*]{3,128})@([A-Za-z0-9\[][A-Za-z0-9:._-]{0,253})`
	return []*rule{
		{id: "database-url", title: "a database address with its password", keywords: []string{"postgres", "mysql", "mariadb", "mongodb", "redis", "amqp", "mssql", "sqlserver", "clickhouse", "cockroach"}, group: 2,
			pattern: `(?i)\b(?:postgres(?:ql)?|mysql2?|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|clickhouse|cockroachdb)(?:\+[a-z0-9]+)?` + rest, accept: urlPassword, doubt: doubt},
		{id: "url-password", title: "an address with user name and password", keywords: []string{"://"}, group: 2, pattern: `\b[A-Za-z][A-Za-z0-9+.-]{1,20}` + rest, accept: urlPassword, doubt: doubt},
	}
}

// guessRules know no format: a name that promises a secret, and a value that looks random.
func guessRules() []*rule {
	const names = `(?:api[_-]?key|secret|token|passw(?:or)?d|passphrase|credential|auth[_-]?key|access[_-]?key|private[_-]?key|encryption[_-]?key|signing[_-]?key)`
	words := []string{"apikey", "api_key", "api-key", "secret", "token", "passwd", "password", "passphrase", "credential", "authkey", "auth_key", "auth-key",
		"accesskey", "access_key", "access-key", "privatekey", "private_key", "private-key", "encryptionkey", "encryption_key", "encryption-key", "signingkey", "signing_key", "signing-key"}
	return []*rule{
		{id: "kubernetes-secret", title: "a value of a Kubernetes Secret", path: `\.ya?ml$`, keywords: []string{"kind: secret", "kind: \"secret", "kind: 'secret"}, window: wholeText,
			group: 2, compiled: func() matcher { return manifestMatcher{} }, accept: manifestValue},
		{id: "assignment", title: "a value that looks like a secret", warn: true, entropy: 3700, keywords: words, accept: random,
			pattern: `(?i)` + names + `[\w.-]{0,30}["'\]]{0,2}\s{0,3}(?:=>|:=|[=:])\s{0,3}["'` + "`" + `]([^\s"'` + "`" + `]{16,120})["'` + "`" + `]`},
		{id: "environment", title: "a value that looks like a secret", warn: true, entropy: 3700, keywords: words, accept: random, path: `(?:^|/)\.env[^/]*$|\.(?:env|properties|ini|cfg|conf|toml|ya?ml)$`,
			pattern: `(?i)^[\t ]*(?:export\s+)?[\w.-]{0,40}` + names + `[\w.-]{0,30}\s{0,3}[=:]\s{0,3}([^\s"'#]{16,120})\s*$`},
	}
}

// Rules lists the ids of the built-in rules, without the check's name.
func Rules() []string {
	var ids []string
	for _, r := range builtinRules() {
		ids = append(ids, r.id)
	}
	return ids
}
