//go:build interop

package verify_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"

	"github.com/adamant-os/adamant/internal/trust"
)

// servers are a Sigstore on loopback, of Sigstore's own servers. Only who vouches for people and the log of certificates are ours:
// issuer and ctLog.
type servers struct {
	fulcio, timestamp, log string // addresses
	issuer                 *issuer
	certificates           ctLog
	start                  time.Time // from when on its keys are good
	root                   []byte    // trusted_root.json
}

const logHost = "rekor.interop.test" // in no DNS; what the log's checkpoints are named after

func newServers(t *testing.T) servers {
	t.Helper()
	fulcio := found(t, "ADAMANT_FULCIO", "fulcio", "scripts/sigstore-tools.sh builds it")
	tsa := found(t, "ADAMANT_TIMESTAMP_SERVER", "timestamp-server", "scripts/sigstore-tools.sh builds it")
	s := servers{issuer: newIssuer(t), certificates: newCTLog(t), start: time.Now().Add(-time.Minute)}
	s.fulcio = serveFulcio(t, fulcio, s.issuer, "--ct-log-url", s.certificates.url, "--ct-log-public-key-path", s.certificates.public)
	s.timestamp = serveTSA(t, tsa)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s.logged(t, key)
}

// logged are the same servers with another log.
func (s servers) logged(t *testing.T, key crypto.Signer) servers {
	t.Helper()
	rekor := found(t, "ADAMANT_REKOR", "rekor-server", "scripts/sigstore-tools.sh builds it")
	s.log = serveRekor(t, rekor, key)
	s.root = s.trustedRoot(t, key.Public())
	return s
}

// services is how our client is configured to use it, with one token.
func (s servers) services(token string) trust.Services {
	return trust.Services{Fulcio: s.fulcio, Timestamp: s.timestamp + "/api/v1/timestamp", Log: s.log, Client: &http.Client{},
		Token: func(context.Context) (string, error) { return token, nil }}
}

func serveFulcio(t *testing.T, program string, i *issuer, more ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fulcio") // short enough for the address of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := filepath.Join(dir, "config.json")
	write(t, config, i.config(t))
	return serve(t, program, "/healthz", func(port []string) []string {
		return append([]string{"serve", "--ca", "ephemeralca", "--config-path", config, "--legacy-unix-domain-socket", filepath.Join(dir, "s"),
			"--host", "127.0.0.1", "--port", port[0], "--grpc-host", "127.0.0.1", "--grpc-port", port[1], "--metrics-port", port[2]}, more...)
	})
}

