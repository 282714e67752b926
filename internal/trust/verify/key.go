package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // linked for crypto.Hash
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
)

// algorithm is how a kind of key signs: Sigstore's algorithm registry, the default of each kind.
type algorithm struct {
	hash    crypto.Hash
	details common.PublicKeyDetails
	output  common.HashAlgorithm
}

// algorithmOf is the zero algorithm for a key that signs without a digest (Ed25519).
func algorithmOf(public crypto.PublicKey) (algorithm, error) {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return algorithm{crypto.SHA256, common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256, common.HashAlgorithm_SHA2_256}, nil
		case elliptic.P384():
			return algorithm{crypto.SHA384, common.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384, common.HashAlgorithm_SHA2_384}, nil
		case elliptic.P521():
			return algorithm{crypto.SHA512, common.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512, common.HashAlgorithm_SHA2_512}, nil
		}
	case *rsa.PublicKey:
		details := map[int]common.PublicKeyDetails{
			2048: common.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256,
			3072: common.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
			4096: common.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256,
		}[key.N.BitLen()]
		if details != 0 {
			return algorithm{crypto.SHA256, details, common.HashAlgorithm_SHA2_256}, nil
		}
	case ed25519.PublicKey:
		return algorithm{}, nil
	}
	return algorithm{}, fmt.Errorf("keys of the kind %T and this size are not read", public)
}

var errSignature = errors.New("the signature does not verify")

// checkDigest checks a signature over a digest that hash made.
func checkDigest(public crypto.PublicKey, hash crypto.Hash, digest, signature []byte) error {
	ok := false
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(key, digest, signature)
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(key, hash, digest, signature) == nil
	case ed25519.PublicKey: // Ed25519ph (RFC 8032, section 5.1), which Sigstore takes for digests
		ok = ed25519.VerifyWithOptions(key, digest, signature, &ed25519.Options{Hash: hash}) == nil
	}
	if !ok {
		return errSignature
	}
	return nil
}

// checkMessage checks a signature over a whole message, by the default algorithm of the key.
func checkMessage(public crypto.PublicKey, message, signature []byte) error {
	a, err := algorithmOf(public)
	if err != nil {
		return err
	}
	if key, ok := public.(ed25519.PublicKey); ok {
		if !ed25519.Verify(key, message, signature) {
			return errSignature
		}
		return nil
	}
	return checkDigest(public, a.hash, sum(a.hash, message), signature)
}

func sum(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data) // a hash.Hash never fails
	return h.Sum(nil)
}

// parseKey reads a public key in PEM.
func parseKey(text []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		return nil, errors.New("it is not one PEM block PUBLIC KEY")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	_, err = algorithmOf(key)
	return key, err
}
