package trust

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	rekortiles "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"google.golang.org/protobuf/encoding/protojson"
)

// ours serves an Authority in the wire formats of Fulcio v2, RFC 3161 and Rekor v2. who is whom its issuer knows.
type ours struct {
	*Authority
	log logger
	who Identity
	t   *testing.T
}

func (o ours) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		o.t.Error(err)
	}
	var answer []byte
	switch r.URL.Path {
	case "/api/v2/signingCert":
		answer = o.certify(body)
	case "/tsa":
		answer = o.timestamp(body)
	case "/api/v2/log/entries":
		w.WriteHeader(http.StatusCreated)
		answer = o.logs(r.Context(), body)
	}
	if _, err := w.Write(answer); err != nil {
		o.t.Error(err)
	}
}

func (o ours) certify(body []byte) []byte {
	var in struct {
		Credentials               struct{ OidcIdentityToken string }
		CertificateSigningRequest []byte
	}
	if err := json.Unmarshal(body, &in); err != nil {
		o.t.Error(err)
	}
	block, _ := pem.Decode(in.CertificateSigningRequest)
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		o.t.Error(err)
	}
	if err := request.CheckSignature(); err != nil || in.Credentials.OidcIdentityToken != token("somebody") {
		o.t.Error("the proof of possession does not hold", err)
	}
	cert, err := certifyKey(o.ring.ca, o.ring.ct, o.who, request.PublicKey, o.now())
	if err != nil {
		o.t.Error(err)
	}
	chain := []string{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.cert}))}
	answer, err := json.Marshal(map[string]any{"signedCertificateEmbeddedSct": map[string]any{"chain": map[string]any{"certificates": chain}}})
	if err != nil {
		o.t.Error(err)
	}
	return answer
}

func (o ours) timestamp(body []byte) []byte {
	in, err := timestamp.ParseRequest(body)
	if err != nil {
		o.t.Error(err)
		return nil
	}
	ts := timestamp.Timestamp{HashAlgorithm: in.HashAlgorithm, HashedMessage: in.HashedMessage, Time: o.now().UTC().Truncate(time.Second),
		Nonce: in.Nonce, Policy: oidPolicy(), AddTSACertificate: in.Certificates}
	answer, err := ts.CreateResponseWithOpts(o.ring.tsa.cert, o.ring.tsa.key, in.HashAlgorithm)
	if err != nil {
		o.t.Error(err)
	}
	return answer
}

