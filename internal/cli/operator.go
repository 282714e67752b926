package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/operator/sign"
)

func operatorCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "operator",
		Short: "Say whose keys approve changes: enrol, list, revoke, recover",
		Long: `An operator's keys approve changes. The first is enrolled by the owner of the kernel's folder, later
ones by a key that is enrolled already or a recovery code. docs/operator.md says which keys are good
for what.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(operatorEnrol(env), operatorList(env), operatorRevoke(env), operatorRecover(env), operatorCodes(env))
	return cmd
}

// ordering is what the commands that change keys have in common.
type ordering struct {
	deskFlags
	signFlags
	name, label string // of the operator; of the key
	newKey      string // file of the key to enrol
	web, totp   bool
	reason      string
	revokes     []string
}

func (o *ordering) registerNew(cmd *cobra.Command) {
	o.deskFlags.register(cmd)
	cmd.Flags().StringVar(&o.newKey, "new", "", "SSH key file to enrol (default: the first key of the SSH agent that is not enrolled)")
	cmd.Flags().BoolVar(&o.web, "webauthn", false, "enrol a browser's key: prints the address of a page")
	cmd.Flags().BoolVar(&o.totp, "totp", false, "enrol a code generator: the weak tier, for changes up to high")
	cmd.Flags().StringVar(&o.label, "label", "", "what you call the key")
	cmd.MarkFlagsMutuallyExclusive("new", "webauthn", "totp")
}

func operatorEnrol(env *Env) *cobra.Command {
	o := &ordering{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "enrol [NAME]",
		Short: "Enrol a key; the first one gives recovery codes",
		Long: `Enrol a key of an operator. NAME is who you are, lower case; default: your account's name.

The first key of a kernel needs no other: you own the kernel's folder. It prints ten recovery codes,
once. Later keys are allowed by an enrolled key, which signs (--key, or the SSH agent).`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.name = args[0]
			}
			return o.enrol(cmd.Context())
		},
	}
	o.registerNew(cmd)
	o.signFlags.register(cmd)
	return cmd
}

func operatorRecover(env *Env) *cobra.Command {
	o := &ordering{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "recover [NAME] --code CODE",
		Short: "Enrol a new key by a recovery code, and revoke the lost one",
		Long: `A key is lost: enrol another by one of the recovery codes, and revoke the lost one in the same step
(--lost, ids of adamant operator list). Every code works once.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.name = args[0]
			}
			if o.recovery == "" {
				return usage(errors.New("give a recovery code: --code 01-XXXXX-XXXXX-XXXXX-XXXXX"))
			}
			return o.enrol(cmd.Context())
		},
	}
	o.registerNew(cmd)
	cmd.Flags().StringVar(&o.recovery, "code", "", "recovery code")
	cmd.Flags().StringSliceVar(&o.revokes, "lost", nil, "ids of keys to revoke")
	cmd.Flags().StringVar(&o.reason, "reason", "lost", "why they are revoked, on record")
	return cmd
}

func operatorRevoke(env *Env) *cobra.Command {
	o := &ordering{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "revoke KEY...",
		Short: "Revoke keys; what they approved and has not landed no longer counts",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.revokes = args
			return o.other(cmd.Context(), operator.ActionRevoke)
		},
	}
	o.deskFlags.register(cmd)
	o.signFlags.register(cmd)
	cmd.Flags().StringVar(&o.reason, "reason", "", "why, on record")
	return cmd
}

func operatorCodes(env *Env) *cobra.Command {
	o := &ordering{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "codes",
		Short: "Make ten new recovery codes; the old ones stop to work",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return o.other(cmd.Context(), operator.ActionCodes) },
	}
	o.deskFlags.register(cmd)
	o.signFlags.register(cmd)
	return cmd
}

func operatorList(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the keys that approve, and those that did",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			known, err := client.Operators(cmd.Context())
			if err != nil {
				return deskError(err)
			}
			if f.json {
				return writeJSON(env.Stdout, known)
			}
			printOperators(env.Stdout, known)
			return nil
		},
	}
	f.register(cmd)
	return cmd
}

