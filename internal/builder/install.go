package builder

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Install is what `adamant builder install` writes and says, for a machine with systemd.
type Install struct {
	Config     Config
	ConfigPath string
	Program    string // adamant
}

// File is one file of an installation.
type File struct {
	Path string
	Mode uint32
	Text string
}

// Files are the configuration and the two units. Paths that cannot stand in a unit are an error.
func (i Install) Files() ([]File, error) {
	for _, path := range []string{i.Program, i.ConfigPath, i.Config.Dir, i.Config.Key, i.Config.Socket} {
		if strings.ContainsAny(path, "\"\\\n% ") {
			return nil, fmt.Errorf("%q cannot stand in a unit: it holds a space, quote, backslash, percent sign or newline", path)
		}
	}
	text, err := json.MarshalIndent(i.Config, "", "  ")
	if err != nil {
		return nil, err
	}
	return []File{
		{i.ConfigPath, 0o644, string(text) + "\n"},
		{"/etc/systemd/system/adamant-builder-signer.service", 0o644, i.signerUnit()},
		{"/etc/systemd/system/adamant-builder.service", 0o644, i.controlUnit()},
	}, nil
}

// signerUnit runs as a user of its own that owns the key and nothing else. It never starts a program. Its limit of core files is 1 and
// not 0, as secret.Guard has it: where Linux pipes them to a program, no other value keeps them.
func (i Install) signerUnit() string {
	return `[Unit]
Description=adamant builder: the signer

[Service]
User=` + signerUser + `
ExecStart=` + i.Program + ` builder sign --config ` + i.ConfigPath + `
Restart=on-failure
RuntimeDirectory=adamant-builder
RuntimeDirectoryMode=0755
LimitCORE=1
NoNewPrivileges=yes
PrivateNetwork=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
CapabilityBoundingSet=
RestrictAddressFamilies=AF_UNIX
SystemCallFilter=@system-service
UMask=0077

[Install]
WantedBy=multi-user.target
`
}

// controlUnit runs as root: only root gives each build a host user of its own.
func (i Install) controlUnit() string {
	return `[Unit]
Description=adamant builder: the control plane
Requires=adamant-builder-signer.service
After=adamant-builder-signer.service network-online.target
Wants=network-online.target

[Service]
ExecStart=` + i.Program + ` builder serve --config ` + i.ConfigPath + `
Restart=on-failure
KillMode=control-group
Delegate=yes
LimitCORE=1
InaccessiblePaths=-` + i.Config.Key + `
UMask=0077

[Install]
WantedBy=multi-user.target
`
}

const signerUser = "adamant-signer"

// Steps are what is left to do by hand, or by --yes: commands for root.
func (i Install) Steps() []string {
	return []string{
		"useradd --system --shell /usr/sbin/nologin --no-create-home " + signerUser,
		"install -d -o " + signerUser + " -m 0700 " + parent(i.Config.Key),
		"runuser -u " + signerUser + " -- ssh-keygen -q -t ed25519 -N '' -C adamant-builder -f " + i.Config.Key,
		"systemctl daemon-reload",
		"systemctl enable --now adamant-builder-signer adamant-builder",
		i.Program + " builder doctor --full --config " + i.ConfigPath,
	}
}

func parent(path string) string { return path[:strings.LastIndexByte(path, '/')] }
