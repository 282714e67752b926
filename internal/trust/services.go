package trust

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/digitorus/timestamp"
	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/adamant-os/adamant/internal/tlog"
)

// Services are a Sigstore that somebody else runs: public, or a company's own. Its certificates name whom its issuers know, not the
// identities of a repository, and its signatures are in its log, not in the ledger.
type Services struct {
	Fulcio    string                                            // base URL: certificates, by /api/v2/signingCert
	Timestamp string                                            // URL of the timestamp authority (RFC 3161)
	Log       string                                            // base URL: Rekor v2, by /api/v2/log/entries
	Token     func(ctx context.Context) (jwt string, err error) // an OIDC identity token for the audience "sigstore"
	Client    *http.Client                                      // nil: one with a limit of 30 s a request
}

const answerLimit = 1 << 20 // bytes of a service's answer

// ErrService is wrapped by the error of a service that refuses, or whose answer does not fit what it was asked.
var ErrService = errors.New("a Sigstore service")

// Attest signs statement, an in-toto Statement v1, as whom the token names and returns the bundle as one line of JSON.
func (v Services) Attest(ctx context.Context, statement []byte) ([]byte, error) {
	if err := checkStatement(statement); err != nil {
		return nil, err
	}
	s, err := v.sign(ctx, sha256.Sum256(pae(statement)))
	if err != nil {
		return nil, err
	}
	return s.ofStatement(statement)
}

// SignBlob signs an artifact of that SHA-256 as whom the token names and returns the bundle as one line of JSON.
func (v Services) SignBlob(ctx context.Context, sha256 [32]byte) ([]byte, error) {
	s, err := v.sign(ctx, sha256)
	if err != nil {
		return nil, err
	}
	return s.ofBlob()
}

func (v Services) sign(ctx context.Context, digest [sha256.Size]byte) (signed, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signed{}, err
	}
	s := signed{digest: digest}
	if s.cert, err = v.certificate(ctx, key); err != nil {
		return signed{}, fmt.Errorf("getting a certificate: %w", err)
	}
	if s.signature, err = (session{key: key}).sign(digest); err != nil {
		return signed{}, err
	}
	if s.stamp, err = v.stamp(ctx, s.signature); err != nil {
		return signed{}, fmt.Errorf("getting a timestamp: %w", err)
	}
	if s.rekord, err = newRekord(digest, s.signature, s.cert); err != nil {
		return signed{}, err
	}
	if err := v.logged(ctx, &s); err != nil {
		return signed{}, fmt.Errorf("writing to the transparency log: %w", err)
	}
	return s, nil
}

// certificate asks with a signing request, which proves that the key is ours. The other proof that Fulcio takes is over the name in the
// token, and whether that is its address or its subject depends on how Fulcio knows the issuer, which the token does not say.
func (v Services) certificate(ctx context.Context, key *ecdsa.PrivateKey) ([]byte, error) {
	token, err := v.Token(ctx)
	if err != nil {
		return nil, fmt.Errorf("getting an identity token: %w", err)
	}
	if err := checkToken(token); err != nil {
		return nil, fmt.Errorf("the identity token: %w", err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{
		"credentials":               map[string]any{"oidcIdentityToken": token},
		"certificateSigningRequest": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}),
	})
	if err != nil {
		return nil, err
	}
	answer, err := v.post(ctx, strings.TrimSuffix(v.Fulcio, "/")+"/api/v2/signingCert", "application/json", body)
	if err != nil {
		return nil, err
	}
	return certificateFor(key, answer)
}

// checkToken keeps secrets of another kind from being sent. The token itself is for Fulcio to check.
func checkToken(token string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return errors.New("it is no JWT of three parts")
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var c struct{ Sub string }
	if err := json.Unmarshal(claims, &c); err != nil {
		return err
	}
	if c.Sub == "" {
		return errors.New("it names nobody: it has no sub")
	}
	return nil
}

