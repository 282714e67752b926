package licenses

import (
	"bytes"
	"path"
	"strings"
)

// mark is a phrase by which a licence text is known.
type mark struct{ id, phrase string }

var titles = []mark{
	{"AGPL-3.0", "gnu affero general public license"}, {"LGPL", "gnu lesser general public license"}, {"LGPL", "gnu library general public license"},
	{"GPL", "gnu general public license"}, {"Apache-2.0", "apache license version 2.0"}, {"Apache-2.0", "apache license, version 2.0"},
	{"MPL-2.0", "mozilla public license version 2.0"}, {"MPL-2.0", "mozilla public license, version 2.0"}, {"MPL-2.0", "mozilla public license, v. 2.0"}, {"EPL-2.0", "eclipse public license - v 2.0"},
	{"BUSL-1.1", "business source license 1.1"}, {"SSPL-1.0", "server side public license"}, {"Elastic-2.0", "elastic license 2.0"},
	{"CC0-1.0", "cc0 1.0 universal"}, {"BSL-1.0", "boost software license - version 1.0"}, {"EUPL-1.2", "european union public licence v. 1.2"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted"},
	{"BSD", "redistribution and use in source and binary forms, with or without modification, are permitted"},
	{"Zlib", "this software is provided 'as-is', without any express or implied warranty"},
}

// identify names the licence of a text by the phrase that comes first in it, "" when none does. It reads titles and
// opening words only: a text that was changed further down is not noticed.
func identify(text []byte) string {
	plain := strings.ToLower(string(bytes.Join(bytes.Fields(text[:min(len(text), 16<<10)]), []byte(" "))))
	found, first := "", len(plain)
	for _, m := range titles {
		if at := strings.Index(plain, m.phrase); at >= 0 && at < first {
			found, first = m.id, at
		}
	}
	rest := plain[first:]
	switch found {
	case "BSD":
		if strings.Contains(rest, "neither the name") || strings.Contains(rest, "may not be used to endorse") || strings.Contains(rest, "may be used to endorse") {
			return "BSD-3-Clause"
		}
		return "BSD-2-Clause"
	case "GPL", "LGPL":
		return found + "-" + gnuVersion(rest, map[string]string{"GPL": "2.0", "LGPL": "2.1"}[found])
	}
	return found
}

// gnuVersion reads the version after a title; texts without one are taken for the earlier.
func gnuVersion(rest, otherwise string) string {
	head := rest[:min(len(rest), 120)]
	for _, version := range []string{"3", "2.1", "2"} {
		if strings.Contains(head, "version "+version) || strings.Contains(head, " v"+version) {
			if !strings.Contains(version, ".") {
				version += ".0"
			}
			return version
		}
	}
	return otherwise
}

// isLicenseFile reports whether a file's name is one under which licences lie.
func isLicenseFile(file string) bool {
	name, _, _ := strings.Cut(strings.ToLower(path.Base(file)), ".")
	switch name {
	case "license", "licence", "copying", "unlicense":
		return true
	}
	return strings.HasPrefix(name, "license-") || strings.HasPrefix(name, "licence-") || strings.HasPrefix(name, "copying-")
}
