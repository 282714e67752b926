package check

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// offline tells package managers that there is no network, so that they say what is missing instead of timing out.
var offline = [...]string{
	"GOPROXY=off", "CARGO_NET_OFFLINE=true", "npm_config_offline=true", "PIP_NO_INDEX=1", "UV_OFFLINE=1", "YARN_ENABLE_NETWORK=0",
}

// setupOnly are variables of adamant's own environment that setup gets: where downloads come from.
var setupOnly = [...]string{
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"NODE_EXTRA_CA_CERTS", "PIP_CERT", "REQUESTS_CA_BUNDLE", "GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE",
	"npm_config_registry", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_DEFAULT_INDEX",
}

// managers are toolchain managers that find their toolchains through the home folder, which a check does not see.
var managers = [...][2]string{
	{"RUSTUP_HOME", ".rustup"}, {"PYENV_ROOT", ".pyenv"}, {"ASDF_DATA_DIR", ".asdf"}, {"MISE_DATA_DIR", ".local/share/mise"},
	{"VOLTA_HOME", ".volta"},
}

// basics is the environment every command gets, whatever it is for.
func (r *Runner) basics(b *box) []string {
	env := []string{
		"PATH=" + cleanPath(r.Path), "HOME=" + b.home(), "TMPDIR=" + b.temp(), "LANG=C.UTF-8", "TZ=UTC", "CI=true",
		"GOFLAGS=-modcacherw", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES=" + b.path,
		"npm_config_update_notifier=false", "npm_config_audit=false", "npm_config_fund=false", "COREPACK_ENABLE_DOWNLOAD_PROMPT=0",
		"PIP_DISABLE_PIP_VERSION_CHECK=1",
	}
	for _, manager := range managers {
		folder := filepath.Join(r.Home, manager[1])
		if info, err := os.Stat(folder); r.Home != "" && err == nil && info.IsDir() {
			env = append(env, manager[0]+"="+folder)
		}
	}
	return env
}

// commandEnv is the environment of a check's command and services.
func (r *Runner) commandEnv(b *box, c *manifest.Check) []string {
	return slices.Concat(r.basics(b), offline[:], r.declaredEnv(c))
}

// setupEnv is the environment of a check's setup, which may use the network.
func (r *Runner) setupEnv(b *box, c *manifest.Check) []string {
	env := slices.Concat(r.basics(b), r.passed(setupOnly[:]))
	goenv := filepath.Join(r.Home, ".config/go/env") // go env -w: where modules come from
	if info, err := os.Stat(goenv); r.Home != "" && err == nil && info.Mode().IsRegular() {
		env = append(env, "GOENV="+goenv)
	}
	return append(env, r.declaredEnv(c)...)
}

// declaredEnv is what the definition asks for: variables passed through, then those it sets itself.
func (r *Runner) declaredEnv(c *manifest.Check) []string {
	return append(r.passed(c.PassEnv), assignments(c.Env)...)
}

func (r *Runner) passed(names []string) []string {
	var env []string
	for _, name := range names {
		if value := r.getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (r *Runner) getenv(name string) string {
	if r.Getenv == nil {
		return ""
	}
	return r.Getenv(name)
}

func assignments(values map[string]string) []string {
	var env []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		env = append(env, name+"="+values[name])
	}
	return env
}

// cleanPath drops what is not absolute: a relative entry would name a folder of the change.
func cleanPath(path string) string {
	entries := slices.DeleteFunc(filepath.SplitList(path), func(entry string) bool { return !filepath.IsAbs(entry) })
	return strings.Join(entries, string(os.PathListSeparator))
}
