package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/operator/sign"
	"github.com/adamant-os/adamant/internal/trust"
)

func trustCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Keep what signatures are trusted by: init, status, rotate, export",
		Long: `The kernel signs with keys of its own: a certificate authority, a timestamp authority and a transparency
log, all in the trust folder of the kernel. What others trust them by is in the repository, in
.adamant/trust, under a root.json that an operator's SSH key signs. docs/trust.md explains both.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(trustInit(env), trustStatus(env), trustRotate(env), trustExport(env))
	return cmd
}

// rootFlags are what the commands that sign a root have in common.
type rootFlags struct {
	deskFlags
	keys []string // files
	life time.Duration
}

const yearly = 365 * 24 * time.Hour

func (f *rootFlags) register(cmd *cobra.Command) {
	f.deskFlags.register(cmd)
	cmd.Flags().StringSliceVar(&f.keys, "key", nil, "SSH key files of operators to sign with (default: keys of the SSH agent)")
	cmd.Flags().DurationVar(&f.life, "expires", yearly, "until when the root is good, from now")
}

// held are the keys that may sign: those of --key, else those of the SSH agent.
func (f *rootFlags) held(ctx context.Context) ([]sign.Key, error) {
	agent := f.env.Getenv("SSH_AUTH_SOCK")
	if len(f.keys) == 0 && agent != "" {
		return sign.Agent(ctx, agent)
	}
	var out []sign.Key
	for _, file := range f.keys {
		key, err := sign.File(absolute(f.env, file))
		if err != nil {
			return nil, err
		}
		out = append(out, key)
	}
	return out, nil
}

var errNoOperatorKey = errors.New("no SSH key signs here: give --key FILE, or load one into the SSH agent. To make one: ssh-keygen -t ed25519 -f FILE, or -t ed25519-sk for a security key")

func trustInit(env *Env) *cobra.Command {
	f := &rootFlags{deskFlags: deskFlags{env: env}}
	var name, operator string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the signing keys, and a root that an operator signs",
		Long: `Make the kernel's signing keys and write .adamant/trust into the work tree: root.json, signed by your SSH
key, trusted_root.json for every Sigstore verifier, allowed_signers for git. Everything on main after
today's commit must have come through the gate; adamant verify begins there.

The files count once they have landed, as a change of their own: the last lines printed say how.

Exit status: 0 made, 2 usage or configuration.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.init(cmd.Context(), name, operator) },
	}
	f.register(cmd)
	cmd.Flags().StringVar(&name, "repository", "", "name in identities and certificates (default: the repository's folder)")
	cmd.Flags().StringVar(&operator, "operator", "", "who you are, lower case (default: your account's name)")
	return cmd
}

func (f *rootFlags) init(ctx context.Context, name, operator string) (err error) {
	held, err := f.held(ctx)
	if err == nil && len(held) == 0 {
		err = errNoOperatorKey
	}
	if err != nil {
		return usage(err)
	}
	dir, err := f.folder(ctx)
	if err != nil {
		return err
	}
	clone, k, err := (&upFlags{deskFlags: f.deskFlags}).open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Close(), clone.Close()) }()
	if err := guardKeys(dir); err != nil {
		return err
	}
	if clone.Root() == "" {
		return usage(errors.New("this repository has no work tree to write .adamant/trust into"))
	}
	if _, err := os.Lstat(filepath.Join(clone.Root(), trust.Dir, trust.FileRoot)); !errors.Is(err, fs.ErrNotExist) {
		return usage(errors.Join(err, fmt.Errorf("%s/%s is there already; adamant trust rotate makes the next version", trust.Dir, trust.FileRoot)))
	}
	files, err := f.first(ctx, k, held[0], cmp.Or(name, filepath.Base(clone.Root())), cmp.Or(operator, (&ordering{}).operatorName()))
	if err != nil {
		return usage(err)
	}
	if err := writeTrust(clone.Root(), files); err != nil {
		return err
	}
	chain, err := readTrust(clone.Root())
	if err != nil {
		return err
	}
	return f.made(chain)
}