func printOperators(w io.Writer, known desk.Operators) {
	for _, k := range known.Keys {
		good := "up to high"
		switch {
		case k.Revoked != nil:
			good = "revoked " + k.Revoked.UTC().Format(time.DateOnly)
		case k.Verifies:
			good = "all"
		}
		name := k.Name
		if k.Label != "" {
			name += "  " + k.Label
		}
		fmt.Fprintln(w, clip(fmt.Sprintf("%s  %s  %s  %s  %s", k.ID, pad(printable(k.Operator), 10), pad(k.Method, 8), pad(good, 18), printable(name)), textWidth))
	}
	if len(known.Keys) == 0 {
		fmt.Fprintln(w, "No key is enrolled: adamant operator enrol")
		return
	}
	fmt.Fprintf(w, "%s left\n", plural(known.Codes, "recovery code"))
}

// enrol makes an order for the new key, lets it be allowed and the key show itself, and hands it in.
func (o *ordering) enrol(ctx context.Context) error {
	client, err := o.client(ctx)
	if err != nil {
		return err
	}
	known, err := client.Operators(ctx)
	if err != nil {
		return deskError(err)
	}
	order := operator.Order{Action: operator.ActionEnrol, Operator: o.name, Label: o.label, Revokes: o.revokes}
	if len(o.revokes) > 0 {
		order.Reason = o.reason
	}
	e, key, err := o.newcomer(ctx, known, &order)
	if err != nil {
		return err
	}
	text, err := o.text(&order)
	if err != nil {
		return err
	}
	if e.Proof, err = o.allow(ctx, client, known, text); err != nil {
		return err
	}
	if key != nil {
		signature, err := key.Sign(ctx, operator.NamespaceOrder, text)
		if err != nil {
			return err
		}
		e.New = desk.Proof{Method: key.Method, Signature: signature}
	}
	out, err := client.Enrol(ctx, e)
	return o.enrolled(out, err)
}

// newcomer fills in what the order says of the new key, and what the request has to carry.
func (o *ordering) newcomer(ctx context.Context, known desk.Operators, order *operator.Order) (desk.Enrolment, *sign.Key, error) {
	switch {
	case o.web:
		order.Method = gate.MethodWebAuthn
		return desk.Enrolment{}, nil, nil
	case o.totp:
		return o.generator(order)
	}
	key, err := o.candidate(ctx, known)
	if err != nil {
		return desk.Enrolment{}, nil, usage(err)
	}
	order.Method, order.Public = key.Method, key.Public
	return desk.Enrolment{}, &key, nil
}

// candidate is the SSH key to enrol.
func (o *ordering) candidate(ctx context.Context, known desk.Operators) (sign.Key, error) {
	if o.newKey != "" {
		return sign.File(absolute(o.env, o.newKey))
	}
	agent := o.env.Getenv("SSH_AUTH_SOCK")
	if agent == "" {
		return sign.Key{}, errors.New("no SSH agent runs here: give --new FILE, --webauthn or --totp")
	}
	held, err := sign.Agent(ctx, agent)
	if err != nil {
		return sign.Key{}, err
	}
	for _, k := range held {
		if !slices.ContainsFunc(known.Keys, func(e desk.Key) bool { return e.Public == k.Public }) {
			return k, nil
		}
	}
	return sign.Key{}, errors.New("the SSH agent holds no key that is not enrolled: give --new FILE")
}

// generator makes a secret, shows it and asks for the first code of it.
func (o *ordering) generator(order *operator.Order) (desk.Enrolment, *sign.Key, error) {
	secret, url, err := operator.NewTOTP(o.operatorName(), "kernel")
	if err != nil {
		return desk.Enrolment{}, nil, err
	}
	sum := sha256.Sum256([]byte(secret))
	order.Method, order.Public = gate.MethodTOTP, hex.EncodeToString(sum[:])
	fmt.Fprintf(o.env.Stderr, "secret  %s\naddress %s\nIts first code: ", secret, url)
	code, err := readLine(o.env)
	if err != nil {
		return desk.Enrolment{}, nil, usage(fmt.Errorf("reading the first code: %w", err))
	}
	return desk.Enrolment{Secret: secret, New: desk.Proof{Method: gate.MethodTOTP, Code: code}}, nil, nil
}

