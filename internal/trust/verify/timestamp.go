package verify

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/timestamp-authority/v2/pkg/verification"
)

// stamped are the times at which timestamp authorities of the root saw the signature. Without any, the refusal is that of the last
// timestamp; a timestamp of an authority that the root does not know proves nothing and harms nothing.
func (v *Verifier) stamped(c content) ([]time.Time, error) {
	var times []time.Time
	refusal := refuse(TSAMissing, "no timestamp says when it was signed", "sign it again with a timestamp authority", nil)
	for _, s := range c.stamps {
		t, err := v.stamp(s.GetSignedTimestamp(), c.signature)
		if err != nil {
			refusal = err
			continue
		}
		times = append(times, t)
	}
	if len(times) > 0 {
		return times, nil
	}
	return nil, refusal
}

// stamp is the time of an RFC 3161 response over the signature.
func (v *Verifier) stamp(response, signature []byte) (time.Time, error) {
	refusal := refuse(TSAInvalid, "no timestamp authority of the trusted root made the timestamp", nextRoot, nil)
	for _, a := range v.trusted.stampers {
		ts, err := verification.VerifyTimestampResponse(response, bytes.NewReader(signature), verification.VerifyOpts{
			Roots: []*x509.Certificate{a.root}, Intermediates: a.intermediates, TSACertificate: a.leaf,
		})
		switch invalid := (x509.CertificateInvalidError{}); {
		case err == nil && a.window.holds(ts.Time):
			return ts.Time, nil
		case err == nil:
			refusal = refuse(TSAWindow, fmt.Sprintf("the timestamp is of %s, when its authority was not valid", ts.Time.UTC().Format(time.RFC3339)), nextRoot, nil)
		case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
			refusal = refuse(TSAWindow, "the timestamp is of a time when its authority's certificate was not valid", nextRoot, err)
		default:
			refusal = refuse(TSAInvalid, "the timestamp is not one of this signature by an authority of the trusted root", nextRoot, err)
		}
	}
	return time.Time{}, refusal
}
