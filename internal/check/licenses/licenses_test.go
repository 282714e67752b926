package licenses

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

func TestRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"MIT", ""}, {"GPL-3.0-only", "GPL-3.0-only"}, {"(MIT OR GPL-2.0)", ""}, {"MIT AND GPL-2.0+", "GPL-2.0+"}, {"AGPL-3.0 OR SSPL-1.0", "AGPL-3.0"},
		{"MIT AND (Apache-2.0 OR GPL-2.0)", ""}, {"(MIT AND (BSD-3-Clause AND GPL-2.0)) OR AGPL-3.0", "GPL-2.0"}, {"LGPL-2.1", ""},
		{"GPL-2.0 WITH Classpath-exception-2.0", "GPL-2.0 WITH Classpath-exception-2.0"}, {"gpl-2.0 or mit", ""},
	}
	for _, tt := range tests {
		e, ok := parseExpression(tt.text)
		if got := e.refused(copyleft); !ok || got != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.text, got, ok, tt.want)
		}
	}
}

func TestNoExpression(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "SEE LICENSE IN x.txt", "UNLICENSED", "MIT OR", "(MIT", "MIT)", "Apache 2.0", "AND", "GPL WITH", strings.Repeat("(", 100) + "MIT" + strings.Repeat(")", 100), "MIT/X11"} {
		if e, ok := parseExpression(text); ok {
			t.Errorf("%q: got %+v", text, e)
		}
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, id string
		want        bool
	}{
		{"MIT", "mit", true}, {"GPL-2.0", "GPL-2.0-or-later", true}, {"GPL-2.0-only", "GPL-2.0", false}, {"GPL-*", "LGPL-2.1", false}, {"GPL-2.0", "GPL-2.0 WITH x", true}, {"MIT", "MIT-0", false},
	}
	for _, tt := range tests {
		if matches(tt.pattern, tt.id) != tt.want {
			t.Errorf("%s on %s: want %v", tt.pattern, tt.id, tt.want)
		}
	}
}