// other hands in an order that brings no key.
func (o *ordering) other(ctx context.Context, action string) error {
	client, err := o.client(ctx)
	if err != nil {
		return err
	}
	known, err := client.Operators(ctx)
	if err != nil {
		return deskError(err)
	}
	order := operator.Order{Action: action, Reason: o.reason}
	for _, id := range o.revokes {
		whole, err := keyID(known, id)
		if err != nil {
			return usage(err)
		}
		order.Revokes = append(order.Revokes, whole)
	}
	order.Operator = o.signerName(ctx, known)
	text, err := o.text(&order)
	if err != nil {
		return err
	}
	proof, err := o.allow(ctx, client, known, text)
	if err != nil {
		return err
	}
	out, err := client.Enrol(ctx, desk.Enrolment{Proof: proof})
	return o.enrolled(out, err)
}

// keyID completes the beginning of a key's id.
func keyID(known desk.Operators, begin string) (string, error) {
	var found []string
	for _, k := range known.Keys {
		if strings.HasPrefix(k.ID, begin) {
			found = append(found, k.ID)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d keys begin with %q: adamant operator list", len(found), begin)
	}
	return found[0], nil
}

// signerName is whose key will sign: an order is in the name of its signer. A recovery code is the only operator's, where there is one.
func (o *ordering) signerName(ctx context.Context, known desk.Operators) string {
	keys := slices.DeleteFunc(slices.Clone(known.Keys), func(k desk.Key) bool { return k.Revoked != nil })
	if key, _, err := o.choose(ctx, o.env, keys); err == nil {
		return key.Operator
	}
	others := func(k desk.Key) bool { return k.Operator != keys[0].Operator }
	if len(keys) > 0 && !slices.ContainsFunc(keys, others) {
		return keys[0].Operator
	}
	return o.operatorName()
}

// text completes an order and encodes it.
func (o *ordering) text(order *operator.Order) (string, error) {
	nonce, err := newNonce()
	if err != nil {
		return "", err
	}
	order.APIVersion, order.Nonce, order.At = operator.OrderVersion, nonce, instant(o.env)
	order.Expires = order.At.Add(30 * time.Minute)
	if order.Operator == "" {
		order.Operator = o.operatorName()
	}
	text, err := order.Text()
	if err == nil {
		_, err = operator.ParseOrder(text)
	}
	if err != nil {
		return "", usage(err)
	}
	return text, nil
}

func (o *ordering) operatorName() string {
	if o.name != "" {
		return o.name
	}
	if account, err := user.Current(); err == nil {
		return strings.ToLower(account.Username)
	}
	return "operator"
}

// allow proves that the order may be carried out: by a recovery code, by owning the kernel while there is no key, else by an
// enrolled key.
func (o *ordering) allow(ctx context.Context, client *desk.Client, known desk.Operators, text string) (desk.Proof, error) {
	switch {
	case o.recovery != "":
		return desk.Proof{Statement: text, Method: operator.MethodRecovery, Code: o.recovery}, nil
	case len(known.Keys) == 0:
		return desk.Proof{Statement: text, Method: operator.MethodOwner}, nil
	}
	return o.prove(ctx, o.env, client, operator.NamespaceOrder, text, false)
}

func (o *ordering) enrolled(out desk.Enrolled, err error) error {
	if err != nil {
		return deskError(err)
	}
	if o.json {
		return writeJSON(o.env.Stdout, out)
	}
	w := o.env.Stdout
	if out.URL != "" {
		fmt.Fprintln(w, printable(out.URL))
	}
	fmt.Fprintln(w, printable(out.Message))
	if out.Key != nil {
		good := "changes up to high"
		if out.Key.Verifies {
			good = "all changes"
		}
		fmt.Fprintf(w, "%s  %s, for %s\n", out.Key.ID, printable(out.Key.Name), good)
	}
	if len(out.Codes) > 0 {
		fmt.Fprintln(w, "\nRecovery codes, shown this once; each works once. Write them down, off this machine.")
		for _, code := range out.Codes {
			fmt.Fprintln(w, "  "+code)
		}
	}
	return nil
}