func (o ours) logs(ctx context.Context, body []byte) []byte {
	if err := protojson.Unmarshal(body, &rekortiles.CreateEntryRequest{}); err != nil { // as the real server reads it
		o.t.Error(err)
	}
	var in struct {
		Request struct {
			Digest    []byte
			Signature json.RawMessage
		} `json:"hashedRekordRequestV002"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		o.t.Error(err)
	}
	r := rekord{APIVersion: rekordVersion, Kind: rekordKind}
	r.Spec.V002.Data.Algorithm, r.Spec.V002.Data.Digest = "SHA2_256", in.Request.Digest
	if err := json.Unmarshal(in.Request.Signature, &r.Spec.V002.Signature); err != nil {
		o.t.Error(err)
	}
	canonical, err := json.Marshal(r)
	if err != nil {
		o.t.Error(err)
	}
	entry, err := o.log.Log(ctx, canonical)
	if err != nil {
		o.t.Error(err)
	}
	id := o.LogKey().ID()
	s := signed{rekord: canonical, entry: entry, logID: id}
	answer, err := encode(s.material().TlogEntries[0], "")
	if err != nil {
		o.t.Error(err)
	}
	return answer
}

func token(subject string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte("{}")) + "." + part([]byte(`{"sub":"`+subject+`"}`)) + "." + part([]byte("x"))
}

func newServices(t *testing.T, wrap func(http.Handler) http.Handler) (Services, ours) {
	t.Helper()
	a := newAuthority(t, Options{})
	o := ours{a, newLogger(t, a), Operator("shop", "ada"), t}
	server := httptest.NewServer(wrap(o))
	t.Cleanup(server.Close)
	return Services{Fulcio: server.URL + "/", Timestamp: server.URL + "/tsa", Log: server.URL,
		Token: func(context.Context) (string, error) { return token("somebody"), nil }}, o
}

func TestServices(t *testing.T) {
	t.Parallel()
	v, o := newServices(t, func(h http.Handler) http.Handler { return h })
	attested, err := v.Attest(t.Context(), statementOf(artifact))
	if err != nil {
		t.Fatal(err)
	}
	blob, err := v.SignBlob(t.Context(), artifact)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{attested, blob} {
		if err := accepts(t, o.TrustedRoot(), data, artifact, o.who); err != nil {
			t.Error(err)
		}
	}
	if _, err := v.Attest(t.Context(), []byte("{}")); err == nil {
		t.Error("a statement of nothing is signed")
	}
}

// answering replaces the answer of one path.
func answering(path string, status int, change func(real []byte) []byte) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != path {
				h.ServeHTTP(w, r)
				return
			}
			kept := httptest.NewRecorder()
			h.ServeHTTP(kept, r)
			if status == http.StatusTemporaryRedirect {
				w.Header().Set("Location", "/elsewhere")
			}
			w.WriteHeader(status)
			_, _ = w.Write(change(kept.Body.Bytes()))
		})
	}
}

func TestServicesRefused(t *testing.T) {
	t.Parallel()
	cert, tsa, log := "/api/v2/signingCert", "/tsa", "/api/v2/log/entries"
	same := func(b []byte) []byte { return b }
	first := func() func([]byte) []byte { // the answer to another request
		var kept []byte
		return func(b []byte) []byte {
			if kept == nil {
				kept = b
			}
			return kept
		}
	}
	replace := func(old, by string) func([]byte) []byte {
		return func(b []byte) []byte { return []byte(strings.Replace(string(b), old, by, 1)) }
	}
	for name, c := range map[string]struct {
		wrap func(http.Handler) http.Handler
		says string
	}{
		"no":                  {answering(cert, 403, func([]byte) []byte { return []byte("who are you?") }), "who are you?"},
		"another certificate": {answering(cert, 200, first()), "another key"},
		"no certificate":      {answering(cert, 200, func([]byte) []byte { return []byte("{}") }), "no certificate"},
		"no PEM":              {answering(cert, 200, replace("-----BEGIN", "")), "no PEM"},
		"too much":            {answering(cert, 200, func([]byte) []byte { return make([]byte, answerLimit+1) }), "more than"},
		"a redirect":          {answering(cert, 307, same), "redirects"},
		"another timestamp":   {answering(tsa, 200, first()), "another request"},
		"no timestamp":        {answering(tsa, 200, func([]byte) []byte { return nil }), "its answer"},
		"another entry":       {answering(log, 201, first()), "something else"},
		"no proof":            {answering(log, 201, replace(`"rootHash"`, `"x"`)), "lacks"},
		"a short hash":        {answering(log, 201, shortHash), "another length"},
		"another index":       {answering(log, 201, replace(`"logIndex":"1"`, `"logIndex":"0"`)), "the log's proof"},
		"a duplicate":         {answering(log, 409, same), "409"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, _ := newServices(t, c.wrap)
			_, err := v.SignBlob(t.Context(), artifact)
			if err == nil { // the first answer is the true one, or a tree of one leaf has no proof
				_, err = v.SignBlob(t.Context(), artifact)
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("want %q: %v", c.says, err)
			}
		})
	}
}

func shortHash(answer []byte) []byte {
	var e rekor.TransparencyLogEntry
	if err := unmarshalEntry(answer, &e); err != nil || len(e.InclusionProof.Hashes) == 0 {
		return answer
	}
	e.InclusionProof.Hashes[0] = e.InclusionProof.Hashes[0][1:]
	short, err := encode(&e, "")
	if err != nil {
		return nil
	}
	return short
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "a.b", "a.!.c", "a.e30.c", "a.eA.c", strings.Replace(token("x"), ".", "", 1)} {
		if checkToken(bad) == nil {
			t.Errorf("%q is sent", bad)
		}
	}
	v, _ := newServices(t, func(h http.Handler) http.Handler { return h })
	none := errors.New("none")
	v.Token = func(context.Context) (string, error) { return "", none }
	if _, err := v.SignBlob(t.Context(), artifact); !errors.Is(err, none) {
		t.Error(err)
	}
	v.Token = func(context.Context) (string, error) { return "a password", nil }
	if _, err := v.SignBlob(t.Context(), artifact); err == nil || !strings.Contains(err.Error(), "no JWT") {
		t.Errorf("a secret that is no token is sent: %v", err)
	}
}

func TestCheckService(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"https://fulcio.example.org": true, "http://127.0.0.1:80/tsa": true, "http://[::1]:80": true,
		"http://fulcio.example.org": false, "http://192.0.2.1": false, "http://localhost": false, "ftp://127.0.0.1": false, "https://": false,
		"https://user:secret@example.org": false, "": false, "file:///etc/passwd": false,
	} {
		if err := CheckService(address); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}
