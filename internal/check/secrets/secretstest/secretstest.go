// Package secretstest makes credentials for tests: one for every built-in rule of the secrets check, none of which stands in a
// file or was ever valid.
package secretstest

import (
	"encoding/base64"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// IDs are the rules that there is a sample of, sorted.
func IDs() []string { return slices.Sorted(maps.Keys(samples)) }

// Sample is a text with a credential that a rule finds, "" for a rule without one. Another seed gives another.
func Sample(id string, seed uint64) string { return Expand(samples[id], seed) }

// samples has a line for every rule of the secrets check. {class:n} stands for n random characters, so that no credential stands in this file;
// {sum} for the checksum of the characters since the last underscore.
var samples = map[string]string{
	"aws-access-key-id":                "key = {2-7A-Z:0}AKIA{2-7A-Z:16}",
	"aws-secret-access-key":            `aws_secret_access_key = {a-zA-Z0-9:40}`,
	"aws-bedrock-api-key":              "ABSK{a-zA-Z0-9:110}",
	"gcp-service-account":              `"private_key_id": "{a-f0-9:40}"`,
	"gcp-api-key":                      "AIza{a-zA-Z0-9:35}",
	"gcp-oauth-client-secret":          "GOCSPX-{a-zA-Z0-9:28}",
	"azure-client-secret":              "id {a-z:3}8Q~{a-zA-Z0-9:33}",
	"azure-storage-key":                "AccountName=a;AccountKey={a-zA-Z0-9:86}==;",
	"azure-shared-access-key":          "SharedAccessKey={a-zA-Z0-9:43}=",
	"azure-sas-token":                  "?sv=2022&sig={a-zA-Z0-9:43}%3D",
	"azure-devops-token":               "{a-zA-Z0-9:76}AZDO{a-zA-Z0-9:4}",
	"alibaba-access-key":               "LTAI{a-zA-Z0-9:20}",
	"digitalocean-token":               "dop_v1_{a-f0-9:64}",
	"heroku-api-key":                   "HRKU-AA{a-zA-Z0-9:58}",
	"cloudflare-origin-ca-key":         "v1.0-{a-f0-9:24}-{a-f0-9:146}",
	"tailscale-key":                    "tskey-auth-{a-zA-Z0-9:12}-{a-zA-Z0-9:32}",
	"terraform-cloud-token":            "{a-zA-Z0-9:14}.atlasv1.{a-zA-Z0-9:67}",
	"vault-token":                      "hvs.{a-zA-Z0-9:90}",
	"pulumi-token":                     "pul-{a-f0-9:40}",
	"github-token":                     "ghp_{a-zA-Z0-9:30}{sum}",
	"github-fine-grained-token":        "github_pat_{a-zA-Z0-9:22}_{a-zA-Z0-9:59}",
	"gitlab-token":                     "glpat-{a-zA-Z0-9:20}",
	"gitlab-runner-registration-token": "GR1348941{a-zA-Z0-9:20}",
	"bitbucket-app-password":           "ATBB{a-zA-Z0-9:32}",
	"atlassian-api-token":              "ATATT3{a-zA-Z0-9:186}",
	"sourcegraph-token":                "sgp_{a-f0-9:40}",
	"npm-token":                        "npm_{a-zA-Z0-9:30}{sum}",
	"npmrc-auth":                       "//registry.npmjs.org/:_authToken={a-zA-Z0-9:36}",
	"pypi-token":                       "pypi-AgEIcHlwaS5vcmc{a-zA-Z0-9:80}",
	"rubygems-token":                   "rubygems_{a-f0-9:48}",
	"crates-io-token":                  "cio{a-zA-Z0-9:32}",
	"nuget-api-key":                    "oy2{a-z0-9:43}",
	"clojars-token":                    "CLOJARS_{a-f0-9:60}",
	"docker-hub-token":                 "dckr_pat_{a-zA-Z0-9:27}",
	"docker-registry-auth":             `"auth": "{base64}"`,
	"jfrog-api-key":                    "AKCp{a-zA-Z0-9:69}",
	"openai-api-key":                   "sk-proj-{a-zA-Z0-9:40}T3BlbkFJ{a-zA-Z0-9:40}",
	"anthropic-api-key":                "sk-ant-api03-{a-zA-Z0-9:93}AA",
	"huggingface-token":                "hf_{a-zA-Z:34}",
	"replicate-token":                  "r8_{a-zA-Z0-9:37}",
	"groq-api-key":                     "gsk_{a-zA-Z0-9:52}",
	"perplexity-api-key":               "pplx-{a-zA-Z0-9:48}",
	"xai-api-key":                      "xai-{a-zA-Z0-9:80}",
	"openrouter-api-key":               "sk-or-v1-{a-f0-9:64}",
	"langsmith-api-key":                "lsv2_pt_{a-f0-9:32}_{a-f0-9:10}",
	"stripe-live-key":                  "sk_live_{a-zA-Z0-9:24}",
	"stripe-test-key":                  "sk_test_{a-zA-Z0-9:24}",
	"stripe-webhook-secret":            "whsec_{a-zA-Z0-9:32}",
	"square-token":                     "sq0atp-{a-zA-Z0-9:22}",
	"shopify-token":                    "shpat_{a-f0-9:32}",
	"adyen-api-key":                    "AQE{a-zA-Z0-9:5}{a-zA-Z0-9:70}=-{a-zA-Z0-9:44}=-{a-zA-Z0-9:16}",
	"slack-token":                      "xoxb-{0-9:12}-{0-9:12}-{a-zA-Z0-9:24}",
	"slack-webhook":                    "https://hooks.slack.com/services/T{A-Z0-9:8}/B{A-Z0-9:8}/{a-zA-Z0-9:24}",
	"discord-webhook":                  "https://discord.com/api/webhooks/{0-9:18}/{a-zA-Z0-9:68}",
	"discord-bot-token":                "discord token: M{a-zA-Z0-9:25}.{a-zA-Z0-9:6}.{a-zA-Z0-9:38}",
	"teams-webhook":                    "https://a.webhook.office.com/webhookb2/{a-f0-9:36}@{a-f0-9:36}/IncomingWebhook/{a-f0-9:32}/{a-f0-9:36}",
	"telegram-bot-token":               "{1-9:10}:AA{a-zA-Z0-9:33}",
	"twilio-api-key":                   "twilio auth: {a-f0-9:32}",
	"sendgrid-api-key":                 "SG.{a-zA-Z0-9:22}.{a-zA-Z0-9:43}",
	"mailgun-api-key":                  "mailgun key-{a-f0-9:32}",
	"mailchimp-api-key":                "{a-f0-9:32}-us12",
	"postmark-token":                   "postmark: {a-f0-9:8}-{a-f0-9:4}-{a-f0-9:4}-{a-f0-9:4}-{a-f0-9:12}",
	"databricks-token":                 "dapi{a-f0-9:32}",
	"datadog-key":                      "DD_API_KEY={a-f0-9:32}",
	"newrelic-key":                     "NRAK-{A-Z0-9:27}",
	"sentry-token":                     "sntryu_{a-f0-9:64}",
	"grafana-token":                    "glsa_{a-zA-Z0-9:32}_{a-f0-9:8}",
	"linear-api-key":                   "lin_api_{a-zA-Z0-9:40}",
	"notion-token":                     "ntn_{0-9:11}{a-zA-Z0-9:35}",
	"figma-token":                      "figd_{a-zA-Z0-9:40}",
	"airtable-token":                   "airtable pat{a-zA-Z0-9:14}.{a-f0-9:64}",
	"postman-api-key":                  "PMAK-{a-f0-9:24}-{a-f0-9:34}",
	"netlify-token":                    "nfp_{a-zA-Z0-9:36}",
	"planetscale-token":                "pscale_tkn_{a-zA-Z0-9:43}",
	"supabase-key":                     "sbp_{a-f0-9:40}",
	"doppler-token":                    "dp.pt.{a-zA-Z0-9:43}",
	"1password-service-account-token":  "ops_eyJ{a-zA-Z0-9:240}",
	"okta-token":                       "okta: 00{a-zA-Z0-9:40}",
	"launchdarkly-key":                 "launchdarkly sdk-{a-f0-9:8}-{a-f0-9:4}-{a-f0-9:4}-{a-f0-9:4}-{a-f0-9:12}",
	"easypost-key":                     "EZAK{a-zA-Z0-9:54}",
	"dynatrace-token":                  "dt0c01.{A-Z0-9:24}.{A-Z0-9:64}",
	"snyk-token":                       "snyk_token={a-f0-9:8}-{a-f0-9:4}-{a-f0-9:4}-{a-f0-9:4}-{a-f0-9:12}",
	"private-key":                      "-----BEGIN RSA {:0}PRIVATE KEY-----\\n{a-zA-Z0-9:64}",
	"putty-private-key":                "PuTTY-User-Key-File-{2-3:1}: ssh-ed25519",
	"age-secret-key":                   "AGE-SECRET-KEY-1{QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L:58}",
	"jwt":                              "{jwt}",
	"database-url":                     "postgres://svc:{a-zA-Z0-9:16}@db.corp.net/main",
	"url-password":                     "ftp://svc:{a-zA-Z0-9:16}@files.corp.net",
	"kubernetes-secret":                "kind: Secret\nmetadata:\n  name: a\nstringData:\n  password: {a-zA-Z0-9:12}",
	"assignment":                       `session_secret = "{a-zA-Z0-9:32}"`,
	"environment":                      "SESSION_SECRET={a-zA-Z0-9:32}",
}

var hole = regexp.MustCompile(`\{([^{}:]*):(\d+)\}`)

// Expand fills the holes of a text, {class:n}, with n characters of a class. They depend on seed alone.
func Expand(sample string, seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 1))
	text := hole.ReplaceAllStringFunc(sample, func(h string) string {
		parts := hole.FindStringSubmatch(h)
		n, _ := strconv.Atoi(parts[2])
		return characters(random, parts[1], n)
	})
	if at := strings.Index(text, "{sum}"); at >= 0 {
		from := strings.LastIndexByte(text[:at], '_') + 1
		text = text[:at] + base62(crc32.ChecksumIEEE([]byte(text[from:at]))) + text[at+5:]
	}
	raw := base64.RawURLEncoding
	text = strings.ReplaceAll(text, "{jwt}", raw.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))+"."+
		raw.EncodeToString([]byte(`{"sub":"svc","aud":"main"}`))+"."+characters(random, "a-zA-Z0-9", 43))
	return strings.ReplaceAll(text, "{base64}", base64.StdEncoding.EncodeToString([]byte("svc:"+characters(random, "a-zA-Z0-9", 16))))
}

func characters(random *rand.Rand, class string, n int) string {
	var set []byte
	for i := 0; i < len(class); i++ {
		if i+2 < len(class) && class[i+1] == '-' {
			for c := class[i]; c <= class[i+2]; c++ {
				set = append(set, c)
			}
			i += 2
			continue
		}
		set = append(set, class[i])
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = set[random.IntN(len(set))]
	}
	return string(out)
}

func base62(n uint32) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	out := []byte("000000")
	for i := len(out) - 1; n > 0; i-- {
		out[i] = digits[n%62]
		n /= 62
	}
	return string(out)
}