// first makes the keys, unless an earlier try did, and the first root.
func (f *rootFlags) first(ctx context.Context, k *kernel.Kernel, key sign.Key, name, operator string) (map[string][]byte, error) {
	now := instant(f.env)
	person, err := trust.NewKey(operator, key.Public, now)
	if err != nil {
		return nil, err
	}
	gate, err := gateKey(k, now)
	if err != nil {
		return nil, err
	}
	main, err := k.Ref(ctx, kernel.RefMain)
	if err != nil {
		return nil, err
	}
	o := trust.Options{Repository: name, Now: f.env.Now}
	a, err := trust.Init(notary.Folder(k.Dir()), o)
	if errors.Is(err, fs.ErrExist) {
		a, err = trust.Open(notary.Folder(k.Dir()), o)
	}
	if err != nil {
		return nil, err
	}
	root := trust.FirstRoot(name, string(main), []trust.Key{person}, gate, now, now.Add(f.life))
	f.touch(key)
	return (*trust.Chain)(nil).Publish(ctx, root, a.TrustedRoot(), key)
}

func (f *rootFlags) touch(key sign.Key) {
	if key.Method == gate.MethodSK {
		fmt.Fprintln(f.env.Stderr, "touch the security key")
	}
}

// gateKey is the key that the kernel signs landing commits and its ledger with.
func gateKey(k *kernel.Kernel, now time.Time) (trust.Key, error) {
	signer, err := k.Signer()
	if err != nil {
		return trust.Key{}, err
	}
	keyed, ok := signer.(interface{ Key() ssh.PublicKey })
	if !ok {
		return trust.Key{}, errors.New("the kernel's signing key has no SSH public key")
	}
	return trust.NewKey("gate", string(ssh.MarshalAuthorizedKey(keyed.Key())), now)
}

// made says what was written and what to do with it.
func (f *rootFlags) made(c *trust.Chain) error {
	r := c.Current()
	if f.json {
		return writeJSON(f.env.Stdout, map[string]any{"version": r.Version, "repository": r.Repository, "genesis": r.Genesis.Commit, "expires": r.Expires,
			"fingerprint": c.Fingerprint, "folder": trust.Dir})
	}
	w := f.env.Stdout
	fmt.Fprintf(w, "%s/root.json version %d, for %s, signed, good until %s\n", trust.Dir, r.Version, r.Repository, r.Expires.Format(time.DateOnly))
	fmt.Fprintf(w, "genesis      %s\nfingerprint  %s\n", r.Genesis.Commit, c.Fingerprint)
	fmt.Fprintf(w, "\nTell the fingerprint to those who will verify: adamant verify --root FINGERPRINT\n")
	fmt.Fprintf(w, "It counts once it has landed:\n  git add %s && git commit -m \"Trust root %d\"\n  git push adamant HEAD:refs/for/main\n", trust.Dir, r.Version)
	fmt.Fprintf(w, "The change is critical: adamant break-glass CHANGE --reason TEXT lets it in, with a security key or a\n"+
		"browser's. Without one a recovery code does, and nothing judges it:\n"+
		"  adamant down && adamant break-glass --land HEAD --reason TEXT --recovery CODE\n")
	return nil
}

// readTrust reads and checks .adamant/trust of a work tree.
func readTrust(root string) (*trust.Chain, error) {
	dir, err := os.OpenRoot(filepath.Join(root, trust.Dir))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return trust.ReadRoot(func(name string) ([]byte, error) {
		info, err := dir.Stat(name)
		if err == nil && info.Size() > trustLimit {
			err = fmt.Errorf("%s has %d bytes, more than %d", name, info.Size(), trustLimit)
		}
		if err != nil {
			return nil, err
		}
		return dir.ReadFile(name)
	})
}

const trustLimit = 4 << 20 // bytes of a file below .adamant/trust

// writeTrust writes the files of a root, the newest root last.
func writeTrust(root string, files map[string][]byte) error {
	dir := filepath.Join(root, trust.Dir)
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(trust.NumberedRoot(1))), 0o755); err != nil {
		return err
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(names, func(name string) bool { return name == trust.FileRoot })
	for _, name := range append(names, trust.FileRoot) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return fmt.Errorf("writing the trust root: %w", err)
		}
	}
	return nil
}

// trustOnMain is the version of the root that main has, 0 for none.
func trustOnMain(ctx context.Context, repo *git.Repo, main git.OID) (int, error) {
	chain, err := trust.ReadRoot(func(name string) ([]byte, error) {
		oid, err := repo.Lookup(ctx, main, trust.Dir+"/"+name)
		if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
			return nil, fs.ErrNotExist
		}
		if err != nil {
			return nil, err
		}
		return repo.Blob(ctx, oid, trustLimit)
	})
	var refused *trust.RootError
	if errors.As(err, &refused) && refused.Code == trust.CodeRootMissing {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("main's trust root: %w", err)
	}
	return chain.Current().Version, nil
}