// The texts are beginnings as they stand in such files, cut where the licence is clear.
func TestIdentify(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"MIT":          "MIT License\n\nCopyright (c) 2026\n\nPermission is hereby granted, free of charge, to any person obtaining a\ncopy of this software",
		"Apache-2.0":   "                                 Apache License\n                           Version 2.0, January 2004\n",
		"BSD-3-Clause": "Redistribution and use in source and binary forms, with or without\nmodification, are permitted ... Neither the name of",
		"BSD-2-Clause": "Redistribution and use in source and binary forms, with or without modification, are permitted provided",
		"GPL-3.0":      "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n ... GNU Affero General Public License ... GNU Lesser General Public License",
		"GPL-2.0":      "GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991",
		"LGPL-2.1":     "GNU LESSER GENERAL PUBLIC LICENSE\n Version 2.1, February 1999",
		"AGPL-3.0":     "GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007 ... GNU General Public License",
		"MPL-2.0":      "Mozilla Public License Version 2.0\n ... GNU General Public License",
		"MPL-2.0 ":     "Copyright (c) 2026\n\nMozilla Public License, version 2.0\n\n1. Definitions ... GNU General Public License, Version 2.0",
		"":             "All rights reserved.",
	}
	for want, text := range tests {
		want = strings.TrimSpace(want)
		if got := identify([]byte(text)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func lock(packages string) map[string]string {
	return map[string]string{"package-lock.json": "{\"lockfileVersion\": 3, \"packages\": {\n" + packages + "}}\n", "LICENSE": mit}
}

const (
	mit  = "Permission is hereby granted, free of charge, to any person obtaining a copy of it"
	left = "\"node_modules/left\": {\"version\": \"1.0.0\", \"license\": \"MIT\"}"
	gpl  = "\"node_modules/gnu\": {\"version\": \"1.0.0\", \"license\": \"GPL-3.0\"}"
	gpl2 = "\"node_modules/gnu\": {\"version\": \"2.0.0\", \"license\": \"GPL-3.0\"}"
	bare = "\"node_modules/bare\": {\"version\": \"1.0.0\"}"
)

func TestStates(t *testing.T) {
	t.Parallel()
	goMod := map[string]string{"go.mod": "module m.example/m\n\nrequire x.example/Dep v1.0.0\n", "LICENSE": mit}
	vendored := map[string]string{"go.mod": goMod["go.mod"], "LICENSE": mit, "vendor/x.example/Dep/COPYING": "GNU General Public License\nversion 2"}
	cache := t.TempDir()
	dir := filepath.Join(cache, "x.example", "!dep@v1.0.0")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "LICENSE.md"), []byte(mit), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, cache  string
		deny         []string
		base, merged map[string]string
		want         []string
		state        string
	}{
		{"permissive", "", nil, nil, lock(left), nil, facts.Passed},
		{"copyleft", "", nil, nil, lock(left + ",\n" + gpl), []string{"package-lock.json:3:0 licenses/copyleft"}, facts.Passed},
		{"copyleft in a copyleft repository", "", nil, map[string]string{"LICENSE": "GNU General Public License version 3"}, map[string]string{"LICENSE": "GNU General Public License version 3", "package-lock.json": lock(gpl)["package-lock.json"]}, nil, facts.Passed},
		{"denied", "", []string{"mit"}, nil, lock(left), []string{"package-lock.json:2:0 licenses/denied"}, facts.Failed},
		{"there before", "", []string{"GPL-*"}, lock(gpl), lock(gpl + ",\n" + left), nil, facts.Passed},
		{"updated", "", []string{"GPL-*"}, lock(gpl), lock(gpl2), []string{"package-lock.json:2:0 licenses/denied"}, facts.Passed},
		{"unknown", "", nil, lock(left), lock(left + ",\n" + bare), []string{"package-lock.json:0:0 licenses/unknown"}, facts.Unavailable},
		{"Go without a cache", "", nil, nil, goMod, []string{"go.mod:0:0 licenses/unknown"}, facts.Unavailable},
		{"Go with a cache", cache, nil, nil, goMod, nil, facts.Passed},
		{"Go, vendored", cache, nil, nil, vendored, []string{"go.mod:3:0 licenses/copyleft"}, facts.Passed},
		{"own licence", "", nil, map[string]string{"LICENSE": mit}, map[string]string{"LICENSE": "mine"}, []string{"LICENSE:0:0 licenses/own"}, facts.Passed},
		{"licence of a folder", "", nil, map[string]string{"a/LICENSE": mit}, map[string]string{"a/LICENSE": "mine"}, nil, facts.Passed},
		{"unreadable", "", nil, nil, map[string]string{"package-lock.json": "{"}, []string{"package-lock.json:1:0 licenses/unreadable"}, facts.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := builtintest.Input(tt.base, tt.merged)
			in.ModuleCache = tt.cache
			in.Config = manifest.Repository{Spec: manifest.RepositorySpec{Licenses: manifest.Licenses{Deny: tt.deny}}}
			result, err := Check{}.Run(t.Context(), in)
			if got := builtintest.Places(result); err != nil || !slices.Equal(got, tt.want) || result.State != tt.state {
				t.Errorf("got %q %s %v, want %q %s", got, result.State, err, tt.want, tt.state)
			}
		})
	}
}

func TestOwnLicenseRenamedAway(t *testing.T) {
	t.Parallel()
	in := builtin.Input{Base: builtintest.Tree{"LICENSE": mit}, Merged: builtintest.Tree{"old/LICENSE": mit},
		Files: []facts.File{{Path: "old/LICENSE", OldPath: "LICENSE", Status: "renamed"}}}
	result, err := Check{}.Run(t.Context(), in)
	if got := builtintest.Places(result); err != nil || !slices.Equal(got, []string{"old/LICENSE:0:0 licenses/own"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzExpression(f *testing.F) {
	f.Add("(MIT OR GPL-2.0+) AND Apache-2.0 WITH x")
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := parseExpression(text)
		if id := e.refused([]string{"*"}); ok && id == "" {
			t.Fatalf("%q has no licence that * refuses", text)
		}
	})
}
