package finding

import (
	"cmp"
	"net/url"
	"strings"
)

// locate sets the place of a finding from the first location that names a file, else says in the message which symbol is
// meant.
func (r *runReader) locate(f *Finding, locations []sarifLocation, where string) error {
	for _, l := range locations {
		if l.Physical == nil || l.Physical.Artifact == nil {
			continue
		}
		a, err := r.artifact(l.Physical.Artifact, where)
		if err != nil {
			return err
		}
		if a.URI == "" {
			continue
		}
		r.placer.place(f, r.spot(a, l.Physical.Region))
		return nil
	}
	for _, l := range locations {
		if name := r.logical(l.Logical); name != "" {
			f.Message += " (in " + name + ")"
			return nil
		}
	}
	return nil
}

func (r *runReader) spot(a sarifArtifact, region *sarifRegion) spot {
	s := spot{file: r.file(a), unit: inUTF16}
	if r.run.ColumnKind == "unicodeCodePoints" {
		s.unit = inRunes
	}
	if region != nil {
		s.line, s.column, s.end = region.StartLine, region.StartColumn, region.EndLine
	}
	return s
}

// artifact follows an index into run.artifacts.
func (r *runReader) artifact(a *sarifArtifact, where string) (sarifArtifact, error) {
	if a.URI != "" || a.Index == nil || *a.Index < 0 {
		return *a, nil
	}
	if *a.Index >= len(r.run.Artifacts) {
		return *a, sarifError(where+".locations", "artifact index %d, but the run has %d artifacts", *a.Index, len(r.run.Artifacts))
	}
	if l := r.run.Artifacts[*a.Index].Location; l != nil {
		return *l, nil
	}
	return *a, nil
}

func (r *runReader) logical(ls []sarifLogical) string {
	for _, l := range ls {
		if l.Index != nil && *l.Index >= 0 && *l.Index < len(r.run.LogicalLocations) {
			known := r.run.LogicalLocations[*l.Index]
			l.Full, l.Name = cmp.Or(l.Full, known.Full), cmp.Or(l.Name, known.Name)
		}
		if name := cmp.Or(l.Full, l.Name); name != "" {
			return name
		}
	}
	return ""
}

// file turns an artifact's URI into the path of a file. A base that is known is put before it; when that leads out of the
// checkout although the base is called a source root, the tool ran on another machine and its root is taken for ours.
func (r *runReader) file(a sarifArtifact) string {
	file, absolute := unescapeURI(a.URI)
	if absolute || a.URIBaseID == "" {
		return file
	}
	base := r.base(a.URIBaseID)
	joined := base + file
	if _, ok := r.placer.relative(joined); !ok && isAbs(slashed(base)) && namesRoot(a.URIBaseID) {
		return file
	}
	return joined
}

func namesRoot(id string) bool {
	switch strings.ToUpper(strings.Trim(id, "%")) {
	case sourceRoot, "PROJECTROOT", "ROOTPATH", "REPOROOT":
		return true
	}
	return false
}

// base concatenates the chain of a uriBaseId (§3.14.14). A base without a URI is the checkout.
func (r *runReader) base(id string) string {
	resolved := ""
	for seen := map[string]bool{}; id != "" && !seen[id]; {
		seen[id] = true
		a := r.run.OriginalURIBaseIDs[id]
		part, absolute := unescapeURI(a.URI)
		if part != "" && !strings.HasSuffix(part, "/") {
			part += "/"
		}
		resolved = part + resolved
		if absolute {
			break
		}
		id = a.URIBaseID
	}
	return resolved
}

// unescapeURI returns the path a URI or a bare path means, and whether it is absolute. A URI of another scheme than file
// is returned as it is, as absolute: it never lies in a checkout.
func unescapeURI(uri string) (string, bool) {
	if hasDrive(uri) || strings.HasPrefix(uri, `\`) {
		return uri, true
	}
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || strings.ContainsAny(scheme, "/\\?#%") || !isScheme(scheme) {
		p := percentDecoded(uri)
		return p, isAbs(p)
	}
	if !strings.EqualFold(scheme, "file") {
		return "/" + uri, true
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		host, p, _ := strings.Cut(after, "/")
		if host != "" && !strings.EqualFold(host, "localhost") && !hasDrive(host+"/"+p) {
			return "//" + host + "/" + p, true
		}
		rest = "/" + p
	}
	rest = percentDecoded(rest)
	if len(rest) > 1 && hasDrive(rest[1:]) {
		rest = rest[1:] // file:///C:/x
	}
	return rest, true
}

func isScheme(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789+.-") == ""
}

// percentDecoded decodes a path; one with a stray % was never encoded and is returned as it is.
func percentDecoded(p string) string {
	if decoded, err := url.PathUnescape(p); err == nil {
		return decoded
	}
	return p
}