// certificateFor reads Fulcio's answer and demands that it certifies the key.
func certificateFor(key *ecdsa.PrivateKey, answer []byte) ([]byte, error) {
	var a struct {
		Embedded struct {
			Chain struct{ Certificates []string }
		} `json:"signedCertificateEmbeddedSct"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, fmt.Errorf("%w: its answer: %w", ErrService, err)
	}
	if len(a.Embedded.Chain.Certificates) == 0 {
		return nil, fmt.Errorf("%w: it gave no certificate with an embedded SCT", ErrService)
	}
	block, _ := pem.Decode([]byte(a.Embedded.Chain.Certificates[0]))
	if block == nil {
		return nil, fmt.Errorf("%w: its certificate is no PEM", ErrService)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: its certificate: %w", ErrService, err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%w: its certificate is for another key", ErrService)
	}
	return cert.Raw, nil
}

func (v Services) stamp(ctx context.Context, signature []byte) ([]byte, error) {
	digest := sha256.Sum256(signature)
	nonce, err := newSerial()
	if err != nil {
		return nil, err
	}
	request, err := (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Certificates: true, Nonce: nonce}).Marshal()
	if err != nil {
		return nil, err
	}
	answer, err := v.post(ctx, v.Timestamp, "application/timestamp-query", request)
	if err != nil {
		return nil, err
	}
	ts, err := timestamp.ParseResponse(answer)
	if err != nil {
		return nil, fmt.Errorf("%w: its answer: %w", ErrService, err)
	}
	if !bytes.Equal(ts.HashedMessage, digest[:]) || ts.Nonce == nil || ts.Nonce.Cmp(nonce) != 0 {
		return nil, fmt.Errorf("%w: its timestamp is for another request", ErrService)
	}
	return answer, nil
}

// logged hands a signature to Rekor v2 and demands an entry of exactly it, with a proof.
func (v Services) logged(ctx context.Context, s *signed) error {
	var body rekord
	if err := json.Unmarshal(s.rekord, &body); err != nil {
		return err
	}
	request, err := json.Marshal(map[string]any{"hashedRekordRequestV002": map[string]any{
		"digest": body.Spec.V002.Data.Digest, "signature": body.Spec.V002.Signature,
	}})
	if err != nil {
		return err
	}
	answer, err := v.post(ctx, strings.TrimSuffix(v.Log, "/")+"/api/v2/log/entries", "application/json", request)
	if err != nil {
		return err
	}
	var entry rekor.TransparencyLogEntry
	if err := unmarshalEntry(answer, &entry); err != nil {
		return fmt.Errorf("%w: its answer: %w", ErrService, err)
	}
	if !bytes.Equal(entry.CanonicalizedBody, s.rekord) {
		return fmt.Errorf("%w: it logged something else", ErrService)
	}
	if err := s.take(&entry); err != nil {
		return fmt.Errorf("%w: its entry: %w", ErrService, err)
	}
	return checkEntry(s.rekord, s.entry)
}

func unmarshalEntry(data []byte, into *rekor.TransparencyLogEntry) error {
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, into)
}

// take reads a log's entry.
func (s *signed) take(e *rekor.TransparencyLogEntry) error {
	proof := e.GetInclusionProof()
	if len(e.GetLogId().GetKeyId()) != len(s.logID) || len(proof.GetRootHash()) != sha256.Size || e.LogIndex < 0 || proof.GetTreeSize() <= e.LogIndex {
		return errors.New("it lacks the log's id or a proof")
	}
	copy(s.logID[:], e.LogId.KeyId)
	s.entry = tlog.Entry{Index: uint64(e.LogIndex), Size: uint64(proof.TreeSize), Checkpoint: []byte(proof.GetCheckpoint().GetEnvelope())}
	copy(s.entry.Root[:], proof.RootHash)
	for _, hash := range proof.Hashes {
		var h [sha256.Size]byte
		if copy(h[:], hash) != len(hash) || len(hash) != len(h) {
			return errors.New("a hash of its proof has another length")
		}
		s.entry.Proof = append(s.entry.Proof, h)
	}
	return nil
}

// post asks a service. What it refuses is told in its own words.
func (v Services) post(ctx context.Context, to, kind string, body []byte) ([]byte, error) {
	if err := CheckService(to); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", kind)
	response, err := v.client().Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated:
		return nil, fmt.Errorf("%w: %s answers %s: %.300q", ErrService, to, response.Status, answer)
	case len(answer) > answerLimit:
		return nil, fmt.Errorf("%w: %s answers more than %d bytes", ErrService, to, answerLimit)
	}
	return answer, nil
}

func (v Services) client() *http.Client {
	client := http.Client{Timeout: 30 * time.Second}
	if v.Client != nil {
		client = *v.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return errors.New("it redirects elsewhere") }
	return &client
}

// CheckService refuses addresses that a token must not be sent to: anything but https, and http beyond this machine.
func CheckService(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	ip := net.ParseIP(u.Hostname())
	if u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q: want an https URL without credentials (http is for loopback addresses only)", address)
	}
	return nil
}