func serveTSA(t *testing.T, program string) string {
	t.Helper()
	const figures = ":2112"
	l, err := net.Listen("tcp", figures)
	if err != nil {
		t.Skipf("LEFT OUT: timestamp-server ends where it cannot have port %s for its figures, and has no option for another: %v", figures, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return serve(t, program, "/ping", func(port []string) []string {
		return []string{"serve", "--timestamp-signer", "memory", "--disable-ntp-monitoring", "--host", "127.0.0.1", "--port", port[0]}
	})
}

func serveRekor(t *testing.T, program string, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	signer := filepath.Join(t.TempDir(), "log.pem")
	write(t, signer, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return serve(t, program, "/healthz", func(port []string) []string {
		return []string{"serve", "--hostname", logHost, "--storage-dir", t.TempDir(), "--signer-filepath", signer, "--checkpoint-interval", "100ms",
			"--http-address", "127.0.0.1", "--http-port", port[0], "--grpc-address", "127.0.0.1", "--grpc-port", port[1], "--http-metrics-port", port[2]}
	})
}

// serve runs a server on ports of its own until the test ends, and returns its address when it answers.
func serve(t *testing.T, program, health string, args func(port []string) []string) (address string) {
	t.Helper()
	for range 3 { // somebody else may have been faster with a port
		port := freePorts(t, 3)
		address = "http://127.0.0.1:" + port[0]
		if answers(t, address+health, program, args(port)) {
			return address
		}
	}
	t.Fatalf("%s ends before it answers", filepath.Base(program))
	return ""
}

func answers(t *testing.T, health, program string, args []string) bool {
	t.Helper()
	var said strings.Builder // read once it has ended
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() { // the context has ended before
		<-ended
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(program), said.String())
		}
	})
	for !healthy(t.Context(), health) {
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}

func healthy(ctx context.Context, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// freePorts were free a moment ago. These servers do not say which port they took.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	ports := make([]string, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, ports[i], _ = net.SplitHostPort(l.Addr().String())
	}
	return ports
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func newECDSAKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// trustedRoot is what an operator of these servers would publish.
func (s servers) trustedRoot(t *testing.T, log crypto.PublicKey) []byte {
	t.Helper()
	window := map[string]any{"start": s.start.UTC().Format(time.RFC3339)}
	var bundle struct {
		Chains []struct{ Certificates []string }
	}
	if err := json.Unmarshal(get(t, s.fulcio+"/api/v2/trustBundle"), &bundle); err != nil {
		t.Fatal(err)
	}
	transparency := func(host string, key crypto.PublicKey) []any {
		id, kind := sha256.Sum256(pkix(t, key)), "PKIX_ECDSA_P256_SHA_256"
		if raw, is := key.(ed25519.PublicKey); is { // C2SP signed-note
			id, kind = sha256.Sum256(append([]byte(host+"\n\x01"), raw...)), "PKIX_ED25519"
		}
		return []any{map[string]any{"baseUrl": "https://" + host, "hashAlgorithm": "SHA2_256", "logId": map[string]any{"keyId": id[:]},
			"publicKey": map[string]any{"rawBytes": pkix(t, key), "keyDetails": kind, "validFor": window}}}
	}
	authority := func(host, chain string) []any {
		return []any{map[string]any{"subject": map[string]any{"organization": "interop", "commonName": host}, "uri": "https://" + host, "validFor": window,
			"certChain": map[string]any{"certificates": chainOf(chain)}}}
	}
	root, err := json.Marshal(map[string]any{
		"mediaType":              "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"tlogs":                  transparency(logHost, log),
		"ctlogs":                 transparency("ct.interop.test", s.certificates.key.Public()),
		"certificateAuthorities": authority("fulcio.interop.test", strings.Join(bundle.Chains[0].Certificates, "\n")),
		"timestampAuthorities":   authority("tsa.interop.test", string(get(t, s.timestamp+"/api/v1/timestamp/certchain"))),
	})
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func chainOf(text string) []any {
	var chain []any
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		chain = append(chain, map[string]any{"rawBytes": block.Bytes})
	}
	return chain
}

func pkix(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func get(t *testing.T, address string) []byte {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %v: %s", address, response.Status, err, data)
	}
	return data
}

// ctLog signs for every certificate that it has seen it (RFC 6962, section 3.2), and forgets it.
type ctLog struct {
	key    *ecdsa.PrivateKey
	id     [sha256.Size]byte
	url    string
	public string // file with the key
	t      *testing.T
}

func newCTLog(t *testing.T) ctLog {
	t.Helper()
	key := newECDSAKey(t)
	der := pkix(t, key.Public())
	l := ctLog{key: key, id: sha256.Sum256(der), public: filepath.Join(t.TempDir(), "ct.pub"), t: t}
	write(t, l.public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	server := httptest.NewServer(http.StripPrefix("/log", l))
	t.Cleanup(server.Close)
	l.url = server.URL + "/log"
	return l
}

func (l ctLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != ct.AddPreChainPath {
		http.NotFound(w, r)
		return
	}
	answer, err := l.add(r.Body)
	if err != nil {
		l.t.Error(err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write(answer)
}

func (l ctLog) add(request io.Reader) ([]byte, error) {
	var in ct.AddChainRequest
	if err := json.NewDecoder(request).Decode(&in); err != nil {
		return nil, err
	}
	chain := make([]*ctx509.Certificate, len(in.Chain))
	for i, der := range in.Chain {
		var err error
		if chain[i], err = ctx509.ParseCertificate(der); ctx509.IsFatal(err) {
			return nil, err
		}
	}
	sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, LogID: ct.LogID{KeyID: l.id}, Timestamp: uint64(time.Now().UnixMilli())}
	leaf, err := ct.MerkleTreeLeafFromChain(chain, ct.PrecertLogEntryType, sct.Timestamp)
	if err != nil {
		return nil, err
	}
	signed, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: *leaf})
	if err != nil {
		return nil, err
	}
	signature, err := tls.CreateSignature(*l.key, tls.SHA256, signed)
	if err != nil {
		return nil, err
	}
	text, err := tls.Marshal(signature)
	if err != nil {
		return nil, err
	}
	return json.Marshal(ct.AddChainResponse{SCTVersion: sct.SCTVersion, ID: sct.LogID.KeyID[:], Timestamp: sct.Timestamp, Signature: text})
}

// issuer vouches for whomever it is told to (OpenID Connect), each kind of Fulcio's issuers at a path of its own.
type issuer struct {
	url string
	key *rsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

func (i *issuer) of(kind string) string { return i.url + "/" + kind }

// config is Fulcio's.
func (i *issuer) config(t *testing.T) []byte {
	t.Helper()
	issuers := map[string]any{}
	for kind, domain := range map[string]string{"email": "", "uri": "http://127.0.0.1", "username": "127.0.0.1", "github-workflow": ""} {
		issuers[i.of(kind)] = map[string]any{"IssuerURL": i.of(kind), "ClientID": "sigstore", "Type": kind, "SubjectDomain": domain}
	}
	data, err := json.Marshal(map[string]any{"OIDCIssuers": issuers})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, discovery := strings.CutSuffix(r.URL.Path, "/.well-known/openid-configuration")
	var answer any
	if discovery {
		answer = map[string]any{"issuer": i.url + kind, "jwks_uri": i.url + "/keys", "authorization_endpoint": i.url, "token_endpoint": i.url,
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"}}
	} else {
		b64 := base64.RawURLEncoding.EncodeToString
		answer = map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": b64(i.key.N.Bytes()), "e": b64(big.NewInt(int64(i.key.E)).Bytes())}}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// token is one of five minutes for Sigstore; claims add to it and replace.
func (i *issuer) token(t *testing.T, kind string, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"iss": i.of(kind), "aud": "sigstore", "iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(`{"alg":"RS256","kid":"1","typ":"JWT"}`)) + "." + b64(body)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(signature)
}
