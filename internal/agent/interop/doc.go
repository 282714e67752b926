// Package interop holds the tests that run the real agent CLIs, from npm, through the real sandbox against a scripted model:
// `make test-clis`. They are behind the build tag clis, since they need the npm registry once. It exports nothing.
package interop
