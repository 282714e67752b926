package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/notary"
)

// attesting is what `adamant attest` is asked for.
type attesting struct {
	signing
	kind, predicate string
	subjects        []string
}

func attestCommand(env *Env) *cobra.Command {
	a := &attesting{signing: signing{deskFlags: deskFlags{env: env}}}
	cmd := &cobra.Command{
		Use:   "attest --type TYPE --subject SUBJECT [--predicate FILE]",
		Short: "Sign a statement about files or commits",
		Long: `Sign an in-toto statement with the kernel's keys and write a bundle that every Sigstore verifier checks.

TYPE is provenance, vsa, cyclonedx, spdx, openvex, test-result or a URI. SUBJECT is a file, git:REV for
a commit, or NAME@sha256:HEX. The predicate is JSON, from a file or, with -, from standard input.

Exit status: 0 signed, 1 refused, 2 usage or no keys yet (adamant trust init).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context()) },
	}
	a.register(cmd)
	cmd.Flags().StringVar(&a.kind, "type", "", "what the statement says (required)")
	cmd.Flags().StringArrayVar(&a.subjects, "subject", nil, "what it is about (required, may be repeated)")
	cmd.Flags().StringVar(&a.predicate, "predicate", "", "JSON file with the predicate (default: {})")
	return cmd
}

// predicateType spells a type out and says under which kind its statements are kept.
func predicateType(name string) (uri string, kind attest.Kind, err error) {
	switch name {
	case "provenance":
		return "https://slsa.dev/provenance/v1", attest.KindProvenance, nil
	case "vsa":
		return attest.SummaryType, attest.KindOther, nil
	case "cyclonedx":
		return "https://cyclonedx.org/bom", attest.KindSBOM, nil
	case "spdx":
		return "https://spdx.dev/Document", attest.KindSBOM, nil
	case "openvex":
		return "https://openvex.dev/ns", attest.KindVEX, nil
	case "test-result":
		return "https://in-toto.io/attestation/test-result/v0.1", attest.KindOther, nil
	}
	if !strings.Contains(name, "://") {
		return "", "", fmt.Errorf("--type %q: want provenance, vsa, cyclonedx, spdx, openvex, test-result or a URI", name)
	}
	return name, attest.KindOther, nil
}

const predicateLimit = 8 << 20 // bytes

func (a *attesting) run(ctx context.Context) error {
	statement, kind, err := a.statement(ctx)
	if err != nil {
		return usage(err)
	}
	text, err := statement.Text()
	if err != nil {
		return usage(err)
	}
	signed, err := a.signed(ctx, text, kind)
	if err != nil {
		return err
	}
	file := ""
	if first := a.subjects[0]; !strings.HasPrefix(first, "git:") && !strings.Contains(first, "@sha256:") {
		file = first
	}
	return a.deliver(signed, cmp.Or(a.out, defaultBundle(file)), file)
}

func (a *attesting) signed(ctx context.Context, text []byte, kind attest.Kind) (notary.Signed, error) {
	services, err := a.services(ctx)
	if err != nil {
		return notary.Signed{}, err
	}
	if services != nil {
		return a.served(services.Attest(ctx, text))
	}
	request := notary.Statement{As: a.identity(), Statement: text}
	if a.keep {
		request.Kind = string(kind)
	}
	return a.signing.attest(ctx, request)
}

// defaultBundle lies beside a file; what is no file is printed.
func defaultBundle(file string) string {
	if file == "" {
		return "-"
	}
	return file + ".att" + bundleSuffix
}

func (a *attesting) statement(ctx context.Context) (attest.Statement, attest.Kind, error) {
	if len(a.subjects) == 0 {
		return attest.Statement{}, "", errors.New("say what it is about: --subject FILE, git:REV or NAME@sha256:HEX")
	}
	uri, kind, err := predicateType(a.kind)
	if err != nil {
		return attest.Statement{}, "", err
	}
	s := attest.Statement{Type: attest.StatementType, PredicateType: uri, Predicate: json.RawMessage("{}")}
	if a.predicate != "" {
		if s.Predicate, err = a.readPredicate(); err != nil {
			return s, "", err
		}
	}
	for _, name := range a.subjects {
		subject, err := a.subject(ctx, name)
		if err != nil {
			return s, "", err
		}
		s.Subject = append(s.Subject, subject)
	}
	return s, kind, nil
}

func (a *attesting) readPredicate() (json.RawMessage, error) {
	var in io.Reader = a.env.Stdin
	if a.predicate != "-" {
		f, err := os.Open(absolute(a.env, a.predicate))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, predicateLimit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the predicate: %w", err)
	case len(data) > predicateLimit:
		return nil, fmt.Errorf("the predicate is longer than %d bytes", predicateLimit)
	case !json.Valid(data):
		return nil, fmt.Errorf("%s is no JSON", a.predicate)
	}
	return data, nil
}

func (a *attesting) subject(ctx context.Context, name string) (attest.Subject, error) {
	if rev, ok := strings.CutPrefix(name, "git:"); ok {
		repo, err := openRepo(ctx, a.env, "")
		if err != nil {
			return attest.Subject{}, err
		}
		defer repo.Close()
		commit, err := repo.Resolve(ctx, rev)
		return attest.Subject{Name: name, Digest: map[string]string{attest.GitCommit: string(commit)}}, err
	}
	if label, digest, ok := strings.Cut(name, "@sha256:"); ok {
		return attest.Subject{Name: label, Digest: map[string]string{attest.SHA256: digest}}, nil
	}
	digest, err := digestFile(absolute(a.env, name))
	return attest.Subject{Name: filepath.Base(name), Digest: map[string]string{attest.SHA256: digest}}, err
}
