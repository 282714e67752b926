package manifest

// Trust says with what artifacts and statements are signed (docs/trust.md).
type Trust struct {
	// Sigstore is somebody else's Sigstore, which sign and attest use instead of the kernel's own.
	Sigstore *Sigstore `json:"sigstore,omitempty"`
}

// Sigstore says where the services of a Sigstore are. Its trusted root is for those who verify.
type Sigstore struct {
	Fulcio    string `json:"fulcio" format:"url"`    // certificates, Fulcio v2
	Timestamp string `json:"timestamp" format:"url"` // timestamps, RFC 3161
	Log       string `json:"log" format:"url"`       // transparency log, Rekor v2
	// Token is where the OIDC identity token comes from: env:NAME, file:PATH, or github in an action with id-token: write.
	Token string `json:"token" min:"1"`
}
