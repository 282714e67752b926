package verify

import "errors"

// Code says in one word why a bundle is refused. Codes are stable: docs/formats/reasons.md.
type Code string

// The codes.
const (
	BundleMalformed Code = "BUNDLE_MALFORMED" // no bundle, or one of a version or kind that is not read
	RootUnknown     Code = "ROOT_UNKNOWN"     // the trusted root cannot be read, or none of its authorities issued the certificate
	CertWindow      Code = "CERT_WINDOW"      // signed at a time when the certificate or its authority was not valid
	CertInvalid     Code = "CERT_INVALID"     // no certificate for signing code, or its names cannot be read
	SCTInvalid      Code = "SCT_INVALID"      // no certificate transparency log of the root vouches for the certificate
	SigInvalid      Code = "SIG_INVALID"      // the signature is not that of the certificate's key over this content
	SigIdentity     Code = "SIG_IDENTITY"     // signed by somebody else than expected
	SigIssuer       Code = "SIG_ISSUER"       // vouched for by another issuer than expected
	SigKey          Code = "SIG_KEY"          // signed by a key where a certificate is expected, or the other way round
	LogMissing      Code = "LOG_MISSING"      // in no log that the root knows
	LogProof        Code = "LOG_PROOF"        // the inclusion proof, its checkpoint or the promise of inclusion is wrong
	LogMismatch     Code = "LOG_MISMATCH"     // the log's entry is about something else
	LogWindow       Code = "LOG_WINDOW"       // the log's key was not valid when the log took the entry
	TSAMissing      Code = "TSA_MISSING"      // nothing that the root knows says when it was signed
	TSAInvalid      Code = "TSA_INVALID"      // a timestamp that does not verify, or is of another signature
	TSAWindow       Code = "TSA_WINDOW"       // a timestamp of a time when its authority was not valid
	DigestMismatch  Code = "DIGEST_MISMATCH"  // about another artifact
	StatementType   Code = "STATEMENT_TYPE"   // no in-toto statement, or of another predicate type than expected
)

// Refusal is why a bundle is not accepted.
type Refusal struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"` // what to do about it
	Err     error  `json:"-"`
}

func (r *Refusal) Error() string {
	text := string(r.Code) + ": " + r.Message
	if r.Err != nil {
		text += ": " + r.Err.Error()
	}
	return text
}

func (r *Refusal) Unwrap() error { return r.Err }

func refuse(code Code, message, next string, err error) error {
	return &Refusal{Code: code, Message: message, Next: next, Err: err}
}

// CodeOf is the code of a refusal in err, or empty.
func CodeOf(err error) Code {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}
