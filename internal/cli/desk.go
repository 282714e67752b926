package cli

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/operator/sign"
)

// deskFlags say which kernel a command of the operator is about and how its output is wanted.
type deskFlags struct {
	env            *Env
	socket, kernel string
	json           bool
}

func (f *deskFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.socket, "socket", "", "the daemon's socket (default: $ADAMANT_SOCKET, else daemon.sock of the kernel)")
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the answer as JSON")
}

// folder is the kernel's folder.
func (f *deskFlags) folder(ctx context.Context) (string, error) {
	if dir := cmp.Or(f.kernel, f.env.Getenv("ADAMANT_KERNEL")); dir != "" {
		return absolute(f.env, dir), nil
	}
	repo, err := openRepo(ctx, f.env, "")
	if err != nil {
		return "", usage(fmt.Errorf("which kernel? Go to its repository, or give --kernel: %w", err))
	}
	defer repo.Close()
	return filepath.Join(places(f.env).Data, filepath.Base(repo.Root())), nil
}

func absolute(env *Env, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(env.Dir, path)
}

func (f *deskFlags) client(ctx context.Context) (*desk.Client, error) {
	socket, err := f.socketPath(ctx)
	if err != nil {
		return nil, err
	}
	return desk.NewClient(socket), nil
}

func (f *deskFlags) socketPath(ctx context.Context) (string, error) {
	if socket := cmp.Or(f.socket, f.env.Getenv("ADAMANT_SOCKET")); socket != "" {
		return absolute(f.env, socket), nil
	}
	dir, err := f.folder(ctx)
	if err != nil {
		return "", err
	}
	return daemon.Socket(dir), nil
}

// deskError gives an error of the desk its exit code: a refusal is a no, no daemon and unknown changes are the caller's to mend.
func deskError(err error) error {
	var no *desk.Error
	var refused *operator.RefusedError
	switch {
	case errors.Is(err, desk.ErrNoDaemon):
		return usage(err)
	case errors.As(err, &no) && no.Status == 404:
		return usage(err)
	case errors.As(err, &no) && no.Status < 500, errors.As(err, &refused):
		return &exitError{Code: ExitDeny, Err: err}
	}
	return err
}

// answer prints what a request led to.
func (f *deskFlags) answer(a desk.Answer, err error) error {
	if err != nil {
		return deskError(err)
	}
	if f.json {
		return writeJSON(f.env.Stdout, a)
	}
	fmt.Fprintln(f.env.Stdout, printable(a.Message))
	return nil
}

// signFlags say with which credential the operator consents.
type signFlags struct {
	key, code, credential, recovery string
}

func (f *signFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.key, "key", "", "SSH key file to sign with (default: the first enrolled key of the SSH agent)")
	cmd.Flags().StringVar(&f.credential, "credential", "", "id of the enrolled key to use (adamant operator list)")
}

// prove signs text with an enrolled key. verified asks for one that verifies its user.
func (f *signFlags) prove(ctx context.Context, env *Env, d desk.Registry, namespace, text string, verified bool) (desk.Proof, error) {
	known, err := d.Operators(ctx)
	if err != nil {
		return desk.Proof{}, deskError(err)
	}
	known.Keys = slices.DeleteFunc(known.Keys, func(k desk.Key) bool {
		return k.Revoked != nil || verified && !k.Verifies || f.credential != "" && !strings.HasPrefix(k.ID, f.credential)
	})
	if len(known.Keys) == 0 {
		return desk.Proof{}, usage(noKey(verified))
	}
	if f.code != "" {
		return f.byCode(known.Keys, text)
	}
	key, with, err := f.choose(ctx, env, known.Keys)
	if err != nil {
		return desk.Proof{}, usage(err)
	}
	if with.Method == gate.MethodSK {
		fmt.Fprintln(env.Stderr, "touch the security key")
	}
	signature, err := with.Sign(ctx, namespace, text)
	if err != nil {
		return desk.Proof{}, err
	}
	return desk.Proof{Statement: text, Method: key.Method, Key: key.ID, Signature: signature}, nil
}

func noKey(verified bool) error {
	if verified {
		return errors.New("no enrolled key verifies its user: enrol a security key with a PIN (ssh-keygen -t ed25519-sk -O verify-required), or a browser's (adamant operator enrol --webauthn)")
	}
	return errors.New("no key is enrolled: adamant operator enrol NAME --key FILE")
}

func (f *signFlags) byCode(keys []desk.Key, text string) (desk.Proof, error) {
	for _, k := range keys {
		if k.Method == gate.MethodTOTP {
			return desk.Proof{Statement: text, Method: gate.MethodTOTP, Key: k.ID, Code: f.code}, nil
		}
	}
	return desk.Proof{}, usage(errors.New("no code generator is enrolled: adamant operator enrol NAME --totp"))
}

// choose finds an enrolled key that can sign here: the one of --key, else the first of the agent.
func (f *signFlags) choose(ctx context.Context, env *Env, keys []desk.Key) (desk.Key, sign.Key, error) {
	var held []sign.Key
	where := "the SSH agent"
	switch agent := env.Getenv("SSH_AUTH_SOCK"); {
	case f.key != "":
		where = f.key
		one, err := sign.File(absolute(env, f.key))
		if err != nil {
			return desk.Key{}, sign.Key{}, err
		}
		held = []sign.Key{one}
	case agent != "":
		var err error
		if held, err = sign.Agent(ctx, agent); err != nil {
			return desk.Key{}, sign.Key{}, err
		}
	default:
		return desk.Key{}, sign.Key{}, errors.New("no SSH agent runs here: give --key FILE")
	}
	for _, k := range held {
		if at := slices.IndexFunc(keys, func(e desk.Key) bool { return e.Public == k.Public }); at >= 0 {
			return keys[at], k, nil
		}
	}
	return desk.Key{}, sign.Key{}, fmt.Errorf("%s holds no key that is enrolled and may do this: adamant operator list", where)
}

func newNonce() (string, error) {
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("making a nonce: %w", err)
	}
	return hex.EncodeToString(raw), nil
}

// confirm asks on a terminal. Elsewhere only --yes says yes.
func confirm(env *Env, yes bool, question string) error {
	if yes {
		return nil
	}
	file, ok := env.Stdin.(*os.File)
	if ok {
		info, err := file.Stat()
		ok = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	if !ok {
		return usage(errors.New("nobody is there to ask: read what is above, then give --yes"))
	}
	fmt.Fprintf(env.Stderr, "%s [y/N] ", question)
	line, err := readLine(env)
	if answer := strings.ToLower(line); err == nil && (answer == "y" || answer == "yes") {
		return nil
	}
	return &exitError{Code: ExitDeny, Err: errors.New("nothing was signed")}
}

// readLine reads what is typed, up to the end of the line.
func readLine(env *Env) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(env.Stdin, 256)).ReadString('\n')
	return strings.TrimSpace(line), err
}

func instant(env *Env) time.Time { return env.Now().UTC().Truncate(time.Second) }
